/* SPDX-License-Identifier: MIT */
/* Agent forwarding (-A): a private socket here, a channel to the peer's agent per connection. */
#ifndef SERVER_SSH_SSH_AGENT_H
#define SERVER_SSH_SSH_AGENT_H

struct ssh_connection;

/* Makes the socket, once per connection; its path is connection->agent_path. Failure is logged. */
void ssh_agent_listen(struct ssh_connection *connection);

/* Removes the socket and its folder. */
void ssh_agent_done(struct ssh_connection *connection);

#endif
