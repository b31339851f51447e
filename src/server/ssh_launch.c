/* SPDX-License-Identifier: MIT */
/* Finds vsock-shell-ssh-session and turns the settings back into its command line. */
#include "server/ssh_launch.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "common/log.h"
#include "common/loop.h"
#include "server/config.h"
#include "server/connection.h"
#include "server/server.h"
#include "server/ssh_refuse.h"
#include "session/record.h"

#define NUMBER_MAX 32

static int try_folder(const char *folder, size_t length, char **ret)
{
    char *path = NULL;
    if (asprintf(&path, "%.*s/" SSH_PROGRAM, (int)length, folder) < 0) {
        return -ENOMEM;
    }
    if (access(path, X_OK) < 0) {
        free(path);
        return -ENOENT;
    }
    *ret = path;
    return 0;
}

int ssh_find_program(char **ret)
{
    const char *folder = getenv("VSOCK_SHELL_LIBEXEC");
    if (folder && *folder && getauxval(AT_SECURE) == 0) {
        return try_folder(folder, strlen(folder), ret);
    }
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (length > 0) {
        self[length] = '\0';
        const char *slash = strrchr(self, '/');
        if (slash && try_folder(self, (size_t)(slash - self), ret) == 0) {
            return 0;
        }
    }
    return try_folder(VSH_LIBEXECDIR, strlen(VSH_LIBEXECDIR), ret);
}

/* A growing argv; the texts are borrowed. */
struct arguments {
    const char **words;
    size_t count;
    size_t capacity;
    bool failed;
};

static void add(struct arguments *arguments, const char *word)
{
    if (arguments->count == arguments->capacity) {
        size_t capacity = arguments->capacity + 32;
        const char **grown = reallocarray(arguments->words, capacity, sizeof(*grown));
        if (!grown) {
            arguments->failed = true;
            return;
        }
        arguments->words = grown;
        arguments->capacity = capacity;
    }
    arguments->words[arguments->count++] = word;
}

static void add_pair(struct arguments *arguments, const char *name, const char *value)
{
    if (value) {
        add(arguments, name);
        add(arguments, value);
    }
}

static void add_if(struct arguments *arguments, const char *name, bool on)
{
    if (on) {
        add(arguments, name);
    }
}

static const char *seconds(char text[NUMBER_MAX], int64_t ms)
{
    (void)snprintf(text, NUMBER_MAX, "%d.%03d", (int)(ms / 1000), (int)(ms % 1000));
    return text;
}

static void add_settings(struct arguments *arguments, const struct config *config)
{
    static const char *const log_targets[] = {"stderr", "syslog", "json"};
    add_pair(arguments, "--user", config->user);
    add_pair(arguments, "--shell", config->shell);
    add_pair(arguments, "--root", config->root);
    add_if(arguments, "--no-exec", config->no_exec);
    add_if(arguments, "--no-pty", config->no_pty);
    add_if(arguments, "--no-upload", config->no_upload);
    add_if(arguments, "--no-download", config->no_download);
    add_if(arguments, "--no-forward", config->no_forward);
    add_pair(arguments, "--host-key", config->ssh.host_key);
    add_pair(arguments, "--ssh-auth", config->ssh.auth);
    add_if(arguments, "--ssh-all-ciphers", config->ssh.all_ciphers);
    add_pair(arguments, "--sftp-server", config->ssh.sftp_server);
    for (size_t i = 0; i < config->ssh.authorized_keys.count; i++) {
        add_pair(arguments, "--authorized-keys", config->ssh.authorized_keys.items[i]);
    }
    add_pair(arguments, "--log", log_targets[config->log_target]);
    for (int i = 0; i < config->verbose; i++) {
        add(arguments, "-v");
    }
}

