/* SPDX-License-Identifier: MIT */
/*
 * The receiving half of a copy: takes entries and data, stages, checks, publishes and answers.
 * Server of a PUT, client of a GET. It believes nothing the sender says: a name is one component,
 * everything is opened beneath a folder's descriptor and without following links.
 *
 * Order of calls: file_receiver_new(); then in the owner's loop, while file_receiver_ready(),
 * vsh_queue_next() and file_receiver_handle() for every file frame; file_receiver_step() when a
 * want came true; until file_receiver_finished(). While it is not ready the owner takes no further
 * message from the queue (it may still fill it until it is full).
 */
#ifndef FILE_RECEIVE_H
#define FILE_RECEIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "file/events.h"

struct file_receiver;

struct file_receiver_options {
    struct vsh_queue *queue; /* borrowed for the receiver's life */
    int root_fd;             /* --root, or -1 */
    const char *path;        /* destination; copied. NULL: the stream below */
    int stream_fd;           /* with path NULL: one file's content goes here; borrowed. Else -1 */
    const char *source;      /* GET: the path that was asked for: the first entry must bear its base
                                name, or a hostile server could choose it. PUT: NULL */
    uint32_t flags;          /* VSH_FILE_* of the request */
    struct file_events events;
};

/* Returns 0, -ENOMEM or -EINVAL. That the destination is not usable is told later, as a problem. */
int file_receiver_new(const struct file_receiver_options *options, struct file_receiver **ret);

/* Discards the staged file, unless file_receiver_interrupt() kept it. NULL is fine. */
void file_receiver_free(struct file_receiver *receiver);

/* May another message be handled? Not while answers have no room or the output stream is full. */
bool file_receiver_ready(const struct file_receiver *receiver);

/* Takes a file frame of the sender. Returns 0, or a negative errno that ends the session. */
int file_receiver_handle(struct file_receiver *receiver, const struct vsh_message *message);

/* Goes on with what takes long: checking a partial, filling the output stream. Returns as handle.
 */
int file_receiver_step(struct file_receiver *receiver);

void file_receiver_wants(const struct file_receiver *receiver, struct file_wants *ret);

/* DONE came and DONE_ACK is in the queue: flush it, then the request is over. */
bool file_receiver_finished(const struct file_receiver *receiver);

/* What is stored here, with the failures and skips of both sides. */
const struct vsh_file_totals *file_receiver_totals(const struct file_receiver *receiver);

/* The sentence to a negative return of step or handle, to show and to send in ERROR; else "". */
const char *file_receiver_error(const struct file_receiver *receiver);

/*
 * The connection broke or the user gave up: keeps the staged file when it is big enough to be worth
 * a --resume. Returns true when it did. Not to be called after a negative return of step or handle.
 */
bool file_receiver_interrupt(struct file_receiver *receiver);

#endif
