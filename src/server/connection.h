/* SPDX-License-Identifier: MIT */
/*
 * One connection in a process of its own: the first bytes choose the mode, which then serves or
 * refuses. Both calls block until the connection is over and leave fd open.
 */
#ifndef SERVER_CONNECTION_H
#define SERVER_CONNECTION_H

#include <vsock-shell/protocol.h>
#include <vsock-shell/transport.h>

struct server;

/* Serves. Returns the exit status of the process. */
int connection_serve(const struct server *server, int fd, const struct vsh_peer *peer);

/* The audit line of a connection that is not let in. */
void connection_audit_refusal(const struct vsh_peer *peer, const char *reason);

/*
 * Says one sentence in the peer's own protocol, after at most REFUSE_MS of listening for which one
 * that is, and reads on until the peer has closed, so that no reset overtakes the sentence.
 */
#define REFUSE_MS 2000
void connection_refuse(int fd, const struct vsh_peer *peer, enum vsh_error_code code,
                       const char *text);

#endif
