/* SPDX-License-Identifier: MIT */
/*
 * What the listener knows of its connections: the answer to --status, and the audit lines of a
 * process that ended without writing its own.
 */
#ifndef SERVER_STATUS_H
#define SERVER_STATUS_H

#include <stdbool.h>
#include <stddef.h>

struct child;
struct config;

/* A control_answer_fn; data is the struct listener. */
int status_answer(void *data, bool json, char **ret, size_t *ret_length);

/* Writes what a child that has ended did not. */
void status_child_ended(const struct child *child, int status);

/*
 * --status: asks the server that config means, and prints what it says. Returns the exit status: 1
 * after a sentence when there is none.
 */
int status_ask(const struct config *config);

#endif
