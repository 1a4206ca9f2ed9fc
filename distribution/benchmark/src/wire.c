#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

void die(const char *format, ...) {
    int reason = errno;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, reason ? ": %s\n" : "\n", strerror(reason));
    exit(1);
}

void read_mail(const char *folder, struct mail *mail) {
    char path[4096];
    snprintf(path, sizeof path, "%s/bodies.bin", folder);
    int fd = open(path, O_RDONLY);
    struct stat found;
    if (fd < 0 || fstat(fd, &found) != 0) {
        die("%s cannot be read", path);
    }
    const char *wire = mmap(NULL, (size_t) found.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (wire == MAP_FAILED) {
        die("%s cannot be mapped", path);
    }
    snprintf(path, sizeof path, "%s/bodies.idx", folder);
    FILE *index = fopen(path, "r");
    errno = 0;
    if (index == NULL
            || fscanf(index, "%c %d %d %d", &mail->letter, &mail->users, &mail->messages,
                       &mail->bodies) != 4) {
        die("%s does not begin with a letter and three numbers", path);
    }
    mail->body = calloc((size_t) mail->bodies, sizeof *mail->body);
    size_t at = 0;
    for (int b = 0; b < mail->bodies; b++) {
        struct body *body = &mail->body[b];
        if (fscanf(index, "%ld %zu", &body->octets, &body->wire_length) != 2) {
            die("%s ends before body %d", path, b);
        }
        body->wire = wire + at;
        at += body->wire_length;
    }
    if (at != (size_t) found.st_size) {
        die("%s and bodies.bin do not fit: %zu octets and %ld", path, at, (long) found.st_size);
    }
    fclose(index);
}
