/* SPDX-License-Identifier: MIT */
/*
 * vsock-shell-server: settings, then either one connection or the listener. Wrong use and settings
 * that cannot work exit 2, a start that fails exits 1.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "common/log.h"
#include "common/options.h"
#include "server/activation.h"
#include "server/config.h"
#include "server/daemon.h"
#include "server/listener.h"
#include "server/notify.h"
#include "server/one_connection.h"
#include "server/record_file.h"
#include "server/server.h"
#include "server/ssh_launch.h"
#include "server/status.h"
#include "session/account.h"
#include "session/policy.h"

#define EXIT_START 1
#define EXIT_USAGE 2

static void open_log(const struct config *config)
{
    log_open(SERVER_PROGRAM, config->log_target,
             config->verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
}

static int find_account(const struct config *config, struct account **ret)
{
    if (!config->user) {
        return 0;
    }
    int r = account_lookup(config->user, ret);
    if (r < 0) {
        log_error("--user: there is no user '%s' here: %s", config->user, strerror(-r));
        return r;
    }
    if (geteuid() != 0 && (*ret)->uid != geteuid()) {
        log_error("--user: only root can run sessions as another user, '%s'", config->user);
        return -EPERM;
    }
    return 0;
}

static int find_ssh(const struct config *config, char **ret)
{
    if (!config->ssh.on && !config->ssh.show_host_key) {
        return 0;
    }
    int r = ssh_find_program(ret);
    if (r < 0) {
        log_error("--ssh: the program " SSH_PROGRAM " is not installed in " VSH_LIBEXECDIR
                  " nor beside this one: install it, or serve without --ssh");
    }
    return r;
}

static int find_record_folder(const struct config *config, int *ret_fd)
{
    char error[512];
    if (!config->record) {
        return 0;
    }
    int r = record_folder_open(config->record, error, sizeof(error));
    if (r < 0) {
        log_error("%s", error);
        return r;
    }
    *ret_fd = r;
    return 0;
}

/* Everything that may be wrong with the settings shows here, before anything starts. */
static int prepare(struct server *server)
{
    char error[512];
    const struct config *config = server->config;
    int r = config_policy(config, &server->policy, error, sizeof(error));
    if (r < 0) {
        log_error("%s", error);
        return r;
    }
    r = find_account(config, &server->account);
    if (r == 0) {
        r = find_record_folder(config, &server->record_fd);
    }
    return r < 0 ? r : find_ssh(config, &server->ssh_program);
}

static int open_sockets(struct listener *listener, const struct config *config,
                        const struct activation *activation)
{
    int r = 0;
    if (activation->count) {
        for (size_t i = 0; r == 0 && i < activation->count; i++) {
            r = listener_adopt(listener, ACTIVATION_FIRST_FD + (int)i);
        }
        log_notice("serving %zu sockets of the service manager", activation->count);
        return r;
    }
    for (size_t i = 0; r == 0 && i < config->address_count; i++) {
        r = listener_open(listener, &config->addresses[i]);
    }
    return r;
}

/* Bound: the pid file, then whoever waits for us. */
static int announce(const struct config *config, int ready_fd)
{
    int r = config->pid_file ? pid_file_write(config->pid_file) : 0;
    if (r < 0) {
        log_error("--pid-file: cannot write '%s': %s", config->pid_file, strerror(-r));
        return r;
    }
    char state[64];
    (void)snprintf(state, sizeof(state), "READY=1\nMAINPID=%d", (int)getpid());
    (void)notify_send(state);
    if (ready_fd < 0) {
        return 0;
    }
    open_log(config);
    log_notice("ready, process %d", (int)getpid());
    return daemon_ready(ready_fd);
}

static int serve_sockets(struct server *server, const struct activation *activation, int ready_fd)
{
    const struct config *config = server->config;
    struct listener *listener = NULL;
    int r = listener_new(server, &listener);
    if (r < 0) {
        log_error("cannot start: %s", strerror(-r));
        return EXIT_START;
    }
    r = open_sockets(listener, config, activation);
    if (r == 0) {
        r = listener_control(listener, config->control);
    }
    if (r == 0) {
        r = announce(config, ready_fd);
    }
    if (r == 0) {
        r = listener_run(listener);
        if (config->pid_file) {
            pid_file_remove(config->pid_file);
        }
    }
    listener_free(listener);
    return r < 0 ? EXIT_START : 0;
}

/* What is open above 2: the service manager's sockets, and nothing that a careless parent left. */
static int take_descriptors(struct activation *activation)
{
    int r = activation_take(activation);
    if (r < 0) {
        log_error("LISTEN_FDS: the service manager passed something other than listening stream "
                  "sockets or one connected socket");
        return r;
    }
    fd_close_from(ACTIVATION_FIRST_FD + (int)activation->count);
    return 0;
}

static int serve(struct server *server, const struct activation *activation)
{
    const struct config *config = server->config;
    if (config->one_connection) {
        return one_connection_stdio(server);
    }
    if (activation->connected) {
        return one_connection_socket(server, ACTIVATION_FIRST_FD);
    }
    if (!config->daemonize) {
        return serve_sockets(server, activation, -1);
    }
    /* Until everything is bound, the person at the terminal is told what is wrong. */
    log_open(SERVER_PROGRAM, LOG_TO_STDERR, LOG_LEVEL_ERROR);
    int ready_fd = daemon_start();
    if (ready_fd < 0) {
        log_error("cannot go to the background: %s", strerror(-ready_fd));
        return EXIT_START;
    }
    return serve_sockets(server, activation, ready_fd);
}

int main(int argc, char **argv)
{
    struct config config;
    struct activation activation = {0};
    struct server server = {.config = &config, .record_fd = -1, .slot_fd = -1};

    if (fd_open_standard() < 0) {
        return EXIT_START;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* ulimit -f: a sentence about the file instead */
    /* An inherited mask could make us deaf for SIGTERM. */
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (config_parse(&config, argc, argv) < 0) {
        usage_error(SERVER_PROGRAM);
    }
    open_log(&config);
    if (config.status) {
        int status = status_ask(&config);
        config_done(&config);
        return status;
    }
    int status = EXIT_USAGE;
    if (take_descriptors(&activation) < 0) {
        status = EXIT_START;
    } else if (prepare(&server) == 0) {
        if (config.check_only) {
            config_print(&config, server.policy, stdout);
            status = 0;
        } else if (config.ssh.show_host_key) {
            status = ssh_show_host_key(&server);
        } else {
            status = serve(&server, &activation);
        }
    }
    policy_free(server.policy);
    account_free(server.account);
    free(server.ssh_program);
    config_done(&config);
    return status;
}
