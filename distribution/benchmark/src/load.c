/*
 * The load: many POP3 clients in one process that never blocks, and that check every octet.
 *
 * usage: load KIND PORT FOLDER CLIENTS SECONDS [tls]
 *
 * KIND
 *   sessions  connect, USER, PASS, STAT, LIST, RETR twice, QUIT, and again
 *   logins    connect, USER, PASS, QUIT, and again
 *   retr      one login, then RETR of one message after the other
 *   pipeline  one login, then NOOP, LIST n and UIDL n by the thousand without waiting
 *   idle      one login each, AT_ONCE at a time, then silence until standard input ends
 *   stall     one login, RETR 1, and nothing is read until standard input ends
 *   open      one session: times of connect to the end of STAT, of LIST, of UIDL
 *
 * Client k of n takes users k, k + n, ... of the corpus, so that no two want the same maildrop.
 * "open" takes the user of that name: CLIENTS is the name then, and no mail is compared. "idle"
 * takes users i00000, i00001, ..., whose mail is not compared either.
 * The password is "secret". One line of JSON tells the result; anything a server says that is not
 * what it should be ends the program with a sentence and status 1.
 */
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { IN = 128 * 1024, OUT = 64 * 1024, BATCH = 1000 };

/* Idle sessions gather over hours: what a burst of thousands of logins costs is not theirs. */
enum { AT_ONCE = 64 };

enum kind { SESSIONS, LOGINS, RETR, PIPELINE, IDLE, STALL, OPEN };

/* What the client waits for. */
enum state { GREETING, USER_OK, PASS_OK, STAT_OK, LIST_OK, LIST_LINES, UIDL_OK, UIDL_LINES, RETR_OK, BODY_ID, BODY, REPLIES, SILENT, QUIT_OK };

struct client {
    int fd;
    SSL *ssl;
    int number;
    int user;
    enum state state;
    double began;
    double step;
    /* of this session */
    long sum;
    int listed;
    int retrieved;
    int message; /* what is being retrieved, from 1 */
    long sizes[1024];
    const struct body *body;
    size_t body_at;
    /* replies of the pipeline that are still to come, and the next command's number */
    long sent, received;
    unsigned long random;
    int in_from, in_to;
    int out_from, out_to;
    char in[IN];
    char out[OUT];
};

static struct mail mail;
static enum kind kind;
static int port, clients, started;
static const char *name;
static SSL_CTX *tls;
static int epoll;
static bool over;
static long sessions, messages, octets, replies, ready;
static double *latencies;
static long latency_room;
static double t_stat, t_list, t_uidl;
static int open_count;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

_Noreturn static void wrong(const struct client *c, const char *what, const char *line) {
    errno = 0;
    die("client %d, user %d, message %d: %s: %.100s", c->number, c->user, c->message, what, line);
}

static void flush_out(struct client *c) {
    while (c->out_from < c->out_to) {
        int length = c->out_to - c->out_from;
        ssize_t written = c->ssl != NULL ? SSL_write(c->ssl, c->out + c->out_from, length)
                                         : send(c->fd, c->out + c->out_from, (size_t) length, MSG_NOSIGNAL);
        if (written <= 0) {
            if (c->ssl != NULL) {
                int why = SSL_get_error(c->ssl, (int) written);
                if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
                    return; /* edges of EPOLLIN and EPOLLOUT come back here */
                }
            } else if (errno == EAGAIN) {
                return;
            }
            wrong(c, "the server takes no more", "");
        }
        c->out_from += (int) written;
    }
    c->out_from = c->out_to = 0;
}

static void say(struct client *c, const char *text, int length) {
    if (c->out_to + length > OUT) {
        wrong(c, "too much to say", text);
    }
    memcpy(c->out + c->out_to, text, (size_t) length);
    c->out_to += length;
}

static void command(struct client *c, enum state state, const char *text) {
    say(c, text, (int) strlen(text));
    c->state = state;
    flush_out(c);
}

