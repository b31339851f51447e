/* SPDX-License-Identifier: MIT */
/*
 * The connection processes of the listener: who they serve, how many there are, and their end. They
 * are reaped by their own PIDs, so that no other waiter loses a status. One of them may name a
 * successor, which has its place once it has ended (handover.h).
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
    pid_t successor;           /* 0 = none */
    uint32_t generation;       /* of the fork server that made it or its successor; 0 = none did */
};

struct children {
    struct child *items;
    size_t count;
    size_t capacity;
    size_t refusals;
    int signalled; /* what children_signal() sent last; 0 = nothing yet */
};

void children_done(struct children *children);

/* Makes room for one more, so that nothing can fail after fork(2). Returns 0 or -ENOMEM. */
int children_reserve(struct children *children);
void children_add(struct children *children, const struct child *child);

/* Sessions, refusals left out; those of one CID (vsock), uid (unix) or multiplexer. */
size_t children_sessions(const struct children *children);
size_t children_sessions_of(const struct children *children, const struct vsh_peer *peer);

/* Names (or with 0 takes back) who has the place of pid once that has ended. Who is not known has
 * none. */
void children_succeed(struct children *children, pid_t pid, pid_t successor, uint32_t generation);
bool children_know(const struct children *children, pid_t pid);

/*
 * look is called between the end of a child and the decision whether it has a successor: it is to
 * call children_succeed() for what has been reported until now. ended is called with each child
 * that is over and its status of waitpid(2).
 */
struct children_events {
    void (*look)(void *data);
    void (*ended)(const struct child *child, int status, void *data);
    void *data;
};

/* Polls waitpid(2) for each known PID and forgets those that ended. Does not block. */
void children_reap(struct children *children, const struct children_events *events);

/* Sends a signal to every child, and to each successor when it has taken its place. */
void children_signal(struct children *children, int signo);

#endif
