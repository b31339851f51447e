/* SPDX-License-Identifier: MIT */
/* Ending processes beside the loop: process_terminate() may take five seconds. */
#ifndef SERVER_SSH_SSH_TERMINATE_H
#define SERVER_SSH_SSH_TERMINATE_H

#include <stdbool.h>

struct process;
struct ssh_connection;

/* Ends the process, which is not ours to reap any more, in a thread of its own. */
void ssh_terminate_start(struct ssh_connection *connection, struct process *process);

/* Forgets the threads that are done; with wait, waits for all of them (they run side by side). */
void ssh_terminate_collect(struct ssh_connection *connection, bool wait);

#endif