static void begin(struct client *c) {
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t) port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->began = c->step = now();
    /* Blocking: on loopback it takes no time unless the server's queue is full. */
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *) &to, sizeof to) != 0) {
        die("127.0.0.1:%d does not take a connection", port);
    }
    int on = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct linger reset = {1, 0}; /* leaves no socket behind in TIME_WAIT where we close first */
    if (kind != OPEN) {
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    }
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {EPOLLIN | EPOLLOUT | EPOLLET, {.ptr = c}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
    c->ssl = NULL;
    if (tls != NULL) {
        c->ssl = SSL_new(tls);
        SSL_set_fd(c->ssl, c->fd);
        SSL_set_connect_state(c->ssl);
    }
    c->state = GREETING;
    c->sum = 0;
    c->listed = c->retrieved = c->message = 0;
    c->in_from = c->in_to = c->out_from = c->out_to = 0;
}

static void end(struct client *c) {
    if (c->ssl != NULL) {
        SSL_shutdown(c->ssl);
        SSL_free(c->ssl);
    }
    close(c->fd);
}

static void done(struct client *c) {
    if (sessions == latency_room) {
        latency_room = latency_room ? 2 * latency_room : 1 << 16;
        latencies = realloc(latencies, (size_t) latency_room * sizeof *latencies);
    }
    latencies[sessions++] = now() - c->began;
    end(c);
    if (kind == OPEN) {
        over = true;
        return;
    }
    c->user += clients;
    if (c->user >= mail.users) {
        c->user = c->number;
    }
    if (!over) {
        begin(c);
    }
}

static void start_client(void) {
    struct client *c = malloc(sizeof *c);
    if (c == NULL) {
        die("no memory for client %d", started);
    }
    c->number = c->user = started++;
    c->random = 88172645463325252UL + 1000003UL * (unsigned) c->number;
    c->sent = c->received = 0;
    begin(c);
}

static int any_message(struct client *c) {
    c->random = c->random * 6364136223846793005UL + 1442695040888963407UL;
    return 1 + (int) ((c->random >> 33) % (unsigned) mail.messages);
}

static void retrieve(struct client *c, int message) {
    char text[32];
    c->message = message;
    sprintf(text, "RETR %d\r\n", message);
    command(c, RETR_OK, text);
}

static void fill(struct client *c) {
    while (c->sent - c->received <= BATCH / 2) {
        for (int i = 0; i < BATCH / 2; i++) {
            char text[32];
            int message = 1 + (int) (c->sent / 3 % mail.messages);
            int length = c->sent % 3 == 0 ? sprintf(text, "NOOP\r\n")
                    : sprintf(text, "%s %d\r\n", c->sent % 3 == 1 ? "LIST" : "UIDL", message);
            say(c, text, length);
            c->sent++;
        }
    }
    flush_out(c);
}

static void logged_in(struct client *c) {
    switch (kind) {
        case SESSIONS:
        case OPEN:
            command(c, STAT_OK, "STAT\r\n");
            break;
        case LOGINS:
            command(c, QUIT_OK, "QUIT\r\n");
            break;
        case RETR:
            command(c, LIST_OK, "LIST\r\n");
            break;
        case PIPELINE:
            c->state = REPLIES;
            fill(c);
            break;
        case IDLE:
            c->state = SILENT;
            ready++;
            if (started < clients) {
                start_client();
            }
            break;
        case STALL:
            command(c, SILENT, "RETR 1\r\n");
            ready++;
            break;
    }
}

static void next(struct client *c) {
    if (kind == RETR) {
        retrieve(c, 1 + c->retrieved % mail.messages);
    } else if (kind == SESSIONS && c->retrieved < 2) {
        retrieve(c, any_message(c));
    } else {
        command(c, QUIT_OK, "QUIT\r\n");
    }
}

static void check(struct client *c, const char *line) {
    if (line[0] != '+') {
        wrong(c, "refused", line);
    }
}

