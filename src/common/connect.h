/* SPDX-License-Identifier: MIT */
/* A connection that the person at the other end of stderr waits for. */
#ifndef COMMON_CONNECT_H
#define COMMON_CONNECT_H

#include <vsock-shell/transport.h>

/*
 * Connects as a program that one person has started: from a low source port where it may, and
 * failing with one sentence in the log. cancel_fd and the times are those of vsh_connect(). Returns
 * 0 and *ret_fd, or a negative errno.
 */
int connect_or_tell(const struct vsh_address *address, int timeout_ms, int wait_ms, int cancel_fd,
                    int *ret_fd);

#endif
