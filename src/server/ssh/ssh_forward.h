/* SPDX-License-Identifier: MIT */
/* Requests for forwards. Both return as libssh's message callback does: 0 = answered, 1 = refuse.
 */
#ifndef SERVER_SSH_SSH_FORWARD_H
#define SERVER_SSH_SSH_FORWARD_H

#include "server/ssh/ssh_compat.h"

struct ssh_connection;

/* A channel-open that is no session: direct-tcpip (-L, -D, -W, -J), or refused. */
int ssh_forward_open(struct ssh_connection *connection, ssh_message message);

/* A global request: tcpip-forward and its cancellation (-R), or refused. */
int ssh_forward_request(struct ssh_connection *connection, ssh_message message);

#endif
