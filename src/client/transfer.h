/* SPDX-License-Identifier: MIT */
/* A run of copies, up and down, over one connection. */
#ifndef CLIENT_TRANSFER_H
#define CLIENT_TRANSFER_H

struct client_arguments;
struct loop;
struct report;
struct target;

/*
 * Carries out every copy of the command line. Returns the exit status: 0, CLIENT_STATUS_FAILED when
 * some files were not copied, 128 + N after signal N, CLIENT_STATUS_OWN. All sentences have been
 * said. Blocks.
 */
int transfer_run(const struct client_arguments *arguments, const struct target *target,
                 struct loop *loop);

/* The same in protocol version 1: one file per copy, a connection for each. */
int transfer_run_v1(const struct client_arguments *arguments, const struct target *target,
                    struct loop *loop, struct report *report);

#endif
