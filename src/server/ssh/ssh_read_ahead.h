/* SPDX-License-Identifier: MIT */
/*
 * Larger reads for libssh, which asks the kernel for 4 KiB of the connection at a time and polls
 * before each: half of what an upload costs. libssh calls recv(2) and poll(2) as any program does,
 * so this program's own functions of these names answer for the one connection, out of a buffer
 * that they fill with one large read. Where libssh reads in another way they are simply not called.
 * Built in by -DSSH_READ_AHEAD=ON, the default.
 */
#ifndef SERVER_SSH_SSH_READ_AHEAD_H
#define SERVER_SSH_SSH_READ_AHEAD_H

#include <poll.h>

/* From here on for this descriptor, until stop. Without memory for it nothing changes. */
void ssh_read_ahead_start(int fd);
/* Before the descriptor is closed, or its number could be somebody else's. Drops what is left. */
void ssh_read_ahead_stop(void);

/* As poll(2), and bytes that were read ahead count as readable. */
int ssh_read_ahead_poll(struct pollfd *fds, nfds_t count, int timeout_ms);

#endif
