/* SPDX-License-Identifier: MIT */
/*
 * A process beside each session that ends it when we are killed and cannot (design: nothing is left
 * 5 s later). It sleeps until then: our end of a pipe closes with us. It has the rights that we
 * have when it starts, no descriptor but the pipe's other end, and nothing of our heap, where keys
 * are. It is there before the session, whose first process names itself: a command may kill us as
 * soon as it runs.
 */
#ifndef SESSION_PROCESS_GUARD_H
#define SESSION_PROCESS_GUARD_H

#include <sys/types.h>

struct process_guard {
    pid_t pid; /* 0 = none */
    int fd;
};

/* Without a guard (no process, no descriptor left) life goes on. */
void process_guard_start(struct process_guard *ret);

/*
 * For the leader of the session, between its fork and its exec (async-signal-safe); the copy of the
 * pipe's end that it has by its fork must be closed by the exec. 0 or a negative errno.
 */
int process_guard_name_session(const struct process_guard *guard);

/* The session has come to its end, or is left alone on purpose: what still runs lives on. */
void process_guard_release(struct process_guard *guard);

#endif
