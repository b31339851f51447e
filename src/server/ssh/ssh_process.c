/* SPDX-License-Identifier: MIT */
/*
 * Translates a channel to session/: environment, terminal, spawn, pump. Who ends when is the pump's
 * decision; here the result becomes exit-status or exit-signal.
 */
#include "server/ssh/ssh_process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "common/log.h"
#include "server/ssh/ssh_channel.h"
#include "server/ssh/ssh_process_state.h"
#include "server/ssh/ssh_settings.h"
#include "session/account.h"
#include "session/environ.h"
#include "session/process.h"
#include "session/pty.h"
#include "session/pump.h"

#define INPUT_CAPACITY  (256u * 1024u)
#define ENVIRONMENT_MAX 256u

/* The state exists from the first request that needs it (a terminal) or from the start. */
static struct ssh_process *get_state(struct channel *channel)
{
    if (channel->process == NULL) {
        channel->process = calloc(1, sizeof(*channel->process));
        if (channel->process != NULL) {
            channel->process->pty.master_fd = channel->process->pty.slave_fd = -1;
        }
    }
    return channel->process;
}

static int make_environment(struct channel *channel)
{
    const struct ssh_connection *connection = channel->connection;
    const struct account *account = connection->auth.account;
    struct environ_block *block;
    if (channel->environment != NULL) {
        return 0;
    }
    int r = environ_new(account, connection->settings->shell, &block);
    if (r < 0) {
        return r;
    }
    const struct authorized_list *list = &connection->auth.key.options.environment;
    if (environ_set(block, "SSH_CLIENT", connection->peer.client) < 0 ||
        environ_set(block, "SSH_CONNECTION", connection->peer.connection) < 0 ||
        environ_set(block, "VSOCK_SHELL_PEER", connection->peer.text) < 0) {
        environ_free(block);
        return -ENOMEM;
    }
    /* The first of a name counts, as in OpenSSH. */
    for (size_t i = connection->auth.key.line != NULL ? list->count : 0; i-- > 0;) {
        if (environ_request(block, list->items[i], true) < 0) {
            log_info("environment=\"%s\" is not set: the name is not allowed", list->items[i]);
        }
    }
    channel->environment = block;
    return 0;
}

int ssh_process_environment(struct channel *channel, const char *name, const char *value)
{
    char *pair = NULL;
    int r = make_environment(channel);
    if (r < 0 || channel->kind != NULL || ++channel->requested_env > ENVIRONMENT_MAX) {
        return -EPERM;
    }
    if (asprintf(&pair, "%s=%s", name, value) < 0) {
        return -ENOMEM;
    }
    r = environ_request(channel->environment, pair, false);
    free(pair);
    return r;
}

int ssh_process_pty(struct channel *channel, const char *term, const struct vsh_winsize *size)
{
    struct ssh_process *state = get_state(channel);
    if (state == NULL || state->has_pty) {
        return -EBUSY;
    }
    int r = make_environment(channel);
    if (r == 0) {
        r = pty_open(&state->pty, channel->connection->auth.account->uid, size);
    }
    if (r < 0) {
        log_warning("cannot open a terminal: %s", strerror(-r));
        return r;
    }
    state->has_pty = true;
    if (environ_set(channel->environment, "TERM", term[0] != '\0' ? term : "dumb") < 0 ||
        environ_set(channel->environment, "SSH_TTY", state->pty.name) < 0) {
        return -ENOMEM;
    }
    return 0;
}

bool ssh_process_has_pty(const struct channel *channel)
{
    return channel->process != NULL && channel->process->has_pty;
}

static int master_fd(const struct ssh_process *state)
{
    return state->pump != NULL ? pump_pty_fd(state->pump) : state->pty.master_fd;
}

int ssh_process_resize(struct channel *channel, const struct vsh_winsize *size)
{
    const struct ssh_process *state = channel->process;
    if (state != NULL && state->pump != NULL) {
        return pump_resize(state->pump, size);
    }
    int fd = state != NULL ? state->pty.master_fd : -1;
    return fd >= 0 ? pty_resize(fd, size) : -ENOTTY;
}

