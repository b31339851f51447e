/* SPDX-License-Identifier: MIT */
/*
 * Connecting to a host and port for the peer. Name service and connect(2) may block for long, so a
 * child does both and passes the socket back.
 */
#ifndef SERVER_SSH_SSH_CONNECT_H
#define SERVER_SSH_SSH_CONNECT_H

#include <sys/types.h>

struct ssh_connect {
    pid_t pid; /* 0 = done */
    int fd;    /* readable when the child has an answer */
};

int ssh_connect_start(const char *host, unsigned port, struct ssh_connect *ret);
/* Takes the answer: a connected, non-blocking socket, or a negative errno. Ends the child. */
int ssh_connect_finish(struct ssh_connect *connect);
/* Gives up. */
void ssh_connect_cancel(struct ssh_connect *connect);

#endif
