/* SPDX-License-Identifier: MIT */
/*
 * The way to the SSH server: a program of its own, vsock-shell-ssh-session, so that this one needs
 * no library. It runs once as the fork server, whose copies serve the sessions (fork_server.h); a
 * session that this cannot serve starts the program for itself, in a fresh address space.
 */
#ifndef SERVER_SSH_LAUNCH_H
#define SERVER_SSH_LAUNCH_H

#include <stdint.h>

struct config;
struct recorder;
struct server;

#define SSH_PROGRAM "vsock-shell-ssh-session"

/*
 * Looks for the program: in $VSOCK_SHELL_LIBEXEC (not when set-id), beside our own executable, in
 * the installation's libexec folder. The caller frees *ret. Returns 0, -ENOENT or -ENOMEM.
 */
int ssh_find_program(char **ret);

/*
 * Becomes the program, with the connection on its standard input and output, the recorder's socket
 * and our settings as its options. Returns only on failure: an exit status, after a sentence in the
 * log.
 */
int ssh_launch(const struct server *server, int fd, const char *peer_text, int64_t deadline_ms,
               const struct recorder *recorder);

/* Becomes the program as fork server, with requests from socket. Returns only on failure, logged.
 */
void ssh_launch_fork_server(const struct server *server, int socket);

/* Becomes the program to print the public host key. Returns only on failure, as above. */
int ssh_show_host_key(const struct server *server);

#endif
