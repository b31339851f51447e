/* SPDX-License-Identifier: MIT */
/* Requests on session channels: pty, env, shell, exec, subsystem, window, signal, agent. */
#ifndef SERVER_SSH_SSH_CHANNEL_REQUESTS_H
#define SERVER_SSH_SSH_CHANNEL_REQUESTS_H

#include "server/ssh/ssh_compat.h"

struct ssh_connection;

/* libssh's request for a session channel (ssh_server_callbacks_struct); NULL refuses. */
ssh_channel ssh_channel_requests_open(ssh_session session, void *data);

/* Adds the callbacks of a session channel. */
void ssh_channel_requests_set(struct ssh_channel_callbacks_struct *callbacks);

/* A channel request that libssh has no name for; returns as a message callback does. */
int ssh_channel_requests_unknown(struct ssh_connection *connection, ssh_message message);

#endif