/* Returns only on failure. */
static int become_program(const struct server *server, struct arguments *arguments)
{
    add(arguments, NULL);
    if (arguments->failed) {
        log_error("cannot start %s: out of memory", server->ssh_program);
        return 1;
    }
    (void)unsetenv("NOTIFY_SOCKET"); /* of the listener, not of a session */
    loop_signals_default();
    /* execv(3) does not write to the words: its type is older than const. */
    char *const *argv = (char *const *)(uintptr_t)arguments->words;
    execv(server->ssh_program, argv);
    log_error("cannot start %s: %s", server->ssh_program, strerror(errno));
    return 1;
}

/* The socket lives on under its number, and the recorder stays our child. */
static int add_recorder(struct arguments *arguments, char text[NUMBER_MAX],
                        const struct recorder *recorder)
{
    if (recorder->fd < 0) {
        return 0;
    }
    (void)snprintf(text, NUMBER_MAX, "%d:%d", recorder->fd, (int)recorder->pid);
    add_pair(arguments, "--recorder", text);
    return fd_set_cloexec(recorder->fd, false);
}

int ssh_launch(const struct server *server, int fd, const char *peer_text, int64_t deadline_ms,
               const struct recorder *recorder)
{
    const struct config *config = server->config;
    char grace[NUMBER_MAX];
    char idle[NUMBER_MAX];
    char socket[NUMBER_MAX];
    char slot[NUMBER_MAX];
    struct arguments arguments = {0};

    add(&arguments, SSH_PROGRAM);
    add_pair(&arguments, "--peer", peer_text);
    if (deadline_ms >= 0) {
        int64_t left_ms = deadline_ms - monotonic_ms();
        add_pair(&arguments, "--login-grace", seconds(grace, left_ms > 1 ? left_ms : 1));
    } else {
        add_pair(&arguments, "--login-grace", "0");
    }
    add_pair(&arguments, "--idle-timeout", seconds(idle, config->idle_timeout_ms));
    add_settings(&arguments, config);
    if (server->slot_fd >= 0 && fd_set_cloexec(server->slot_fd, false) == 0) {
        (void)snprintf(slot, sizeof(slot), "%d", server->slot_fd);
        add_pair(&arguments, "--slot-fd", slot);
    }

    /* What stays open above 2 is close-on-exec; the connection lives on as 0 and 1. */
    int r = add_recorder(&arguments, socket, recorder);
    if (r == 0) {
        r = dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0 ? -errno : 0;
    }
    if (r < 0) {
        log_error("cannot pass the connection to %s: %s", server->ssh_program, strerror(-r));
    } else {
        (void)become_program(server, &arguments);
        ssh_refuse(fd, VSH_ERROR_UNSUPPORTED,
                   "vsock-shell-server: the program for SSH has gone since the start; install it "
                   "again",
                   monotonic_ms() + REFUSE_MS);
    }
    free(arguments.words);
    return 1;
}

void ssh_launch_fork_server(const struct server *server, int socket)
{
    char idle[NUMBER_MAX];
    char number[NUMBER_MAX];
    struct arguments arguments = {0};

    (void)snprintf(number, sizeof(number), "%d", socket);
    add(&arguments, SSH_PROGRAM);
    add_pair(&arguments, "--fork-server", number);
    add_pair(&arguments, "--idle-timeout", seconds(idle, server->config->idle_timeout_ms));
    add_settings(&arguments, server->config);
    int r = fd_set_cloexec(socket, false);
    if (r < 0) {
        log_error("cannot pass the socket to %s: %s", server->ssh_program, strerror(-r));
    } else {
        (void)become_program(server, &arguments);
    }
    free(arguments.words);
}

int ssh_show_host_key(const struct server *server)
{
    struct arguments arguments = {0};
    add(&arguments, SSH_PROGRAM);
    add(&arguments, "--show-host-key");
    add_pair(&arguments, "--host-key", server->config->ssh.host_key);
    int status = become_program(server, &arguments);
    free(arguments.words);
    return status;
}
