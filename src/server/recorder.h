/* SPDX-License-Identifier: MIT */
/*
 * The process that writes the recordings of one connection (--record). It is started while the
 * connection's process still has the server's rights and keeps them, so that the session's user can
 * neither change nor remove what was written; it knows a folder and a socket, and nothing else.
 */
#ifndef SERVER_RECORDER_H
#define SERVER_RECORDER_H

struct recorder;
struct server;

/*
 * Starts it when --record was given and sessions may have a terminal; else recorder->fd is -1.
 * connection_fd is closed in it, and the folder here: call it once. 0 or a negative errno.
 */
int recorder_start(const struct server *server, int connection_fd, const char *peer_text,
                   struct recorder *recorder);

#endif
