/* SPDX-License-Identifier: MIT */
/* A shell or a command on the other side, with the local terminal or the three local streams. */
#ifndef CLIENT_SHELL_H
#define CLIENT_SHELL_H

struct client_arguments;
struct loop;
struct target;

/*
 * Connects, runs the command (or a login shell) and returns when it is over: the exit status as the
 * shell is to see it. Every sentence has been said, the terminal is as it was. Blocks.
 */
int shell_run(const struct client_arguments *arguments, const struct target *target,
              struct loop *loop);

#endif