static void heard(struct client *c, char *line, int length) {
    char text[64];
    int number;
    long size;
    switch (c->state) {
        case GREETING:
            check(c, line);
            if (kind == OPEN) {
                snprintf(text, sizeof text, "USER %s\r\n", name);
            } else {
                snprintf(text, sizeof text, "USER %c%05d\r\n", kind == IDLE ? 'i' : mail.letter, c->user);
            }
            command(c, USER_OK, text);
            break;
        case USER_OK:
            check(c, line);
            command(c, PASS_OK, "PASS secret\r\n");
            break;
        case PASS_OK:
            check(c, line);
            logged_in(c);
            break;
        case STAT_OK:
            if (sscanf(line, "+OK %d %ld", &number, &size) != 2) {
                wrong(c, "STAT says", line);
            }
            if (kind == OPEN) {
                t_stat = now() - c->began;
                open_count = number;
                c->sum = size;
                c->step = now();
            } else if (number != mail.messages || size != octets_of(&mail, c->user)) {
                wrong(c, "STAT is wrong", line);
            }
            command(c, LIST_OK, "LIST\r\n");
            break;
        case LIST_OK:
            check(c, line);
            c->state = LIST_LINES;
            break;
        case LIST_LINES:
            if (line[0] != '.') {
                char *rest;
                number = (int) strtol(line, &rest, 10);
                size = strtol(rest, &rest, 10);
                if (number != ++c->listed || size <= 0) {
                    wrong(c, "LIST is wrong", line);
                }
                if (kind == OPEN) {
                    c->sum -= size;
                } else {
                    c->sizes[number] = size;
                    c->sum += size;
                }
                break;
            }
            if (kind == OPEN) {
                t_list = now() - c->step;
                if (c->listed != open_count || c->sum != 0) {
                    wrong(c, "LIST and STAT differ", line);
                }
                c->listed = 0;
                c->step = now();
                command(c, UIDL_OK, "UIDL\r\n");
                break;
            }
            if (c->listed != mail.messages || c->sum != octets_of(&mail, c->user)) {
                wrong(c, "LIST is not whole", line);
            }
            next(c);
            break;
        case UIDL_OK:
            check(c, line);
            c->state = UIDL_LINES;
            break;
        case UIDL_LINES:
            if (line[0] != '.') {
                if (atoi(line) != ++c->listed) {
                    wrong(c, "UIDL is wrong", line);
                }
                break;
            }
            t_uidl = now() - c->step;
            if (c->listed != open_count) {
                wrong(c, "UIDL is not whole", line);
            }
            command(c, QUIT_OK, "QUIT\r\n");
            break;
        case RETR_OK:
            check(c, line);
            c->state = BODY_ID;
            break;
        case BODY_ID:
            number = -1;
            sscanf(line, "X-Body: %d", &number);
            if (number < 0 || number >= mail.bodies) {
                wrong(c, "not a message of the corpus", line);
            }
            c->body = &mail.body[number];
            if (c->body->octets != c->sizes[c->message]) {
                wrong(c, "LIST told another size of", line);
            }
            c->body_at = (size_t) length;
            c->state = BODY;
            break;
        case REPLIES: {
            bool good = line[0] == '+';
            if (c->received % 3 != 0) {
                good = good && atol(line + 4) == 1 + c->received / 3 % mail.messages;
            }
            if (!good) {
                wrong(c, "not the answer to its command", line);
            }
            c->received++;
            replies++;
            if (c->sent - c->received <= BATCH / 2) {
                fill(c);
            }
            break;
        }
        case QUIT_OK:
            check(c, line);
            done(c);
            break;
        case BODY:
        case SILENT:
            wrong(c, "unasked", line);
    }
}

/* Whether it is the same session, still open. */
static bool take(struct client *c) {
    int fd = c->fd;
    while (c->in_from < c->in_to) {
        if (c->state == BODY) {
            size_t length = (size_t) (c->in_to - c->in_from);
            size_t left = c->body->wire_length - c->body_at;
            size_t compared = length < left ? length : left;
            if (memcmp(c->in + c->in_from, c->body->wire + c->body_at, compared) != 0) {
                wrong(c, "another octet than was stored, near", c->in + c->in_from);
            }
            c->in_from += (int) compared;
            c->body_at += compared;
            if (compared == left) {
                c->retrieved++;
                messages++;
                octets += c->body->octets;
                next(c);
            }
            continue;
        }
        char *line = c->in + c->in_from;
        char *newline = memchr(line, '\n', (size_t) (c->in_to - c->in_from));
        if (newline == NULL) {
            break;
        }
        *newline = '\0';
        c->in_from = (int) (newline + 1 - c->in);
        double began = c->began;
        heard(c, line, (int) (newline + 1 - line));
        if (c->began != began || c->fd != fd || over) {
            return false;
        }
    }
    memmove(c->in, c->in + c->in_from, (size_t) (c->in_to - c->in_from));
    c->in_to -= c->in_from;
    c->in_from = 0;
    return true;
}

