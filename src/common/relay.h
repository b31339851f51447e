/* SPDX-License-Identifier: MIT */
/*
 * Two byte streams joined: two bounded buffers, each direction ends by itself, nothing is lost at
 * the end.
 */
#ifndef COMMON_RELAY_H
#define COMMON_RELAY_H

#include <stdbool.h>

struct relay_side {
    int in_fd;  /* read from here */
    int out_fd; /* write there; may equal in_fd */
    /*
     * What to do when the other side's input has ended and everything is written: a pipe is closed,
     * a unix or TCP socket may be half-closed; on vsock neither is safe, so the relay only goes on
     * until this side ends too.
     */
    bool half_close;
};

/*
 * Relays until both directions have ended, or until the socket side ended and its bytes are
 * written. Blocks. Takes no ownership of the descriptors but may close or shut down write sides as
 * said above. Returns 0 or a negative errno.
 */
int relay_run(const struct relay_side *left, const struct relay_side *right);

#endif
