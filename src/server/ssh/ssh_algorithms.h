/* SPDX-License-Identifier: MIT */
/* Which key exchanges, ciphers, MACs and key types are offered. */
#ifndef SERVER_SSH_SSH_ALGORITHMS_H
#define SERVER_SSH_SSH_ALGORITHMS_H

#include <stdbool.h>

#include "server/ssh/ssh_compat.h"

/*
 * Sets every list, and the options that are security's business. is_openssh: the client says that
 * it is OpenSSH, all versions of which have AES-GCM. all_ciphers: the slower ones, too. 0 or -EIO.
 */
int ssh_algorithms_apply(ssh_bind bind, bool is_openssh, bool all_ciphers);

#endif
