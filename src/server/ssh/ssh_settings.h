/* SPDX-License-Identifier: MIT */
/* The command line of vsock-shell-ssh-session, checked once, in one struct. */
#ifndef SERVER_SSH_SSH_SETTINGS_H
#define SERVER_SSH_SSH_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include <vsock-shell/transport.h>

#include "common/log.h"
#include "session/auth_methods.h"
#include "session/record.h"

struct policy;

struct ssh_settings {
    const char *user;  /* the only one who may log in; NULL = whoever authenticates */
    const char *shell; /* NULL = the account's */
    const char *key_files[AUTH_KEY_FILES_MAX]; /* patterns of authorized_keys */
    size_t key_file_count;
    const char *host_key; /* NULL = the default place */
    const char *sftp_server;
    bool show_host_key;
    bool auth_publickey;
    bool auth_none;
    bool all_ciphers;
    int login_grace_ms;  /* 0 = no limit */
    int idle_timeout_ms; /* 0 = none */
    struct policy *policy;
    const char *peer_text; /* NULL = ask the kernel */
    struct recorder recorder;
    int slot_fd;        /* see common/session_slot.h; -1 = none */
    int fork_server_fd; /* where requests come from; -1 = serve one session */
    enum log_target log_target;
    enum log_level log_level;
};

/*
 * Reads the command line. Exits 0 after --help or --version, 2 with a sentence after a mistake.
 * Texts are borrowed from argv.
 */
void ssh_settings_parse(int argc, char **argv, struct ssh_settings *ret);
void ssh_settings_done(struct ssh_settings *settings);

#endif
