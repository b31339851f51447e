/* SPDX-License-Identifier: MIT */
/* Owns the waiting for a reader; how a piece is written without blocking is output.c's. */
#include "text_out.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "end_signals.h"

/* No more than PIPE_BUF: a line of the log stays whole between the lines of others. */
#define PIECE 4096u

int text_out_init(struct text_out *out, struct loop *loop, int fd)
{
    out->loop = loop;
    return output_init(&out->output, fd, PIECE);
}

void text_out_done(struct text_out *out)
{
    output_done(&out->output);
}

/* Returns 0 when nothing is held any more, or a negative errno when the rest is to be dropped. */
static int drain(struct text_out *out)
{
    size_t disposed;
    sigset_t ends;

    end_signals_set(&ends);
    while (output_pending(&out->output) > 0) {
        int rc = loop_wait(out->loop, out->output.fd, POLLOUT, &ends);
        if (rc == 0) {
            rc = output_flush(&out->output, &disposed);
        }
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

void text_out_write(void *data, const char *text, size_t length)
{
    struct text_out *out = data;

    while (length > 0) {
        size_t piece = length < PIECE ? length : PIECE;
        size_t disposed;
        int rc = output_put(&out->output, text, piece, &disposed);
        if (rc == 0) {
            rc = drain(out);
        }
        if (rc < 0) {
            buffer_clear(&out->output.buffer);
            return;
        }
        text += piece;
        length -= piece;
    }
}

static ssize_t write_cookie(void *cookie, const char *text, size_t length)
{
    text_out_write(cookie, text, length);
    return (ssize_t)length;
}

static int close_cookie(void *cookie)
{
    text_out_done(cookie);
    free(cookie);
    return 0;
}

FILE *text_out_stream(struct loop *loop, int fd)
{
    static const cookie_io_functions_t functions = {.write = write_cookie, .close = close_cookie};
    cleanup_free struct text_out *out = malloc(sizeof(*out));

    if (!out || text_out_init(out, loop, fd) < 0) {
        return NULL;
    }
    FILE *stream = fopencookie(out, "w", functions);
    if (!stream) {
        text_out_done(out);
        return NULL;
    }
    out = NULL;
    return stream;
}
