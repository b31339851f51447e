/* SPDX-License-Identifier: MIT */
/* From settings to what they mean on this machine: at the start, and again at SIGHUP. */
#include "server/server.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "server/config.h"
#include "server/record_file.h"
#include "server/ssh_launch.h"
#include "session/account.h"
#include "session/policy.h"

static int find_account(const struct config *config, struct account **ret, char *error, size_t size)
{
    if (!config->user) {
        return 0;
    }
    int r = account_lookup(config->user, ret);
    if (r < 0) {
        (void)snprintf(error, size, "--user: there is no user '%s' here: %s", config->user,
                       strerror(-r));
        return r;
    }
    if (geteuid() != 0 && (*ret)->uid != geteuid()) {
        (void)snprintf(error, size, "--user: only root can run sessions as another user, '%s'",
                       config->user);
        return -EPERM;
    }
    return 0;
}

static int find_ssh(const struct config *config, char **ret, char *error, size_t size)
{
    if (!config->ssh.on && !config->ssh.show_host_key) {
        return 0;
    }
    int r = ssh_find_program(ret);
    if (r < 0) {
        (void)snprintf(error, size,
                       "--ssh: the program " SSH_PROGRAM " is not installed in " VSH_LIBEXECDIR
                       " nor beside this one: install it, or serve without --ssh");
    }
    return r;
}

static int find_record_folder(const struct config *config, int *ret_fd, char *error, size_t size)
{
    if (!config->record) {
        return 0;
    }
    int r = record_folder_open(config->record, error, size);
    if (r < 0) {
        return r;
    }
    *ret_fd = r;
    return 0;
}

static void forget(struct server *server)
{
    policy_free(server->policy);
    account_free(server->account);
    free(server->ssh_program);
    if (server->record_fd >= 0) {
        (void)close(server->record_fd);
    }
    server->policy = NULL;
    server->account = NULL;
    server->ssh_program = NULL;
    server->record_fd = -1;
}

int server_prepare(struct server *server, char *error, size_t size)
{
    const struct config *config = server->config;
    int r = config_policy(config, &server->policy, error, size);
    if (r == 0) {
        r = find_account(config, &server->account, error, size);
    }
    if (r == 0) {
        r = find_record_folder(config, &server->record_fd, error, size);
    }
    return r < 0 ? r : find_ssh(config, &server->ssh_program, error, size);
}

static void config_free(struct config *config)
{
    if (config) {
        config_done(config);
        free(config);
    }
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_list(const struct config_list *a, const struct config_list *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++) {
        same = strcmp(a->items[i], b->items[i]) == 0;
    }
    return same;
}

/* What is bound, opened or written once is of the start; who changed it has to know. */
static void tell_unchanged(const struct config *start, const struct config *now)
{
    const struct {
        const char *name;
        bool same;
    } fixed[] = {
        {"listen", same_list(&start->listen_texts, &now->listen_texts)},
        {"port", start->port == now->port},
        {"pid-file", same_text(start->pid_file, now->pid_file)},
        {"control", same_text(start->control, now->control)},
        {"log", start->log_target == now->log_target},
    };
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        if (!fixed[i].same) {
            log_warning("--%s has changed: that takes effect when the server starts again",
                        fixed[i].name);
        }
    }
}

int server_reload(struct server *server, char *error, size_t size)
{
    struct config *config = calloc(1, sizeof(*config));
    struct server next = {.config = config, .record_fd = -1};
    char why[CONFIG_ERROR_MAX] = "out of memory";
    int r = config ? config_read(config, server->argc, server->argv, why) : -ENOMEM;
    if (r == 0) {
        r = server_prepare(&next, why, sizeof(why));
    }
    if (r < 0) {
        (void)snprintf(error, size, "%s", why);
        forget(&next);
        config_free(config);
        return r;
    }
    tell_unchanged(server->start_config, config);
    forget(server);
    config_free(server->reloaded);
    server->policy = next.policy;
    server->account = next.account;
    server->ssh_program = next.ssh_program;
    server->record_fd = next.record_fd;
    server->config = server->reloaded = config;
    log_set_level(server_log_level(config));
    return 0;
}

enum log_level server_log_level(const struct config *config)
{
    return config->verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
}

void server_done(struct server *server)
{
    forget(server);
    config_free(server->reloaded);
    server->reloaded = NULL;
}