static void work(struct client *c) {
    if (c->out_to > 0) {
        flush_out(c);
    }
    while (!(c->state == SILENT && kind == STALL)) {
        int space = IN - c->in_to;
        if (space == 0) {
            wrong(c, "a line without an end", "");
        }
        ssize_t got;
        if (c->ssl != NULL) {
            got = SSL_read(c->ssl, c->in + c->in_to, space);
            if (got <= 0) {
                int why = SSL_get_error(c->ssl, (int) got);
                if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
                    return;
                }
                wrong(c, "TLS ended", ERR_error_string(ERR_get_error(), NULL));
            }
        } else {
            got = recv(c->fd, c->in + c->in_to, (size_t) space, 0);
            if (got < 0 && errno == EAGAIN) {
                return;
            }
            if (got <= 0) {
                wrong(c, "the server closed the connection", "");
            }
        }
        c->in_to += (int) got;
        if (!take(c)) {
            return;
        }
    }
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

int main(int count, char **arguments) {
    static const char *const KINDS[] = {"sessions", "logins", "retr", "pipeline", "idle", "stall", "open"};
    if (count < 6) {
        fprintf(stderr, "usage: load KIND PORT FOLDER CLIENTS SECONDS [tls]\n");
        return 2;
    }
    for (kind = SESSIONS; strcmp(arguments[1], KINDS[kind]) != 0; kind++) {
        if (kind == OPEN) {
            fprintf(stderr, "load: no kind %s\n", arguments[1]);
            return 2;
        }
    }
    signal(SIGPIPE, SIG_IGN);
    struct rlimit files = {1 << 16, 1 << 16};
    setrlimit(RLIMIT_NOFILE, &files);
    port = atoi(arguments[2]);
    read_mail(arguments[3], &mail);
    if (mail.messages >= (int) (sizeof ((struct client *) NULL)->sizes / sizeof(long))) {
        die("more messages in a maildrop than this program takes");
    }
    name = arguments[4];
    clients = kind == OPEN ? 1 : atoi(arguments[4]);
    double seconds = atof(arguments[5]);
    if (count > 6) {
        tls = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION);
        SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_mode(tls, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE);
    }
    epoll = epoll_create1(EPOLL_CLOEXEC);
    double start = now();
    while (started < clients && !(kind == IDLE && started == AT_ONCE)) {
        start_client();
    }
    bool waits = kind == IDLE || kind == STALL;
    if (waits) {
        struct epoll_event input = {EPOLLIN, {.ptr = NULL}};
        epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input);
    }
    struct epoll_event events[512];
    bool told = false;
    while (!over) {
        int got = epoll_wait(epoll, events, 512, waits ? 1000 : 20);
        for (int i = 0; i < got && !over; i++) {
            if (events[i].data.ptr == NULL) {
                over = true; /* whoever started this has seen enough */
            } else {
                work(events[i].data.ptr);
            }
        }
        if (waits && !told && ready == clients) {
            printf("ready\n");
            fflush(stdout);
            told = true;
        }
        if (!waits && kind != OPEN && now() - start >= seconds) {
            over = true;
        }
    }
    double took = now() - start;
    if (kind == OPEN) {
        printf("{\"messages\": %d, \"stat_s\": %.6f, \"list_s\": %.6f, \"uidl_s\": %.6f}\n", open_count,
                t_stat, t_list, t_uidl);
        return 0;
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
    qsort(latencies, (size_t) sessions, sizeof *latencies, by_size);
    printf("{\"seconds\": %.3f, \"sessions\": %ld, \"messages\": %ld, \"octets\": %ld, \"replies\": %ld,"
           " \"p50_s\": %.6f, \"p99_s\": %.6f, \"load_cpu_s\": %.3f}\n",
            took, sessions, messages, octets, replies, sessions ? latencies[sessions / 2] : 0.0,
            sessions ? latencies[sessions * 99 / 100] : 0.0, cpu);
    return 0;
}
