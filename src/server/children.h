/* SPDX-License-Identifier: MIT */
/*
 * The connection processes of the listener: who they serve, how many there are, and their end. They
 * are reaped by their own PIDs, so that no other waiter loses a status.
 */
#ifndef SERVER_CHILDREN_H
#define SERVER_CHILDREN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <vsock-shell/transport.h>

struct session_slot;

struct child {
    pid_t pid;
    bool refusal; /* only says no: counts for no limit but its own */
    struct vsh_peer peer;
    int64_t started_ms;
    struct session_slot *slot; /* what it shows of itself; NULL = nothing. Owned by the table */
};

struct children {
    struct child *items;
    size_t count;
    size_t capacity;
    size_t refusals;
};

void children_done(struct children *children);

/* Makes room for one more, so that nothing can fail after fork(2). Returns 0 or -ENOMEM. */
int children_reserve(struct children *children);
void children_add(struct children *children, const struct child *child);

/* Sessions, refusals left out; those of one CID (vsock), uid (unix) or multiplexer. */
size_t children_sessions(const struct children *children);
size_t children_sessions_of(const struct children *children, const struct vsh_peer *peer);

/* Called with each child that has ended and its status of waitpid(2). */
typedef void children_ended_fn(const struct child *child, int status);

/* Polls waitpid(2) for each known PID and forgets those that ended. Does not block. */
void children_reap(struct children *children, children_ended_fn *ended);

/* Sends a signal to every child. */
void children_signal(const struct children *children, int signo);

#endif
