/* SPDX-License-Identifier: MIT */
/* What the server knows once it is configured; the listener and every connection share it. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

struct account;
struct config;
struct policy;

struct server {
    const struct config *config;
    struct policy *policy;   /* replaced by SIGHUP */
    struct account *account; /* of --user; NULL = stay who we are */
    char *ssh_program;       /* vsock-shell-ssh-session; NULL without --ssh */
    int record_fd;           /* folder of --record; -1 = sessions are not recorded */
    int slot_fd;             /* in a connection's process: where it shows itself; -1 = nowhere */
};

#endif
