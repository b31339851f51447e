/* SPDX-License-Identifier: MIT */
/*
 * Serving one connection without a listener: inetd, a service manager's Accept=yes, a test, a
 * ProxyCommand.
 */
#ifndef SERVER_ONE_CONNECTION_H
#define SERVER_ONE_CONNECTION_H

struct server;

/*
 * Serves standard input and output: one socket, or two pipes behind a relay process. The policy and
 * the sentence for a refused peer are the listener's. Blocks until the connection is over. Returns
 * an exit status.
 */
int one_connection_stdio(const struct server *server);

/* The same for a connected socket, which it closes. */
int one_connection_socket(const struct server *server, int fd);

#endif
