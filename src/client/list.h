/* SPDX-License-Identifier: MIT */
/* --list and --names: what TARGET can be. */
#ifndef CLIENT_LIST_H
#define CLIENT_LIST_H

struct client_arguments;

/*
 * Prints what the sources know to stdout, as vsock-shell-client(1) tells for --list and --names.
 * Returns the exit status. Asking who answers blocks for --timeout, 1.5 s without it.
 */
int list_run(const struct client_arguments *arguments);

#endif
