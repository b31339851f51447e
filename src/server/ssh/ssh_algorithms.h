/* SPDX-License-Identifier: MIT */
/* Which key exchanges, ciphers, MACs and key types are offered. */
#ifndef SERVER_SSH_SSH_ALGORITHMS_H
#define SERVER_SSH_SSH_ALGORITHMS_H

#include "server/ssh/ssh_compat.h"

/* Sets every list, and the options that are security's business. 0 or -EIO. */
int ssh_algorithms_apply(ssh_bind bind);

#endif
