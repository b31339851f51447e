/* SPDX-License-Identifier: MIT */
/* --list: the names that TARGET can be. */
#ifndef CLIENT_LIST_H
#define CLIENT_LIST_H

struct client_arguments;

/*
 * Prints a line per name to stdout: name, address, user, source, and whether a server answers there
 * (a connection is tried for a second). With --json a JSON line each. Returns the exit status.
 */
int list_run(const struct client_arguments *arguments);

#endif
