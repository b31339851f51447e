/* SPDX-License-Identifier: MIT */
/*
 * The fork server of SSH: one vsock-shell-ssh-session that the listener keeps, with its libraries
 * loaded, its host key read and a first key exchange behind it. The processes of sessions are
 * copies of it (children of the listener all the same) and save what a start costs.
 *
 * Copies share the layout of their memory. A session that crashes may have been a guess at it: then
 * the fork server is replaced, and sessions that share its layout and have not logged in end.
 * Nothing depends on it: without one each SSH session starts its own program.
 */
#ifndef SERVER_FORK_SERVER_H
#define SERVER_FORK_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/loop.h"
#include "server/handover.h"

struct child;
struct listener;

struct fork_server {
    pid_t pid;         /* 0 = there is none */
    int socket;        /* requests go in here; -1 = there is none */
    int report_fds[2]; /* the pipe of handover.h; both -1 = sessions start their own programs */
    uint32_t generation;
    uint32_t distrusted; /* the last generation of which a session crashed */
    bool purge;          /* it crashed since fork_server_reap() */
    int64_t started_ms;
    int backoff_ms;
    struct loop_timer restart;
};

/* Prepares; nothing runs before fork_server_renew(). */
void fork_server_init(struct fork_server *forks);

/*
 * Ends the one that runs, if any, and starts another, if the settings want one: at the start, and
 * when they or the host key may have changed.
 */
void fork_server_renew(struct listener *listener);

/* Ends it. Its end frees nothing that a session needs. */
void fork_server_stop(struct listener *listener);
void fork_server_done(struct listener *listener);

/*
 * For children_events: what processes of connections have reported (data is the listener), and a
 * child that has ended.
 */
void fork_server_take_reports(void *data);
void fork_server_judge(struct listener *listener, const struct child *child, int status);

/* At SIGCHLD, after children_reap(): its own end, and children that nobody knows. */
void fork_server_reap(struct listener *listener);

/* In the process of a connection, after fork(2): what it takes along; the rest is closed. */
struct handover fork_server_abandon(const struct fork_server *forks);

#endif
