/* SPDX-License-Identifier: MIT */
/*
 * The files that a process is made of: its program, its libraries, the host key. A program that is
 * started for each session has the newest of each by itself; the fork server has to look.
 */
#ifndef SERVER_SSH_SSH_ORIGIN_H
#define SERVER_SSH_SSH_ORIGIN_H

#include <stdbool.h>

struct ssh_origin;

/* Notes what is loaded now, and the host key in that file. NULL without memory. */
struct ssh_origin *ssh_origin_new(const char *host_key);

void ssh_origin_free(struct ssh_origin *origin);

/* Whether one of these files is another one now. */
bool ssh_origin_has_changed(const struct ssh_origin *origin);

#endif
