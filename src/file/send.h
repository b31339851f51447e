/* SPDX-License-Identifier: MIT */
/*
 * The sending half of a copy: walks, reads, hashes and fills a message queue. Client of a PUT,
 * server of a GET.
 *
 * Order of calls: the request (PUT or GET) has gone its way already; file_sender_new(); then in the
 * owner's loop file_sender_step() whenever the queue got room or a want came true, and
 * file_sender_handle() for every file frame that arrives, until file_sender_finished(). The owner
 * always reads its queue, however full the output is: a sender's input never makes output. Nothing
 * waits for the network; reads of the disk are done where they fall.
 */
#ifndef FILE_SEND_H
#define FILE_SEND_H

#include <stdbool.h>
#include <stdint.h>

#include "file/events.h"

struct file_sender;

struct file_sender_options {
    struct vsh_queue *queue; /* borrowed for the sender's life */
    int root_fd;             /* --root, or -1 */
    const char *path;        /* source; copied. NULL: the stream below */
    int stream_fd;           /* with path NULL: read until its end; borrowed. Else -1 */
    uint32_t flags;          /* VSH_FILE_* of the request */
    uint64_t limit;          /* bytes per second, 0 = none */
    uint32_t excludes;
    const char *const *exclude; /* shell patterns, on base names and on paths beneath the source */
    struct file_events events;
};

/* Returns 0, -ENOMEM or -EINVAL. That the source does not exist is told later, as a problem. */
int file_sender_new(const struct file_sender_options *options, struct file_sender **ret);
void file_sender_free(struct file_sender *sender); /* NULL is fine */

/* Works until the queue is full and the peer takes no more, something is to be waited for, or a
 * slice of time is used up. Flushes the queue on the way. Returns 0, or a negative errno that ends
 * the session (see file_sender_error()). */
int file_sender_step(struct file_sender *sender);

/* Takes a file frame of the receiver. Returns 0, or a negative errno that ends the session. */
int file_sender_handle(struct file_sender *sender, const struct vsh_message *message);

void file_sender_wants(const struct file_sender *sender, struct file_wants *ret);

/* The receiver has acknowledged the whole request. */
bool file_sender_finished(const struct file_sender *sender);

/* Once finished: what is stored at the receiver, with the failures and skips of both sides. */
const struct vsh_file_totals *file_sender_totals(const struct file_sender *sender);

/* The sentence to a negative return of step or handle, to show and to send in ERROR; else "". */
const char *file_sender_error(const struct file_sender *sender);

/* The copy was cut in a file that --resume could continue: say so to the user. */
bool file_sender_resumable(const struct file_sender *sender);

#endif
