/* SPDX-License-Identifier: MIT */
/*
 * One file in protocol version 1, from the request to CLIENT_END.
 *
 *   upload:   ASKED --OK--> MOVING --whole file sent--> ACK --END_ACK--> ENDING
 *   download: ASKED --OK--> MOVING --DATA_END, published--> ENDING
 */
#ifndef CLIENT_COPY_V1_H
#define CLIENT_COPY_V1_H

#include "file/stage.h"
#include "link.h"
#include "output.h"
#include "report.h"

enum v1_state { V1_ASKED, V1_MOVING, V1_ACK, V1_ENDING };

struct v1_copy {
    const struct client_arguments *arguments;
    const struct target *target;
    struct loop *loop;
    const struct copy_request *request;
    struct report *report;
    struct file_events events;
    struct link link;
    enum v1_state state;
    struct file_item item;
    struct vsh_file_totals totals;
    struct file_stage stage; /* of a download */
    int fd;                  /* source of an upload, or -1 */
    bool is_stream;          /* the source is no regular file: it may have nothing now */
    bool starving;           /* and so it is */
    bool to_stdout;          /* a download without a stage */
    struct output output;    /* where it goes then */
    struct loop_timer end_timer;
    int result;
};

/* How the link of a copy answers the server; its session is the struct v1_copy. */
extern const struct link_ops v1_copy_link_ops;

/* The user wants out: for end_signals_watch(). */
void v1_copy_on_signal(int signo, void *data);

/* A stream on this side can go on: the loop's callback for it. */
void v1_copy_on_local(int fd, short revents, void *data);

/* One problem is told like those of the engine of v2; the run goes on with the next copy. */
void v1_copy_problem(struct v1_copy *copy, bool remote, uint8_t code, const char *text);

/* Opens what the request names on this side. Returns 0 or a negative errno; v1_local_close(). */
int v1_local_open(struct v1_copy *copy);

/* Returns the count, 0 at the end, -EAGAIN when a stream has nothing now, or a negative errno. */
ssize_t v1_local_read(struct v1_copy *copy, void *place, size_t room);

/* One message's bytes, which v1_local_full() must have room for. Returns 0 or a negative errno. */
int v1_local_write(struct v1_copy *copy, const void *bytes, size_t length);
int v1_local_flush(struct v1_copy *copy);
bool v1_local_full(const struct v1_copy *copy);
int v1_local_publish(struct v1_copy *copy);

/* Asks the loop for what the stream needs next. */
void v1_local_update(struct v1_copy *copy);

/* Given up: the partial goes, and so does what standard output has not taken. */
void v1_local_discard(struct v1_copy *copy);
void v1_local_close(struct v1_copy *copy);

#endif
