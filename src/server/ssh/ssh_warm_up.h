/* SPDX-License-Identifier: MIT */
/*
 * One key exchange and one refused login with ourselves, so that what libssh and the crypto library
 * load, relocate and allocate on first use exists before the fork server makes its first copy.
 */
#ifndef SERVER_SSH_SSH_WARM_UP_H
#define SERVER_SSH_SSH_WARM_UP_H

#include "server/ssh/ssh_compat.h"

struct ssh_settings;

/* A few seconds at most. Returns 0 or a negative errno, and then it only was in vain. */
int ssh_warm_up(const struct ssh_settings *settings, ssh_key key);

#endif
