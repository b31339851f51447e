/* SPDX-License-Identifier: MIT */
/* A socket behind a channel: local and remote forwards, the agent. */
#ifndef SERVER_SSH_SSH_RELAY_H
#define SERVER_SSH_SSH_RELAY_H

#include "server/ssh/ssh_connect.h"

struct channel;
struct listener;

/*
 * Makes the channel one of a socket: fd, or what connect will bring when fd is -1. Takes both over,
 * on failure too. action and target are for the audit line at its end. 0 or -ENOMEM.
 */
int ssh_relay_attach(struct channel *channel, int fd, struct ssh_connect connect,
                     const char *action, const char *target);

/* Opens a channel to the peer for a connection that came in. Take fd over. */
void ssh_relay_open_reverse(struct listener *listener, int fd, const char *peer, unsigned port);
void ssh_relay_open_agent(struct listener *listener, int fd);

#endif
