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
    int fd;                  /* source of an upload, or where a download without a stage goes */
    struct loop_timer end_timer;
    int result;
};

/* How the link of a copy answers the server; its session is the struct v1_copy. */
extern const struct link_ops v1_copy_link_ops;

/* The user wants out: for end_signals_watch(). */
void v1_copy_on_signal(int signo, void *data);

/* One problem is told like those of the engine of v2; the run goes on with the next copy. */
void v1_copy_problem(struct v1_copy *copy, bool remote, uint8_t code, const char *text);

#endif