void ssh_process_signal(struct channel *channel, const char *name)
{
    struct ssh_process *state = channel->process;
    int number = vsh_signal_number(name);
    if (state == NULL || state->pump == NULL || number == 0) {
        log_info("signal %s is not delivered: %s", name,
                 number == 0 ? "there is none of that name" : "nothing runs here");
        return;
    }
    (void)process_signal(&state->process, master_fd(state), number);
}

void ssh_process_break(struct channel *channel)
{
    int fd = channel->process != NULL ? master_fd(channel->process) : -1;
    if (fd >= 0) {
        (void)tcsendbreak(fd, 0);
    }
}

/* Says on the error stream why there is no process, and ends the channel as a shell would. */
static void report_failure(struct channel *channel, const char *path, enum process_stage stage,
                           int error)
{
    static const char *const stages[] = {
        [PROCESS_STAGE_RECORD] = "sessions are recorded here, and there is no recording of",
        [PROCESS_STAGE_FORK] = "cannot start a process for",
        [PROCESS_STAGE_ACCOUNT] = "cannot become the user for",
        [PROCESS_STAGE_CWD] = "cannot enter the folder for",
        [PROCESS_STAGE_EXEC] = "cannot execute",
    };
    struct ssh_process *state = channel->process;
    (void)snprintf(state->failure, sizeof(state->failure), "vsock-shell: %s %.200s: %s%s",
                   stages[stage], path, strerror(-error), state->has_pty ? "\r\n" : "\n");
    struct audit_result told = audit_because("%s %s: %s", stages[stage], path, strerror(-error));
    told.has_status = true;
    told.status = process_exec_status(error);
    ssh_process_audit(channel, &told);
    state->result = (struct process_result){.code = process_exec_status(error)};
    state->has_result = true;
    ssh_process_attach(channel);
}

static int spawn(struct channel *channel, const char *path, char *const *argv)
{
    struct ssh_process *state = channel->process;
    const struct process_spec spec = {
        .path = path,
        .argv = argv,
        .envp = environ_vector(channel->environment),
        .pty = state->has_pty ? &state->pty : NULL,
        .recorder = channel->connection->recorder,
    };
    enum process_stage stage;
    int r = process_spawn(&spec, &state->process, &stage);
    if (state->pty.slave_fd >= 0) {
        (void)close(state->pty.slave_fd);
        state->pty.slave_fd = -1;
    }
    if (r < 0) {
        report_failure(channel, path, stage, r);
        return 0;
    }
    const struct pump_options options = {
        .process = &state->process,
        .pty_master_fd = state->pty.master_fd,
        .input_capacity = INPUT_CAPACITY,
        .ops = ssh_process_pump_peer(),
        .peer = channel,
    };
    r = pump_new(&options, &state->pump);
    if (r < 0) {
        die("out of memory");
    }
    state->pty.master_fd = -1; /* the pump's */
    state->input_room = INPUT_CAPACITY;
    ssh_process_attach(channel);
    return 0;
}

int ssh_process_start(struct channel *channel, const char *command, const char *wish)
{
    const struct ssh_connection *connection = channel->connection;
    const char *shell = connection->settings->shell != NULL ? connection->settings->shell
                                                            : connection->auth.account->shell;
    char **argv = NULL;
    int r = get_state(channel) != NULL ? make_environment(channel) : -ENOMEM;
    bool forced = command != wish && wish != NULL;
    if (r == 0 && forced) {
        r = environ_set(channel->environment, "SSH_ORIGINAL_COMMAND", wish);
    }
    if (r == 0 && connection->agent_path != NULL) {
        r = environ_set(channel->environment, "SSH_AUTH_SOCK", connection->agent_path);
    }
    if (r == 0) {
        r = process_shell_argv(shell, command, &argv);
    }
    if (r == 0) {
        if (forced) {
            log_info("the key's command= replaces: %s", wish);
        }
        audit_begin(&channel->process->audit, command != NULL ? "exec" : "shell",
                    command != NULL ? "command" : NULL, command);
        channel->process->audit.is_process = true;
        channel->process->audit.terminal = channel->process->has_pty;
        audit_show(&channel->connection->audit, &channel->process->audit);
        r = spawn(channel, shell, argv);
    }
    free(argv);
    return r;
}
