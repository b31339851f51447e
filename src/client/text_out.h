/* SPDX-License-Identifier: MIT */
/*
 * Text for people and programs: messages, --json, the list of a dry run. All of it is kept, however
 * slow its reader, so a reader that has stopped makes us wait; but not for longer than the user
 * does: an end signal ends the wait, and what cannot be written at once is dropped from then on.
 */
#ifndef CLIENT_TEXT_OUT_H
#define CLIENT_TEXT_OUT_H

#include <stddef.h>
#include <stdio.h>

#include "common/loop.h"
#include "output.h"

struct text_out {
    struct loop *loop;
    struct output output;
};

/* fd stays the caller's. Returns 0 or -ENOMEM. */
int text_out_init(struct text_out *out, struct loop *loop, int fd);
void text_out_done(struct text_out *out);

/* Errors are ignored: a reader that went away does not stop a copy. A log_writer_fn. */
void text_out_write(void *data, const char *text, size_t length);

/*
 * The same as a stdio stream of its own, written at fflush(3); fclose(3) closes it and leaves fd
 * open. NULL without memory.
 */
FILE *text_out_stream(struct loop *loop, int fd);

#endif
