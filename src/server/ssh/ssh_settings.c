/* SPDX-License-Identifier: MIT */
/* Options into one struct. The switches are those of vsock-shell-server, which hands them on. */
#include "server/ssh/ssh_settings.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "common/options.h"
#include "session/auth_methods.h"
#include "session/policy.h"

#define PROGRAM           "vsock-shell-ssh-session"
#define LOGIN_GRACE_MS    20000
#define SECONDS_MAX       (7u * 24u * 3600u)
#define DEFAULT_KEY_FILES "%h/.ssh/authorized_keys"

enum {
    OPTION_USER = 256,
    OPTION_SHELL,
    OPTION_AUTHORIZED_KEYS,
    OPTION_HOST_KEY,
    OPTION_SHOW_HOST_KEY,
    OPTION_SSH_AUTH,
    OPTION_SSH_ALL_CIPHERS,
    OPTION_SFTP_SERVER,
    OPTION_NO_EXEC,
    OPTION_NO_PTY,
    OPTION_NO_UPLOAD,
    OPTION_NO_DOWNLOAD,
    OPTION_NO_FORWARD,
    OPTION_ROOT,
    OPTION_LOGIN_GRACE,
    OPTION_IDLE_TIMEOUT,
    OPTION_LOG,
    OPTION_PEER,
    OPTION_RECORDER,
    OPTION_SLOT_FD,
    OPTION_FORK_SERVER,
};

