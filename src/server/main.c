/* SPDX-License-Identifier: MIT */
/*
 * vsock-shell-server: settings, then either one connection or the listener. Wrong use and settings
 * that cannot work exit 2, a start that fails exits 1.
 */
#include <signal.h>
#include <stdio.h>
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
#include "server/server.h"
#include "server/ssh_launch.h"
#include "server/status.h"

#define EXIT_START 1
#define EXIT_USAGE 2

static void open_log(const struct config *config)
{
    log_open(SERVER_PROGRAM, config->log_target, server_log_level(config));
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
    if (r == 0) {
        fd_close_from(ACTIVATION_FIRST_FD + (int)activation->count);
    }
    return r;
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

static int run(struct server *server, const struct activation *activation)
{
    const struct config *config = server->config;
    char error[CONFIG_ERROR_MAX];
    if (server_prepare(server, error, sizeof(error)) < 0) {
        log_error("%s", error);
        return EXIT_USAGE;
    }
    if (config->check_only) {
        config_print(config, server->policy, stdout);
        return 0;
    }
    return config->ssh.show_host_key ? ssh_show_host_key(server) : serve(server, activation);
}

int main(int argc, char **argv)
{
    struct config config;
    struct activation activation = {0};
    struct server server = {.config = &config,
                            .start_config = &config,
                            .argc = argc,
                            .argv = argv,
                            .record_fd = -1,
                            .slot_fd = -1,
                            .handover = HANDOVER_NONE};

    if (fd_open_standard() < 0) {
        return EXIT_START;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* ulimit -f: a sentence about the file instead */
    /* An inherited mask could make us deaf for SIGTERM. */
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    options_short_name(argv);
    if (config_parse(&config, argc, argv) < 0) {
        usage_error(SERVER_PROGRAM);
    }
    /* Before the log: what it opens must not be closed with what we inherited. */
    int taken = take_descriptors(&activation);
    open_log(&config);
    int status = EXIT_START;
    if (taken < 0) {
        log_error("LISTEN_FDS: the service manager passed something other than listening stream "
                  "sockets or one connected socket");
    } else {
        status = config.status ? status_ask(&config) : run(&server, &activation);
    }
    server_done(&server);
    config_done(&config);
    return status;
}
