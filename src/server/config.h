/* SPDX-License-Identifier: MIT */
/*
 * The server's settings: the command line read once into one struct, checked fully before anything
 * starts.
 *
 * Order of calls: config_parse(), then config_policy() now and again at every SIGHUP. The texts
 * point into argv, which lives as long as the process.
 */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <vsock-shell/address.h>

#include "common/log.h"

#define SERVER_PROGRAM "vsock-shell-server"

/* The values of an option that may be given more than once. */
struct config_list {
    const char **items;
    size_t count;
};

/* What only vsock-shell-ssh-session understands: handed on as it was given. */
struct config_ssh {
    bool on;
    bool show_host_key;
    bool all_ciphers;
    const char *host_key;
    const char *auth;
    const char *sftp_server;
    struct config_list authorized_keys;
};

struct config {
    uint32_t port;
    struct config_list listen_texts;
    struct vsh_address *addresses; /* made of listen_texts and port */
    size_t address_count;
    bool daemonize;
    bool one_connection; /* -i */
    bool check_only;
    bool status;         /* ask a running server */
    bool json;           /* and print its answer as JSON */
    const char *control; /* socket file of --status; NULL = the default place */
    int verbose;

    /* The rules of --allow and so on, for config_policy(). */
    struct config_list allow, deny, allow_uid;
    bool require_privileged_port;
    bool no_exec, no_pty, no_upload, no_download, no_forward;
    const char *root;
    const char *record; /* folder of the recordings; NULL = none */

    const char *user;  /* NULL = stay who we are */
    const char *shell; /* NULL = the account's */
    uint32_t max_sessions;
    uint32_t max_sessions_per_peer; /* 0 = no limit of its own */
    int login_grace_ms;
    int idle_timeout_ms; /* 0 = none */
    int grace_ms;
    const char *pid_file;
    const char *log_text;
    enum log_target log_target;
    struct config_ssh ssh;
};

/*
 * Fills config from the command line; --help and --version print and exit 0. Returns 0, or -EINVAL
 * after one sentence on stderr. config_done() frees the lists in both cases.
 */
int config_parse(struct config *config, int argc, char **argv);
void config_done(struct config *config);

struct policy;

/*
 * Makes the policy of the rules; asks the account database and opens --root, so it may block for as
 * long as these do. Returns 0, or a negative errno with one sentence in error[].
 */
int config_policy(const struct config *config, struct policy **ret, char *error, size_t error_size);

/* The effective settings, one "name: value" a line, for --check. */
void config_print(const struct config *config, const struct policy *policy, FILE *out);

/*
 * The table behind the parser, --help and --check. offset is the place of the value in struct
 * config; kind says its C type.
 */
enum config_kind {
    CONFIG_FLAG,    /* bool */
    CONFIG_COUNT,   /* int, once more each time */
    CONFIG_NUMBER,  /* uint32_t, from min to max */
    CONFIG_SECONDS, /* int, milliseconds; max in seconds */
    CONFIG_TEXT,    /* const char * */
    CONFIG_LIST,    /* struct config_list */
    CONFIG_HELP,
    CONFIG_VERSION,
};
struct config_option {
    const char *name;
    char letter; /* 0 = none */
    enum config_kind kind;
    size_t offset;
    uint32_t min, max;
    const char *argument; /* NULL = takes none */
    const char *help;
};
extern const struct config_option config_options[];
extern const size_t config_option_count;

#endif
