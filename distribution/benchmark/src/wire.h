/*
 * The mail that both programs know by heart.
 *
 * bodies.idx: one line with the letter that users' names begin with, and the numbers of users,
 * messages of each user, and bodies; then for each body its octets by RFC 1939 section 11 and its octets in bodies.bin. bodies.bin: what RETR sends
 * after the status line, dots stuffed, the final dot with it, one body after the other. A body's
 * first line is "X-Body: " and its number.
 *
 * Message m of user u, both from 0, is body (7 * u + m) modulo bodies; a server may have the
 * messages in another order.
 */
#ifndef WIRE_H
#define WIRE_H

#include <stddef.h>

struct body {
    long octets;       /* as LIST tells them */
    const char *wire;  /* as RETR sends them, with the final dot */
    size_t wire_length;
};

struct mail {
    char letter;
    int users;
    int messages;
    int bodies;
    struct body *body;
};

/* Ends the program with a sentence where the files cannot be used. */
void read_mail(const char *folder, struct mail *mail);

/* The body of message m of user u. */
static inline const struct body *body_of(const struct mail *mail, int u, int m) {
    return &mail->body[(7L * u + m) % mail->bodies];
}

/* All octets of one user's maildrop, as STAT tells them. */
static inline long octets_of(const struct mail *mail, int u) {
    long sum = 0;
    for (int m = 0; m < mail->messages; m++) {
        sum += body_of(mail, u, m)->octets;
    }
    return sum;
}

/* Ends the program: what failed, and errno's text. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
