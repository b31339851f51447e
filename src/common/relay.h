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
     * Whether this side may be told that the other side's input has ended and everything is
     * written: a pipe is closed (its number stays valid, on /dev/null), a unix or TCP socket is
     * shut down for writing. On vsock neither is safe: false, and the relay goes on until this side
     * ends, too.
     */
    bool half_close;
};

/*
 * Relays until both directions have ended, or until a socket without half_close has ended and its
 * bytes are written to the other side. A direction whose reader has gone ends, too. Blocks; leaves
 * the descriptors' flags alone and takes no ownership of them. Returns 0 or a negative errno: the
 * read error (ECONNRESET) that ended a side, after everything read before it was written.
 */
int relay_run(const struct relay_side *left, const struct relay_side *right);

#endif
