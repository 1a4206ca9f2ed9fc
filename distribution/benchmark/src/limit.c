/*
 * The limit: a POP3 server that does as little as can be done. It knows all mail by heart, checks
 * no password, takes no lock and removes nothing. What it does for a client is what any server must
 * do: read commands, and write answers, as few times as it can.
 *
 * usage: limit PORT FOLDER PROCESSES [CERTIFICATE KEY]
 *
 * Listens on 127.0.0.1. Each process has its own listening socket and its own epoll. With a
 * certificate, TLS from the first octet.
 */
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { IN = 16 * 1024, PARTS = 256, TEXT = 64 * 1024 };

struct client {
    int fd;
    SSL *ssl;
    int user;
    bool quits;
    bool writes; /* epoll tells when it can be written */
    int in_length;
    char in[IN];
    /* What is to be written: pieces of text and of bodies. */
    int parts, part;
    struct iovec out[PARTS];
    int text_length;
    char text[TEXT];
};

static struct mail mail;
static SSL_CTX *tls;
static int epoll;

static void put(struct client *c, const void *octets, size_t length) {
    c->out[c->parts++] = (struct iovec) {(void *) octets, length};
}

static void say(struct client *c, const char *text, int length) {
    char *end = c->text + c->text_length;
    memcpy(end, text, (size_t) length);
    c->text_length += length;
    struct iovec *last = c->parts > c->part ? &c->out[c->parts - 1] : NULL;
    if (last != NULL && (char *) last->iov_base + last->iov_len == end) {
        last->iov_len += (size_t) length;
    } else {
        put(c, end, (size_t) length);
    }
}

static char *number(char *to, long value) {
    char digits[24];
    int n = 0;
    do {
        digits[n++] = (char) ('0' + value % 10);
        value /= 10;
    } while (value > 0);
    while (n > 0) {
        *to++ = digits[--n];
    }
    return to;
}

static void answer(struct client *c, const char *line, int length) {
    char word[4];
    for (int i = 0; i < 4; i++) {
        word[i] = i < length ? (char) (line[i] & ~0x20) : ' ';
    }
    long argument = length > 5 ? atol(line + 5) : 0;
    char text[128];
    char *end = text;
    if (memcmp(word, "NOOP", 4) == 0) {
        say(c, "+OK\r\n", 5);
    } else if (memcmp(word, "RETR", 4) == 0 && argument >= 1 && argument <= mail.messages) {
        const struct body *body = body_of(&mail, c->user, (int) argument - 1);
        say(c, "+OK\r\n", 5);
        put(c, body->wire, body->wire_length);
    } else if ((memcmp(word, "LIST", 4) == 0 || memcmp(word, "UIDL", 4) == 0) && argument >= 1
            && argument <= mail.messages) {
        memcpy(end, "+OK ", 4);
        end = number(end + 4, argument);
        *end++ = ' ';
        end = number(end, word[0] == 'L' ? body_of(&mail, c->user, (int) argument - 1)->octets : argument);
        memcpy(end, "\r\n", 2);
        say(c, text, (int) (end + 2 - text));
    } else if (memcmp(word, "LIST", 4) == 0 || memcmp(word, "UIDL", 4) == 0) {
        say(c, "+OK\r\n", 5);
        for (int m = 0; m < mail.messages; m++) {
            end = number(text, m + 1);
            *end++ = ' ';
            end = number(end, word[0] == 'L' ? body_of(&mail, c->user, m)->octets : m + 1);
            memcpy(end, "\r\n", 2);
            say(c, text, (int) (end + 2 - text));
        }
        say(c, ".\r\n", 3);
    } else if (memcmp(word, "STAT", 4) == 0) {
        say(c, text, snprintf(text, sizeof text, "+OK %d %ld\r\n", mail.messages, octets_of(&mail, c->user)));
    } else if (memcmp(word, "USER", 4) == 0) {
        c->user = atoi(line + 6) % mail.users; /* USER u00042 */
        say(c, "+OK\r\n", 5);
    } else if (memcmp(word, "PASS", 4) == 0) {
        say(c, "+OK\r\n", 5);
    } else if (memcmp(word, "QUIT", 4) == 0) {
        say(c, "+OK\r\n", 5);
        c->quits = true;
    } else {
        say(c, "-ERR\r\n", 6);
    }
}

static void end(struct client *c) {
    if (c->ssl != NULL) {
        SSL_shutdown(c->ssl);
        SSL_free(c->ssl);
    }
    close(c->fd);
    free(c);
}

static void listen_to(struct client *c, bool writes) {
    if (c->writes != writes) {
        struct epoll_event event = {writes ? EPOLLIN | EPOLLOUT : EPOLLIN, {.ptr = c}};
        epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
        c->writes = writes;
    }
}

