/* SPDX-License-Identifier: MIT */
/* Sockets handed over by a service manager: LISTEN_FDS as sd_listen_fds(3) describes it. */
#ifndef SERVER_ACTIVATION_H
#define SERVER_ACTIVATION_H

#include <stdbool.h>
#include <stddef.h>

#define ACTIVATION_FIRST_FD 3
#define ACTIVATION_FDS_MAX  64

struct activation {
    size_t count;   /* descriptors from ACTIVATION_FIRST_FD on; 0 = we were not activated */
    bool connected; /* one connected socket (Accept=yes) instead of listening ones */
};

/*
 * Reads $LISTEN_PID and $LISTEN_FDS and removes them, so that no session inherits them; sets
 * close-on-exec and O_NONBLOCK on the descriptors. Returns 0, or -EINVAL when the variables are for
 * us but a descriptor is not a stream socket, or listening and connected ones are mixed.
 */
int activation_take(struct activation *ret);

#endif
