/* SPDX-License-Identifier: MIT */
/*
 * The fork server (server/fork_server.h): takes requests (common/fork_request.h) and makes a copy
 * of this process for each, as a child of the listener.
 */
#ifndef SERVER_SSH_SSH_FORK_SERVER_H
#define SERVER_SSH_SSH_FORK_SERVER_H

#include "server/ssh/ssh_compat.h"

struct ssh_settings;

/*
 * Before the host key is read: where there is none yet, waits for the first request, so that no key
 * is made for nobody (an image that is started once, to be copied). Returns -1, or at once the
 * fork server's exit status.
 */
int ssh_fork_server_begin(const struct ssh_settings *settings);

/*
 * Returns in two processes. In a copy: -1, with the session's own in settings, and a blocking
 * socket in *ret_fd. In the fork server itself at its end: its exit status.
 */
int ssh_fork_server_run(struct ssh_settings *settings, ssh_key key, int *ret_fd);

#endif
