/* SPDX-License-Identifier: MIT */
/*
 * A shell session from connect to exit status: signals, the terminal's window, and the one place
 * that decides how the session ends. Streams are shell_io.c's, messages the wire's.
 */
#include "shell.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <vsock-shell/error.h>

#include "arguments.h"
#include "common/log.h"
#include "end_signals.h"
#include "shell_session.h"
#include "status.h"
#include "target.h"

/*
 * How long a command may take to answer the user's signal, with a last word or by tidying up,
 * before the end is forced.
 */
#define SIGNAL_MS 250
/* How long the server may take to acknowledge the end before we go without that. */
#define END_MS 2000

static void stop(struct shell *shell)
{
    loop_stop(shell->loop, shell->result);
}

void shell_over(struct shell *shell)
{
    if (shell->state == SHELL_CLOSING) {
        stop(shell);
    }
}

static void on_end_timeout(void *data)
{
    stop(data);
}

/* END is on its way; the server's END, its end of the stream or the timer finish it. */
static void close_session(struct shell *shell)
{
    shell->state = SHELL_CLOSING;
    if (shell->link.ended || shell->wire->end(shell) < 0) {
        stop(shell);
        return;
    }
    loop_timer_set(shell->loop, &shell->end_timer, END_MS, on_end_timeout, shell);
}

static void say_lost(struct shell *shell)
{
    terminal_restore(&shell->terminal);
    if (shell->refusal[0] != '\0') {
        log_error("%s: %s", shell->target->text, shell->refusal);
    } else if (shell->lost == VSH_E_MALFORMED && shell->wire->protocol == 2 &&
               !shell->link.heard_hello) {
        log_error("%s is not a vsock-shell server: it answered with something else",
                  shell->target->text);
    } else {
        log_error("connection to %s lost: %s", shell->target->text, link_explain(shell->lost));
    }
}

/* All output has been written, or is dropped. */
static void drained(struct shell *shell)
{
    if (shell->was_lost) {
        say_lost(shell);
        stop(shell);
    } else {
        close_session(shell);
    }
}

void shell_update(struct shell *shell)
{
    if (shell->state == SHELL_DRAINING && !shell_output_pending(shell)) {
        drained(shell);
    }
    shell_io_send(shell);
    link_update(&shell->link);
    /* Last: what the link has sent is room for more stdin. */
    shell_io_update(shell);
}

void shell_result(struct shell *shell, int status)
{
    if (shell->state == SHELL_RUNNING) {
        shell->result = shell->ended_by ? CLIENT_STATUS_SIGNAL(shell->ended_by) : status;
        shell->state = SHELL_DRAINING;
    }
}

void shell_end(struct shell *shell, int status)
{
    if (shell->state == SHELL_CLOSING) {
        return;
    }
    shell->result = status;
    output_close(&shell->outputs[VSH_STREAM_STDOUT]);
    output_close(&shell->outputs[VSH_STREAM_STDERR]);
    (void)link_resume(&shell->link);
    close_session(shell);
}

static void send_size(struct shell *shell)
{
    struct vsh_winsize size;

    terminal_size(&size);
    (void)shell->wire->resize(shell, &size);
}

void shell_begin(struct shell *shell)
{
    shell->input_ready = true;
    if (shell->pty) {
        terminal_raw(&shell->terminal);
    }
    if (shell->resized) {
        send_size(shell);
    }
}

static void on_ready(void *session)
{
    struct shell *shell = session;

    shell->wire->ready(shell);
}

static int on_message(void *session, const struct vsh_message *message)
{
    struct shell *shell = session;

    return shell->wire->message(shell, message);
}

static void on_moved(void *session)
{
    shell_update(session);
}

static void on_link_ended(void *session, int error)
{
    struct shell *shell = session;

    if (shell->ended_by != 0) {
        loop_stop(shell->loop, CLIENT_STATUS_SIGNAL(shell->ended_by));
        return;
    }
    if (shell->state == SHELL_RUNNING) {
        shell->was_lost = true;
        shell->lost = error;
        shell->result = CLIENT_STATUS_OWN;
        shell->state = SHELL_DRAINING;
    }
    shell_over(shell);
    shell_update(shell);
}

static void on_refused(void *session, const struct vsh_error_message *error)
{
    struct shell *shell = session;

    (void)snprintf(shell->refusal, sizeof(shell->refusal), "%s", error->text);
    on_link_ended(shell, VSH_E_GONE);
}

static const struct link_ops link_ops = {
    .ready = on_ready,
    .message = on_message,
    .moved = on_moved,
    .ended = on_link_ended,
    .refused = on_refused,
};

static void on_signal_timeout(void *data)
{
    struct shell *shell = data;

    shell_end(shell, CLIENT_STATUS_SIGNAL(shell->ended_by));
    shell_update(shell);
}

