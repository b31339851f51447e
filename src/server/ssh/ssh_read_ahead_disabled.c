/* SPDX-License-Identifier: MIT */
/* libssh reads as it reads: -DSSH_READ_AHEAD=OFF. */
#include "server/ssh/ssh_read_ahead.h"

void ssh_read_ahead_start(int fd)
{
    (void)fd;
}

void ssh_read_ahead_stop(void)
{
}

int ssh_read_ahead_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    return poll(fds, count, timeout_ms);
}
