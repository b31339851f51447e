/* SPDX-License-Identifier: MIT */
/* The host key: Ed25519, made on first use, readable by its owner alone. */
#ifndef SERVER_SSH_SSH_HOST_KEY_H
#define SERVER_SSH_SSH_HOST_KEY_H

#include <limits.h>
#include <stddef.h>

#include "server/ssh/ssh_compat.h"

/*
 * Loads the key in path, or in the default place when NULL (/etc/vsock-shell for root, else
 * ~/.config/vsock-shell), and makes it when there is none. The caller frees *ret. Returns 0, or a
 * negative errno and a sentence in error[].
 */
int ssh_host_key_load(const char *path, ssh_key *ret, char *error, size_t size);

/* Which file that is. Returns 0 or -ENAMETOOLONG. */
int ssh_host_key_place(const char *path, char ret[PATH_MAX]);

/* Prints "ssh-ed25519 BASE64 SHA256:FINGERPRINT", a line for known_hosts. 0 or a negative errno. */
int ssh_host_key_print(ssh_key key);

#endif
