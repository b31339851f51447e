/* SPDX-License-Identifier: MIT */
/* What the server knows once it is configured; the listener and every connection share it. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <stddef.h>

#include "common/log.h"
#include "server/handover.h"

struct account;
struct config;
struct policy;

struct server {
    const struct config *config;       /* in force */
    const struct config *start_config; /* of the start; outlives all */
    struct config *reloaded;           /* of the last SIGHUP; NULL before it */
    int argc;
    char **argv; /* to be read again */
    struct policy *policy;
    struct account *account; /* of --user; NULL = stay who we are */
    char *ssh_program;       /* vsock-shell-ssh-session; NULL without --ssh */
    int record_fd;           /* folder of --record; -1 = sessions are not recorded */
    /* In a connection's process: */
    int slot_fd; /* where it shows itself; -1 = nowhere */
    struct handover handover;
};

/*
 * Finds what the settings name on this machine: everything that may be wrong with them shows here.
 * Returns 0, or a negative errno with a sentence in error[].
 */
int server_prepare(struct server *server, char *error, size_t size);

/*
 * Reads the settings again. Returns 0, or a negative errno with a sentence in error[]: nothing has
 * changed then. What only a start can change is told in the log.
 */
int server_reload(struct server *server, char *error, size_t size);

enum log_level server_log_level(const struct config *config);
void server_done(struct server *server);

#endif
