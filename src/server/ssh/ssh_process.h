/* SPDX-License-Identifier: MIT */
/* A session channel's process: shell, command, terminal, on session/process, session/pump. */
#ifndef SERVER_SSH_SSH_PROCESS_H
#define SERVER_SSH_SSH_PROCESS_H

#include <stdbool.h>

#include <vsock-shell/message.h>

struct channel;

/*
 * Starts `shell -c command`, or a login shell for NULL. wish is what the peer asked for when a
 * key's command= replaced it. A program that cannot be started is told to the peer as output and
 * status, which is success here. 0 or a negative errno.
 */
int ssh_process_start(struct channel *channel, const char *command, const char *wish);

/* A terminal for the process that comes. 0 or a negative errno. */
int ssh_process_pty(struct channel *channel, const char *term, const struct vsh_winsize *size);
int ssh_process_resize(struct channel *channel, const struct vsh_winsize *size);
bool ssh_process_has_pty(const struct channel *channel);

/* A variable that the peer wishes for; -EPERM when it is not on the list. */
int ssh_process_environment(struct channel *channel, const char *name, const char *value);

/* name without "SIG". */
void ssh_process_signal(struct channel *channel, const char *name);
void ssh_process_break(struct channel *channel);

/* Forgets the channel's process and terminal, if there are any; what still runs is ended. */
void ssh_process_free(struct channel *channel);

#endif
