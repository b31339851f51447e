/* SPDX-License-Identifier: MIT */
/* The stream that the session runs on: the socket that we were given, or two pipes joined to one.
 */
#ifndef SERVER_SSH_SSH_STDIO_H
#define SERVER_SSH_SSH_STDIO_H

#include <sys/types.h>

/*
 * Takes stdin and stdout and puts /dev/null in their place. libssh needs one connected socket: two
 * pipes (a ProxyCommand) are joined to a socket pair by a process of their own, *ret_relay, else 0.
 * Returns 0 and a blocking socket in *ret_fd, or a negative errno.
 */
int ssh_stdio_take(int *ret_fd, pid_t *ret_relay);

/* Puts /dev/null on stdin and stdout. Returns 0 or a negative errno. */
int ssh_stdio_null(void);

/* Waits until the relay has written everything out, a few seconds at most. 0 is fine. */
void ssh_stdio_finish(pid_t relay);

#endif
