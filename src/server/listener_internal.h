/* SPDX-License-Identifier: MIT */
/* What the files of the listener share: listener.c owns it, listener_stop.c ends it. */
#ifndef SERVER_LISTENER_INTERNAL_H
#define SERVER_LISTENER_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <vsock-shell/address.h>

#include "common/loop.h"
#include "server/children.h"
#include "server/fork_server.h"

struct listen_socket {
    int fd;
    char *path; /* of a socket file that we made; NULL otherwise */
    dev_t device;
    ino_t inode;
};

struct control;

struct listener {
    struct server *server;
    struct loop *loop;
    struct listen_socket *sockets;
    size_t socket_count;
    struct children children;
    struct fork_server forks; /* of SSH sessions */
    struct control *control;  /* of --status; NULL = none */
    int64_t started_ms;
    bool has_vsock_port;
    uint32_t vsock_port; /* of the first such socket */
    int spare_fd;        /* given up for a moment when no descriptor is left */
    int backoff_ms;
    struct loop_timer backoff;
    struct loop_timer ending;
    bool stopping;
    bool terminated; /* the children have been told to end */
};

/* Stops accepting: closes the sockets and removes their files. */
void listener_close_sockets(struct listener *listener);

/* Remembers which file a socket made, to remove that one and no other. */
void listener_note_path(struct listen_socket *socket, const struct vsh_address *address);

/* SIGUSR1: the listener ends, its connections do not; a new server can take its place. */
void listener_on_leave(int signo, void *data);

/* SIGTERM, SIGINT. */
void listener_on_stop(int signo, void *data);

/* SIGCHLD: forgets who has ended, and ends once nobody is left and nobody is to come. */
void listener_on_child(int signo, void *data);

#endif
