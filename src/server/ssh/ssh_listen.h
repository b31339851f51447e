/* SPDX-License-Identifier: MIT */
/* Sockets that we listen on for the peer: remote forwards (-R) and the agent. */
#ifndef SERVER_SSH_SSH_LISTEN_H
#define SERVER_SSH_SSH_LISTEN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "server/ssh/ssh_compat.h"

#define SSH_LISTENERS_MAX 64

struct listener;
struct ssh_connection;

typedef void listener_accept_fn(struct listener *listener);

struct listener {
    struct ssh_connection *connection;
    struct listener *next;
    int fd;
    bool closed;                /* freed by the next sweep */
    char *address;              /* as the peer asked for it; NULL for the agent */
    unsigned port;              /* bound */
    int64_t rest_until_ms;      /* not polled before: there was no descriptor for a connection */
    listener_accept_fn *accept; /* a connection waits */
};

/*
 * accept4(2) of a waiting connection. Returns a non-blocking descriptor or a negative errno; after
 * a shortage the listener rests for a second, or its readiness would spin the loop.
 */
int ssh_listen_accept(struct listener *listener, struct sockaddr *peer, socklen_t *length);

/* Takes fd over. 0, -ENOBUFS (too many) or -ENOMEM; fd is closed then. */
int ssh_listen_add(struct ssh_connection *connection, int fd, const char *address, unsigned port,
                   listener_accept_fn *accept);

/*
 * A remote forward: loopback only, whatever address is asked for, as sshd's "GatewayPorts no". Port
 * 0 chooses one. Returns the port or a negative errno.
 */
int ssh_listen_start(struct ssh_connection *connection, const char *address, unsigned port);
/* 0 or -ENOENT. */
int ssh_listen_cancel(struct ssh_connection *connection, const char *address, unsigned port);

void ssh_listen_sweep(struct ssh_connection *connection);
void ssh_listen_close_all(struct ssh_connection *connection);

#endif
