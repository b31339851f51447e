/* SPDX-License-Identifier: MIT */
/*
 * How the process of an SSH connection leaves it to a process that the fork server makes, a child
 * of the listener like itself. The listener learns of it before the new process may begin, over a
 * pipe that only processes hold which have not touched a byte of any peer; it knows the new process
 * by the time the old one has ended, and a signal meant for either of them reaches one.
 */
#ifndef SERVER_HANDOVER_H
#define SERVER_HANDOVER_H

#include <stdint.h>
#include <sys/types.h>

struct server;

/* In the process of a connection; all -1 or 0 without a fork server. */
struct handover {
    int socket;          /* to the fork server */
    int report_fd;       /* to the listener */
    uint32_t generation; /* of the fork server */
};

#define HANDOVER_NONE ((struct handover){.socket = -1, .report_fd = -1})

/*
 * Hands a connection over; deadline_ms is that of the login, -1 = none. Returns 0: the caller has
 * to exit, and fd is no longer its own. Or a negative errno, after a few seconds at most: nobody
 * serves the connection but the caller.
 */
int handover_ssh(const struct server *server, int fd, const char *peer_text, int64_t deadline_ms);

/* For whoever is about to serve a peer itself. */
void handover_close(const struct handover *handover);

/* What the listener reads from the pipe. */
struct handover_report {
    pid_t pid;       /* of the connection's process */
    pid_t successor; /* 0 = the fork server failed; one named before is none */
    uint32_t generation;
};

/* 1 and *ret, 0 when there is none for now, or a negative errno. Does not wait. */
int handover_read_report(int fd, struct handover_report *ret);

#endif
