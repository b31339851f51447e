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
    bool no_native;
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
    const char *file; /* --config; NULL = none */
    char *file_text;  /* its content, which the values point into */
    const char *log_text;
    enum log_target log_target;
    struct config_ssh ssh;
};

/*
 * Fills config from the file of --config, if there is one, and from the command line, which adds to
 * it and has the last word; --help and --version print and exit 0. Returns 0, or a negative errno
 * after one sentence: on stderr (parse), or in error[] (read, for SIGHUP). config_done() frees the
 * lists in both cases.
 */
#define CONFIG_ERROR_MAX 1024
int config_parse(struct config *config, int argc, char **argv);
int config_read(struct config *config, int argc, char **argv, char error[CONFIG_ERROR_MAX]);
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
    CONFIG_PATH,    /* the same; with -d absolute */
    CONFIG_LIST,    /* struct config_list */
    CONFIG_HELP,
    CONFIG_VERSION,
};
typedef int config_check_fn(const char *text, char *error, size_t error_size);
struct config_option {
    const char *name;
    char letter; /* 0 = none */
    enum config_kind kind;
    size_t offset;
    uint32_t min, max;
    const char *argument; /* NULL = takes none */
    const char *help;
    config_check_fn *check; /* of one value; NULL = anything goes */
    bool only_there;        /* on the command line, not in a file */
};
extern const struct config_option config_options[];
extern const size_t config_option_count;

/*
 * Inside of config*.c. Each returns 0, or a negative errno with a sentence in error[]: one option's
 * value; a whole file; what one option alone cannot say.
 */
int config_take(struct config *config, const struct config_option *option, const char *text,
                char error[CONFIG_ERROR_MAX]);
int config_read_file(struct config *config, const char *path, char error[CONFIG_ERROR_MAX]);
int config_check(struct config *config, char error[CONFIG_ERROR_MAX]);

/* The checks of single values. */
config_check_fn config_check_allow, config_check_deny, config_check_allow_uid;
config_check_fn config_check_address, config_check_log, config_check_auth, config_check_not_empty;

#endif
