/* SPDX-License-Identifier: MIT */
/*
 * One row per transport, and the pieces that the rows share. Private to lib/.
 *
 * An attempt is one try to connect, with its own deadline; the retries of --wait are transport.c's.
 */
#ifndef LIB_TRANSPORT_H
#define LIB_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <vsock-shell/transport.h>

struct attempt {
    int64_t deadline_ms; /* on monotonic_ms()'s clock */
    int cancel_fd;       /* -1 = none */
    bool privileged_port;
};

struct transport {
    enum vsh_family family;
    int (*connect)(const struct vsh_address *address, const struct attempt *attempt, int *ret_fd);
    int (*listen)(const struct vsh_address *address, int backlog, int *ret_fd);
};

extern const struct transport transport_vsock;
extern const struct transport transport_unix;
extern const struct transport transport_mux;

/* A non-blocking, close-on-exec stream socket, or a negative errno. */
int socket_open(int domain);

/*
 * Waits for events on fd (-1: only sleeps). Returns 0, -ETIMEDOUT at the deadline, -ECANCELED when
 * the attempt's cancel_fd is readable, or a negative errno.
 */
int attempt_wait(const struct attempt *attempt, int fd, short events);

/* connect(2) on a non-blocking socket until it has succeeded or failed. */
int attempt_connect(const struct attempt *attempt, int fd, const struct sockaddr *name,
                    socklen_t length);

/* Connects to a unix socket by its path: what unix and mux have in common. */
int unix_connect(const char *path, const struct attempt *attempt, int *ret_fd);

/* Binds path and listens; a stale socket file is replaced. */
int unix_listen(const char *path, int backlog, int *ret_fd);

/* Larger buffers than the default on a unix socket; as much of it as the kernel lets us have. */
void unix_grow_buffers(int fd);

/* Was a unix socket with this bound name made by a mux address's listen? */
bool mux_is_listening_name(const char *path);

#endif
