/* SPDX-License-Identifier: MIT */
/*
 * A process beside each session that ends it when we are killed and cannot (design: nothing is left
 * 5 s later). It sleeps until then: our end of a pipe closes with us. It has the rights that we
 * have when it starts, and no descriptor but the pipe's other end.
 */
#ifndef SESSION_PROCESS_GUARD_H
#define SESSION_PROCESS_GUARD_H

#include <sys/types.h>

struct process_guard {
    pid_t pid; /* 0 = none */
    int fd;
};

/* Guards the session of this leader. Without a guard (no process, no descriptor left) life goes on.
 */
void process_guard_start(pid_t session, struct process_guard *ret);

/* The session has come to its end, or is left alone on purpose: what still runs lives on. */
void process_guard_release(struct process_guard *guard);

#endif
