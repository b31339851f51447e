/* SPDX-License-Identifier: MIT */
/* Joins session/process and session/pump to the connection's poll loop. */
#include "server/native/native_process.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "common/log.h"
#include "session/account.h"
#include "session/environ.h"
#include "session/pty.h"

int native_process_environ(const struct native *native, const char *term,
                           struct environ_block **ret)
{
    struct environ_block *env = NULL;
    int r = environ_new(native->account, native->settings->shell, &env);

    if (r == 0 && term) {
        r = environ_set(env, "TERM", term[0] != '\0' ? term : "dumb");
    }
    if (r == 0) {
        r = environ_set(env, "VSOCK_SHELL_PEER", native->settings->audit->peer);
    }
    if (r < 0) {
        environ_free(env);
        return r;
    }
    *ret = env;
    return 0;
}

/* argv of a shell, its command, or a program; then the one spawn. */
static int spawn(struct native *native, const struct native_start *start, const struct pty *pty,
                 struct process *process, enum process_stage *ret_stage)
{
    cleanup_free char **shell_argv = NULL;
    const char *shell = start->shell ? start->shell : native->settings->shell;
    struct process_spec spec = {
        .envp = environ_vector(start->env),
        .cwd = start->cwd,
        .account = native->account,
        .pty = pty,
        .recorder = native->settings->recorder,
    };

    if (start->argv) {
        spec.path = start->argv[0];
        spec.argv = start->argv;
    } else {
        spec.path = shell ? shell : native->account->shell;
        int r = process_shell_argv(spec.path, start->command, &shell_argv);
        if (r < 0) {
            return r;
        }
        spec.argv = shell_argv;
    }
    return process_spawn(&spec, process, ret_stage);
}

int native_process_start(struct native *native, struct native_process *process,
                         const struct native_start *start, enum process_stage *ret_stage)
{
    struct pty pty = {.master_fd = -1, .slave_fd = -1};

    *process = (struct native_process){0};
    *ret_stage = PROCESS_STAGE_PTY;
    int r = start->size ? pty_open(&pty, native->account->uid, start->size) : 0;
    if (r < 0) {
        return r;
    }
    r = spawn(native, start, start->size ? &pty : NULL, &process->process, ret_stage);
    if (pty.slave_fd >= 0) {
        (void)close(take_fd(&pty.slave_fd));
    }
    if (r < 0) {
        pty_close(&pty);
        return r;
    }
    const struct pump_options options = {
        .process = &process->process,
        .pty_master_fd = pty.master_fd,
        .input_capacity = start->input_capacity,
        .ops = start->ops,
        .peer = native,
    };
    r = pump_new(&options, &process->pump);
    if (r < 0) {
        pty_close(&pty);
        process_terminate(&process->process);
        process_close(&process->process);
    }
    return r;
}

int native_process_explain(int error, enum process_stage stage, const char *what, char *text,
                           size_t size)
{
    static const char *const stages[] = {
        [PROCESS_STAGE_PTY] = "cannot open a terminal (is /dev/pts mounted?) for",
        [PROCESS_STAGE_RECORD] =
            "sessions are recorded here (--record), and there is no recording of",
        [PROCESS_STAGE_FORK] = "cannot start a process for",
        [PROCESS_STAGE_ACCOUNT] = "cannot become the session's user for",
        [PROCESS_STAGE_CWD] = "cannot enter the folder asked for (-C) to run",
        [PROCESS_STAGE_EXEC] = "cannot execute",
    };

    (void)snprintf(text, size, "vsock-shell-server: %s '%s': %s", stages[stage], what,
                   strerror(-error));
    return stage == PROCESS_STAGE_EXEC ? process_exec_status(error) : 126;
}

bool native_process_is_unrecorded(struct native *native, const struct native_process *process)
{
    int error = pump_record_error(process->pump);

    if (error == 0) {
        return false;
    }
    (void)native_fail(native, VSH_ERROR_INTERNAL,
                      "sessions are recorded here (--record), and the recording of this one cannot "
                      "go on: %s",
                      strerror(-error));
    return true;
}

void native_process_exited(void *peer, const struct process_result *result)
{
    struct native *native = peer;
    struct native_process *process = native->request;

    process->exited = true;
    process->result = *result;
}

void native_process_finish(struct native *native, const struct native_process *process)
{
    const struct audit_result result = audit_exit(process->result.signalled, process->result.code);

    native_finish(native, true, &result);
}

static void on_pump_fd(int fd, short revents, void *data)
{
    struct native *native = data;
    struct native_process *process = native->request;

    pump_ready(process->pump, fd, revents);
    native_update(native);
}

static bool is_wanted(const struct pump_interest *interest, size_t count, int fd)
{
    for (size_t i = 0; i < count; i++) {
        if (interest[i].fd == fd) {
            return true;
        }
    }
    return false;
}

void native_process_watch(struct native *native, struct native_process *process)
{
    struct pump_interest interest[PUMP_FDS_MAX];
    size_t count = pump_interest(process->pump, interest);

    /* Kept in place where it stays: a new watch would miss what this round's poll has found. */
    for (size_t i = 0; i < process->watched_count; i++) {
        if (!is_wanted(interest, count, process->watched[i])) {
            loop_unwatch(native->loop, process->watched[i]);
        }
    }
    process->watched_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (loop_watch(native->loop, interest[i].fd, interest[i].events, on_pump_fd, native) == 0) {
            process->watched[process->watched_count++] = interest[i].fd;
        }
    }
}

void native_process_child_ended(struct native *native)
{
    struct native_process *process = native->request;

    if (!process->process.exited && process_reap(&process->process)) {
        pump_exited(process->pump);
    }
}

void native_process_gone(struct native *native)
{
    struct native_process *process = native->request;

    if (process->pump) { /* else it never started, and pid 0 would be ourselves */
        process_terminate(&process->process);
    }
}

void native_process_free(struct native *native)
{
    struct native_process *process = native->request;

    for (size_t i = 0; i < process->watched_count; i++) {
        loop_unwatch(native->loop, process->watched[i]);
    }
    pump_free(process->pump); /* NULL when it could not be started */
    free(process);            /* the request, which begins with it */
}