/* The user wants out. The command gets the signal, then the end; a second signal waits no more. */
static void on_end_signal(int signo, void *data)
{
    struct shell *shell = data;

    if (shell->state == SHELL_CLOSING || shell->ended_by != 0 || !shell->input_ready) {
        loop_stop(shell->loop, CLIENT_STATUS_SIGNAL(signo));
        return;
    }
    terminal_restore(&shell->terminal);
    shell->ended_by = signo;
    shell->input_open = false;
    if (shell->state == SHELL_RUNNING && shell->wire->signal(shell, vsh_signal_name(signo)) == 0) {
        loop_timer_set(shell->loop, &shell->end_timer, SIGNAL_MS, on_signal_timeout, shell);
    } else {
        shell_end(shell, CLIENT_STATUS_SIGNAL(signo));
    }
    shell_update(shell);
}

static void on_passed_signal(int signo, void *data)
{
    struct shell *shell = data;

    if (shell->input_ready && shell->state == SHELL_RUNNING) {
        (void)shell->wire->signal(shell, vsh_signal_name(signo));
        shell_update(shell);
    }
}

static void on_resize(int signo, void *data)
{
    struct shell *shell = data;

    (void)signo;
    if (shell->input_ready && shell->state == SHELL_RUNNING) {
        send_size(shell);
        shell_update(shell);
    } else {
        shell->resized = true;
    }
}

static void on_stop(int signo, void *data)
{
    struct shell *shell = data;

    (void)signo;
    terminal_suspend(&shell->terminal);
}

/* The window may have changed while we were stopped, and so may the terminal's modes. */
static void on_continue(int signo, void *data)
{
    struct shell *shell = data;

    if (shell->input_ready && shell->state == SHELL_RUNNING) {
        terminal_raw(&shell->terminal);
        on_resize(signo, data);
    }
}

static const struct {
    int signo;
    bool pty_only;
    loop_signal_fn *fn;
} signals[] = {
    {SIGINT, false, on_end_signal},     {SIGTERM, false, on_end_signal},
    {SIGHUP, false, on_end_signal},     {SIGQUIT, false, on_end_signal},
    {SIGUSR1, false, on_passed_signal}, {SIGUSR2, false, on_passed_signal},
    {SIGWINCH, true, on_resize},        {SIGTSTP, true, on_stop},
    {SIGCONT, true, on_continue},
};

static int watch_signals(struct shell *shell)
{
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        if ((signals[i].pty_only && !shell->pty) || signal_is_ignored(signals[i].signo)) {
            continue;
        }
        int rc = loop_signal(shell->loop, signals[i].signo, signals[i].fn, shell);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

static void unwatch_signals(struct shell *shell)
{
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        (void)loop_signal(shell->loop, signals[i].signo, NULL, NULL);
    }
}

/* One connection in one protocol version. Returns the exit status, or LINK_SPEAK_V1. */
static int attempt(struct shell *shell, const struct shell_wire *wire)
{
    struct link_options options = {
        .loop = shell->loop,
        .fd = -1,
        .name = shell->target->text,
        .protocol = wire->protocol,
        .may_fall_back = shell->arguments->protocol == 0,
        .answer_ms = shell->arguments->timeout_ms,
        .ops = &link_ops,
        .session = shell,
    };

    shell->wire = wire;
    shell->pty = shell->pty || wire->always_pty;
    if (target_connect(shell->target, shell->arguments, &options.fd) < 0) {
        return CLIENT_STATUS_OWN;
    }
    int rc = link_open(&shell->link, &options);
    if (rc == 0) {
        rc = watch_signals(shell);
    }
    if (rc < 0) {
        log_error("cannot start a session: %s", vsh_strerror(rc));
        return CLIENT_STATUS_OWN;
    }
    if (wire->open(shell) < 0) {
        return CLIENT_STATUS_OWN;
    }
    shell_update(shell);
    rc = loop_run(shell->loop);
    if (rc < 0) {
        log_error("cannot wait for events: %s", vsh_strerror(rc));
        return CLIENT_STATUS_OWN;
    }
    return rc;
}

static void finish_attempt(struct shell *shell)
{
    terminal_restore(&shell->terminal);
    unwatch_signals(shell);
    loop_timer_clear(shell->loop, &shell->end_timer);
    link_close(&shell->link);
}

static bool wants_pty(const struct client_arguments *arguments)
{
    if (arguments->pty == CLIENT_PTY_AUTO) {
        return !arguments->command && arguments->argc == 0 && isatty(STDIN_FILENO) == 1;
    }
    return arguments->pty == CLIENT_PTY_ALWAYS;
}

int shell_run(const struct client_arguments *arguments, const struct target *target,
              struct loop *loop)
{
    struct shell shell = {.arguments = arguments,
                          .target = target,
                          .loop = loop,
                          .link = {.options = {.fd = -1}},
                          .pty = wants_pty(arguments)};
    int status = CLIENT_STATUS_OWN;

    if (shell_io_open(&shell) < 0) {
        log_error("out of memory");
    } else {
        status = attempt(&shell, arguments->protocol == 1 ? &shell_wire_v1 : &shell_wire_v2);
        finish_attempt(&shell);
    }
    if (status == LINK_SPEAK_V1) {
        status = attempt(&shell, &shell_wire_v1);
        finish_attempt(&shell);
    }
    shell_io_close(&shell);
    return status;
}
