/* SPDX-License-Identifier: MIT */
/*
 * Standard output and standard error, written without ever blocking the loop and without setting
 * O_NONBLOCK on a description that other programs share.
 *
 * output_init(), then output_put() per piece of data; while output_pending() is not 0, poll the fd
 * for POLLOUT and call output_flush(). output_done() at the end.
 */
#ifndef CLIENT_OUTPUT_H
#define CLIENT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buffer.h"

enum output_kind {
    OUTPUT_DIRECT,  /* regular files and devices: a write ends by itself */
    OUTPUT_PRIVATE, /* a pipe or terminal, opened again: O_NONBLOCK is ours alone */
    OUTPUT_SOCKET,  /* MSG_DONTWAIT */
    OUTPUT_SHARED,  /* what cannot be opened again: small writes, each after a poll */
};

struct output {
    int fd;
    enum output_kind kind;
    struct buffer buffer;
    bool is_pipe; /* a hang-up of the reader can be seen by polling for nothing else */
    bool closed;  /* the reader has gone, or an error was reported: everything is dropped */
};

/* A pipe or terminal with a description of its own, non-blocking; -1 for anything else. */
int output_open_again(int fd);

/* fd stays the caller's. capacity bytes are held at most. Returns 0 or -ENOMEM. */
int output_init(struct output *output, int fd, size_t capacity);
void output_done(struct output *output);

/*
 * Writes length bytes as far as they go at once and keeps the rest. *ret_disposed says how many
 * bytes left the buffer by that. Returns 0; -ENOBUFS when the rest does not fit; -EPIPE when the
 * reader has gone, or another negative errno of write(2): the output is closed then and what it
 * held counts as disposed of.
 */
int output_put(struct output *output, const void *bytes, size_t length, size_t *ret_disposed);
int output_flush(struct output *output, size_t *ret_disposed);
size_t output_pending(const struct output *output);

/* Drops what is held, and everything to come. */
void output_close(struct output *output);

#endif