static const struct option options[] = {
    {"user", required_argument, NULL, OPTION_USER},
    {"shell", required_argument, NULL, OPTION_SHELL},
    {"authorized-keys", required_argument, NULL, OPTION_AUTHORIZED_KEYS},
    {"host-key", required_argument, NULL, OPTION_HOST_KEY},
    {"show-host-key", no_argument, NULL, OPTION_SHOW_HOST_KEY},
    {"ssh-auth", required_argument, NULL, OPTION_SSH_AUTH},
    {"ssh-all-ciphers", no_argument, NULL, OPTION_SSH_ALL_CIPHERS},
    {"sftp-server", required_argument, NULL, OPTION_SFTP_SERVER},
    {"no-exec", no_argument, NULL, OPTION_NO_EXEC},
    {"no-pty", no_argument, NULL, OPTION_NO_PTY},
    {"no-upload", no_argument, NULL, OPTION_NO_UPLOAD},
    {"no-download", no_argument, NULL, OPTION_NO_DOWNLOAD},
    {"no-forward", no_argument, NULL, OPTION_NO_FORWARD},
    {"root", required_argument, NULL, OPTION_ROOT},
    {"login-grace", required_argument, NULL, OPTION_LOGIN_GRACE},
    {"idle-timeout", required_argument, NULL, OPTION_IDLE_TIMEOUT},
    {"verbose", no_argument, NULL, 'v'},
    {"log", required_argument, NULL, OPTION_LOG},
    {"peer", required_argument, NULL, OPTION_PEER},
    {"recorder", required_argument, NULL, OPTION_RECORDER},
    {"slot-fd", required_argument, NULL, OPTION_SLOT_FD},
    {"fork-server", required_argument, NULL, OPTION_FORK_SERVER},
    {"inetd", no_argument, NULL, 'i'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "usage: " PROGRAM " [OPTION]...\n"
    "Serves one SSH session on the socket that is its stdin, or on stdin and stdout.\n"
    "\n"
    "  -i, --inetd                for callers that say so; changes nothing\n"
    "      --user NAME            become NAME at once; only NAME may log in\n"
    "      --shell PATH           instead of the account's shell\n"
    "      --authorized-keys PAT  public keys; %h %u %U %% as in sshd_config(5)\n"
    "                             (repeatable; default " DEFAULT_KEY_FILES ")\n"
    "      --ssh-auth LIST        publickey, none, or both (default publickey)\n"
    "      --ssh-all-ciphers      offer slower ciphers, too\n"
    "      --host-key FILE        the private host key, made on first use\n"
    "      --show-host-key        print the public host key and exit\n"
    "      --sftp-server PATH     an external program instead of the built-in server\n"
    "      --no-exec --no-pty --no-upload --no-download --no-forward\n"
    "                             switch that off\n"
    "      --root DIR             sftp sees nothing outside of DIR\n"
    "      --login-grace SECONDS  for key exchange and login (20; 0: no end)\n"
    "      --idle-timeout SECONDS end a session silent for so long (0: never)\n"
    "      --peer TEXT            who the peer is, as the server found out\n"
    "      --recorder FD:PID      the server's recorder (none: no recording)\n"
    "      --slot-fd N            where the session shows its state\n"
    "      --fork-server N        make sessions that the server asks for on socket N\n"
    "      --log TARGET           stderr, syslog or json\n"
    "  -v, --verbose              say more; twice for debugging\n"
    "  -h, --help                 print this\n"
    "  -V, --version              print the version\n";

__attribute__((noreturn, format(printf, 1, 2))) static void mistake(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fputs(PROGRAM ": ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    usage_error(PROGRAM);
}

static void set_auth(struct ssh_settings *settings, const char *list)
{
    struct auth_methods methods;
    if (auth_methods_parse(list, &methods) < 0) {
        mistake("--ssh-auth: '%s' is not " AUTH_METHODS_FORM, list);
    }
    settings->auth_publickey = methods.publickey;
    settings->auth_none = methods.none;
}

static void set_root(struct ssh_settings *settings, const char *path)
{
    int r = policy_set_root(settings->policy, path);
    if (r < 0) {
        mistake("--root: cannot open folder '%s': %s", path, strerror(-r));
    }
}

/* FD:PID, as the server hands its recorder on. */
static void set_recorder(struct ssh_settings *settings, const char *text)
{
    char fd_text[16];
    uint32_t fd, pid;
    size_t length = strcspn(text, ":");
    if (length >= sizeof(fd_text) || text[length] != ':') {
        mistake("--recorder: '%s' is not FD:PID", text);
    }
    (void)snprintf(fd_text, sizeof(fd_text), "%.*s", (int)length, text);
    if (option_u32("--recorder", fd_text, 3, INT_MAX, &fd) < 0 ||
        option_u32("--recorder", text + length + 1, 1, INT_MAX, &pid) < 0) {
        usage_error(PROGRAM);
    }
    int r = fd_set_cloexec((int)fd, true);
    if (r < 0) {
        mistake("--recorder: descriptor %u is not open: the option is the server's alone", fd);
    }
    settings->recorder = (struct recorder){.fd = (int)fd, .pid = (pid_t)pid};
}

static void set_seconds(const char *name, const char *text, int *ret_ms)
{
    if (option_seconds(name, text, SECONDS_MAX, ret_ms) < 0) {
        usage_error(PROGRAM);
    }
}

static int fd_option(const char *name, const char *text)
{
    uint32_t fd;
    if (option_u32(name, text, 3, INT32_MAX, &fd) < 0) {
        usage_error(PROGRAM);
    }
    return (int)fd;
}

static void set_fork_server(struct ssh_settings *settings, const char *text)
{
    settings->fork_server_fd = fd_option("--fork-server", text);
    if (fd_set_cloexec(settings->fork_server_fd, true) < 0) {
        mistake("--fork-server: descriptor %s is not open: the option is the server's alone", text);
    }
}

static void set_text(struct ssh_settings *settings, int option, const char *text)
{
    switch (option) {
    case OPTION_USER:
        settings->user = text;
        break;
    case OPTION_SHELL:
        settings->shell = text;
        break;
    case OPTION_AUTHORIZED_KEYS:
        if (settings->key_file_count == AUTH_KEY_FILES_MAX) {
            mistake("--authorized-keys: at most %d patterns", AUTH_KEY_FILES_MAX);
        }
        settings->key_files[settings->key_file_count++] = text;
        break;
    case OPTION_HOST_KEY:
        settings->host_key = text;
        break;
    case OPTION_SSH_AUTH:
        set_auth(settings, text);
        break;
    case OPTION_SFTP_SERVER:
        settings->sftp_server = text;
        break;
    case OPTION_ROOT:
        set_root(settings, text);
        break;
    case OPTION_LOGIN_GRACE:
        set_seconds("--login-grace", text, &settings->login_grace_ms);
        break;
    case OPTION_IDLE_TIMEOUT:
        set_seconds("--idle-timeout", text, &settings->idle_timeout_ms);
        break;
    case OPTION_LOG:
        if (log_target_parse(text, &settings->log_target) < 0) {
            mistake("--log: '%s' is not stderr, syslog or json", text);
        }
        break;
    case OPTION_PEER:
        settings->peer_text = text;
        break;
    case OPTION_RECORDER:
        set_recorder(settings, text);
        break;
    case OPTION_SLOT_FD:
        settings->slot_fd = fd_option("--slot-fd", text);
        break;
    case OPTION_FORK_SERVER:
        set_fork_server(settings, text);
        break;
    default:
        usage_error(PROGRAM);
    }
}

static void set_switch(struct ssh_settings *settings, int option)
{
    static const struct {
        int option;
        enum policy_right right;
    } rights[] = {{OPTION_NO_EXEC, POLICY_EXEC},
                  {OPTION_NO_PTY, POLICY_PTY},
                  {OPTION_NO_UPLOAD, POLICY_UPLOAD},
                  {OPTION_NO_DOWNLOAD, POLICY_DOWNLOAD},
                  {OPTION_NO_FORWARD, POLICY_FORWARD}};
    for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
        if (rights[i].option == option) {
            policy_remove_right(settings->policy, rights[i].right);
            return;
        }
    }
    switch (option) {
    case OPTION_SSH_ALL_CIPHERS:
        settings->all_ciphers = true;
        break;
    case OPTION_SHOW_HOST_KEY:
        settings->show_host_key = true;
        break;
    case 'v':
        settings->log_level += settings->log_level < LOG_LEVEL_DEBUG ? 1 : 0;
        break;
    case 'i':
        break;
    case 'h':
        (void)fputs(help, stdout);
        exit(0);
    case 'V':
        print_version(PROGRAM);
        exit(0);
    default:
        usage_error(PROGRAM);
    }
}

static void check(const struct ssh_settings *settings)
{
    char reason[256];
    if (settings->sftp_server == NULL) {
        return;
    }
    /* That program would know nothing of them. */
    if (policy_root_fd(settings->policy) >= 0 ||
        policy_check_right(settings->policy, POLICY_UPLOAD, reason, sizeof(reason)) < 0 ||
        policy_check_right(settings->policy, POLICY_DOWNLOAD, reason, sizeof(reason)) < 0) {
        mistake("--sftp-server cannot be used with --root, --no-upload or --no-download: only the "
                "built-in server keeps them");
    }
}

void ssh_settings_parse(int argc, char **argv, struct ssh_settings *ret)
{
    int option;
    *ret = (struct ssh_settings){.auth_publickey = true,
                                 .login_grace_ms = LOGIN_GRACE_MS,
                                 .slot_fd = -1,
                                 .fork_server_fd = -1,
                                 .log_target = LOG_TO_STDERR,
                                 .log_level = LOG_LEVEL_NOTICE,
                                 .recorder = {.fd = -1}};
    if (policy_new(&ret->policy) < 0) {
        die("out of memory");
    }
    options_short_name(argv);
    while ((option = getopt_long(argc, argv, "ivhV", options, NULL)) != -1) {
        if (optarg != NULL) {
            set_text(ret, option, optarg);
        } else {
            set_switch(ret, option);
        }
    }
    if (optind < argc) {
        mistake("'%s' is one argument too many", argv[optind]);
    }
    if (ret->key_file_count == 0) {
        ret->key_files[ret->key_file_count++] = DEFAULT_KEY_FILES;
    }
    check(ret);
}

void ssh_settings_done(struct ssh_settings *settings)
{
    policy_free(settings->policy);
}
