/* SPDX-License-Identifier: MIT */
/* Where the client connects to, and the connecting. */
#ifndef CLIENT_TARGET_H
#define CLIENT_TARGET_H

#include <vsock-shell/address.h>

struct client_arguments;

struct target {
    struct vsh_address address;
    char text[VSH_ADDRESS_MAX]; /* the address as every message names it */
    char user[VSH_NAME_MAX];    /* -l, else the hosts file's, else "" */
};

/* Looks TARGET up; the sentence about a failure goes to stderr. Returns 0 or a negative errno. */
int target_resolve(const struct client_arguments *arguments, struct target *ret);

/*
 * Connects; blocks for up to --timeout and --wait. A failure's sentence, with the likely cure, goes
 * to stderr. Returns 0 and a non-blocking socket, which the caller closes, or a negative errno.
 */
int target_connect(const struct target *target, const struct client_arguments *arguments,
                   int *ret_fd);

#endif
