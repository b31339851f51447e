/* SPDX-License-Identifier: MIT */
/*
 * What the process of a connection says to the fork server of SSH: here is a connection, make the
 * process of its session. One packet of a SOCK_SEQPACKET pair and three descriptors.
 *
 * The session then answers on a pair of the connection's own: its PID (u32). It serves nobody
 * before the other end has sent one byte back, and ends when that end is closed instead: so who
 * asks can always take the request back.
 */
#ifndef COMMON_FORK_REQUEST_H
#define COMMON_FORK_REQUEST_H

#include <vsock-shell/transport.h>

#define FORK_ANSWER_BYTES 4u

/* Exit statuses of a fork server that ends by itself. */
enum {
    FORK_SERVER_RENEW = 0,      /* what it is made of has changed: start another one */
    FORK_SERVER_UNSUITABLE = 3, /* not with this library: do not try again */
};

struct fork_request {
    int fd;                  /* the connection */
    int slot_fd;             /* see common/session_slot.h */
    int answer_fd;           /* the session's end of the pair for the answer */
    int grace_ms;            /* left until the login has to be over; 0 = no limit */
    char peer[VSH_PEER_MAX]; /* as vsh_peer_format() says it */
};

/* Does not wait: -EAGAIN when the queue is full. 0 or a negative errno; closes nothing. */
int fork_request_send(int socket, const struct fork_request *request);

/*
 * Waits for one. 1 and *ret, whose descriptors are the caller's; 0 at the end of the stream;
 * -EBADMSG for a packet that is none (its descriptors are closed), or another negative errno.
 */
int fork_request_receive(int socket, struct fork_request *ret);

/* Closes its three descriptors. */
void fork_request_close(struct fork_request *request);

#endif