/* Whether the client is still there. */
static bool flush_out(struct client *c) {
    while (c->part < c->parts) {
        struct iovec *first = &c->out[c->part];
        ssize_t written;
        if (c->ssl != NULL) {
            written = SSL_write(c->ssl, first->iov_base, (int) first->iov_len);
            if (written <= 0) {
                int why = SSL_get_error(c->ssl, (int) written);
                if (why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ) {
                    listen_to(c, true);
                    return true;
                }
                return false;
            }
        } else {
            struct msghdr message = {.msg_iov = first, .msg_iovlen = (size_t) (c->parts - c->part)};
            written = sendmsg(c->fd, &message, MSG_NOSIGNAL);
            if (written < 0) {
                if (errno == EAGAIN) {
                    listen_to(c, true);
                    return true;
                }
                return false;
            }
        }
        while (written > 0) {
            struct iovec *now = &c->out[c->part];
            size_t taken = (size_t) written < now->iov_len ? (size_t) written : now->iov_len;
            now->iov_base = (char *) now->iov_base + taken;
            now->iov_len -= taken;
            written -= (ssize_t) taken;
            if (now->iov_len == 0) {
                c->part++;
            }
        }
    }
    c->part = c->parts = c->text_length = 0;
    listen_to(c, false);
    return !c->quits;
}

/* Answers whole lines while there is room for the answers; whether the client is still there. */
static bool work(struct client *c) {
    while (true) {
        int from = 0;
        int room = 16 + 24 * mail.messages; /* the longest answer in text */
        while (c->parts + 4 < PARTS && c->text_length + room < TEXT && !c->quits) {
            char *newline = memchr(c->in + from, '\n', (size_t) (c->in_length - from));
            if (newline == NULL) {
                break;
            }
            answer(c, c->in + from, (int) (newline - c->in) - from);
            from = (int) (newline - c->in) + 1;
        }
        memmove(c->in, c->in + from, (size_t) (c->in_length - from));
        c->in_length -= from;
        if (!flush_out(c)) {
            return false;
        }
        if (c->part < c->parts) {
            return true; /* nothing is read before that is written */
        }
        if (from > 0 && memchr(c->in, '\n', (size_t) c->in_length) != NULL) {
            continue;
        }
        int space = IN - c->in_length;
        if (space == 0) {
            return false;
        }
        ssize_t got;
        if (c->ssl != NULL) {
            got = SSL_read(c->ssl, c->in + c->in_length, space);
            if (got <= 0) {
                int why = SSL_get_error(c->ssl, (int) got);
                return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
            }
        } else {
            got = recv(c->fd, c->in + c->in_length, (size_t) space, 0);
            if (got <= 0) {
                return got < 0 && errno == EAGAIN;
            }
        }
        c->in_length += (int) got;
    }
}

static void greet(int listener) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct client *c = malloc(sizeof *c);
        if (c == NULL) {
            die("no memory for a client");
        }
        c->fd = fd;
        c->ssl = NULL;
        c->user = 0;
        c->quits = c->writes = false;
        c->in_length = c->parts = c->part = c->text_length = 0;
        if (tls != NULL) {
            c->ssl = SSL_new(tls);
            SSL_set_fd(c->ssl, fd);
            SSL_set_accept_state(c->ssl);
        }
        struct epoll_event event = {EPOLLIN, {.ptr = c}};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
        say(c, "+OK\r\n", 5);
        if (!flush_out(c)) {
            end(c);
        }
    }
}

static void serve(int port) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t) port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *) &address, sizeof address) != 0 || listen(listener, 4096) != 0) {
        die("127.0.0.1:%d cannot be listened on", port);
    }
    epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {EPOLLIN, {.ptr = NULL}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    struct epoll_event events[256];
    while (true) {
        int count = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < count; i++) {
            struct client *c = events[i].data.ptr;
            if (c == NULL) {
                greet(listener);
            } else if (!work(c)) {
                end(c);
            }
        }
    }
}

int main(int count, char **arguments) {
    if (count != 4 && count != 6) {
        fprintf(stderr, "usage: limit PORT FOLDER PROCESSES [CERTIFICATE KEY]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    struct rlimit files = {1 << 16, 1 << 16};
    setrlimit(RLIMIT_NOFILE, &files);
    read_mail(arguments[2], &mail);
    if (count == 6) {
        tls = SSL_CTX_new(TLS_server_method());
        SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION);
        SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        if (SSL_CTX_use_certificate_chain_file(tls, arguments[4]) != 1
                || SSL_CTX_use_PrivateKey_file(tls, arguments[5], SSL_FILETYPE_PEM) != 1) {
            ERR_print_errors_fp(stderr);
            return 1;
        }
    }
    for (int p = 1; p < atoi(arguments[3]); p++) {
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGTERM);
            break;
        }
    }
    serve(atoi(arguments[1]));
}
