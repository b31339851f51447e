/* SPDX-License-Identifier: MIT */
/* Asks many addresses at once who answers there, without starting anything. */
#ifndef CLIENT_PROBE_H
#define CLIENT_PROBE_H

#include <stddef.h>

#include <vsock-shell/address.h>

enum probe_answer {
    PROBE_UNKNOWN, /* not asked: no time or no descriptors left */
    PROBE_NONE,    /* no connection */
    PROBE_OTHER,   /* a connection, but neither protocol's answer in time */
    PROBE_NATIVE,
    PROBE_SSH,
    PROBE_BOTH,
    PROBE_REFUSED, /* a native server that does not let us in */
};

struct probe {
    struct vsh_address address;
    enum probe_answer answer; /* the result */
};

/*
 * Asks all of them in parallel; blocks until every one has answered, timeout_ms at most and a
 * fraction of a second more. A server that speaks first is heard before a byte is sent to it, and
 * every connection is ended as its protocol wants it.
 */
void probe_all(struct probe *probes, size_t count, int timeout_ms);

/* "none", "native", "native+ssh", ...: the words of --list. */
const char *probe_answer_name(enum probe_answer answer);

#endif
