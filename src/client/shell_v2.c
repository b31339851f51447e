/* SPDX-License-Identifier: MIT */
/* A shell session in protocol version 2: streams with credit, signals by name, an exit status. */
#include "shell_session.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include <vsock-shell/error.h>

#include "arguments.h"
#include "common/log.h"
#include "status.h"
#include "target.h"

/* Credit goes back in pieces of this size: one WINDOW for many DATA. */
#define CREDIT_STEP (VSH_V2_WINDOW_INITIAL / 4)

static int fill_exec(const struct shell *shell, struct vsh_exec *exec)
{
    const struct client_arguments *arguments = shell->arguments;
    const char *term = getenv("TERM");

    if (arguments->argc > VSH_EXEC_ARGS_MAX || arguments->envc > VSH_EXEC_ENV_MAX) {
        log_error("too many words: a program takes %d and -e %d variables", VSH_EXEC_ARGS_MAX,
                  VSH_EXEC_ENV_MAX);
        return -E2BIG;
    }
    *exec = (struct vsh_exec){
        .pty = shell->pty,
        .term = shell->pty && term ? term : "",
        .user = shell->target->user,
        .cwd = arguments->cwd ? arguments->cwd : "",
        .command = arguments->command,
        .argc = (uint32_t)arguments->argc,
        .envc = (uint32_t)arguments->envc,
    };
    if (shell->pty) {
        terminal_size(&exec->size);
    }
    for (size_t i = 0; i < arguments->argc; i++) {
        exec->argv[i] = arguments->argv[i];
    }
    for (size_t i = 0; i < arguments->envc; i++) {
        exec->env[i] = arguments->env[i];
    }
    return 0;
}

/* Sends EXEC when it fits the limit in force; before HELLO a long one has to wait. */
static int send_exec(struct shell *shell)
{
    struct vsh_exec exec;
    uint32_t limit = vsh_queue_send_max(shell->link.queue);
    int rc = fill_exec(shell, &exec);

    if (rc < 0) {
        return rc;
    }
    size_t size = vsh_exec_size(&exec);
    if (size > limit && !shell->link.heard_hello) {
        return 0;
    }
    if (size > limit) {
        log_error("the command is too long: it takes %zu bytes and the server accepts %u; put it "
                  "into a file (-u) and run that",
                  size, limit);
        return VSH_E_TOO_BIG;
    }
    rc = vsh_put_exec(shell->link.queue, &exec);
    if (rc < 0) {
        log_error("the command cannot be sent: %s", vsh_strerror(rc));
        return rc;
    }
    shell->exec_sent = true;
    return 0;
}

static int v2_open(struct shell *shell)
{
    shell->input_credit = VSH_V2_WINDOW_INITIAL;
    return send_exec(shell);
}

static void v2_ready(struct shell *shell)
{
    if (!shell->exec_sent && send_exec(shell) < 0) {
        shell_end(shell, CLIENT_STATUS_OWN);
        return;
    }
    shell_begin(shell);
}

static size_t input_size(const struct shell *shell)
{
    size_t room = vsh_queue_bulk_room(shell->link.queue);

    if (room <= VSH_DATA_PREFIX) {
        return 0;
    }
    room -= VSH_DATA_PREFIX;
    return room < shell->input_credit ? room : (size_t)shell->input_credit;
}

static bool v2_input_room(const struct shell *shell)
{
    return input_size(shell) > 1; /* a key may become two bytes */
}

static size_t v2_input_reserve(struct shell *shell, uint8_t **ret)
{
    size_t size = input_size(shell);

    if (size == 0 || vsh_reserve_data(shell->link.queue, VSH_STREAM_STDIN, size, ret) < 0) {
        return 0;
    }
    return size;
}

static void v2_input_commit(struct shell *shell, size_t length)
{
    vsh_commit_data(shell->link.queue, length);
    shell->input_credit -= length;
}

static int v2_input_eof(struct shell *shell)
{
    return vsh_put_stream(shell->link.queue, VSH_V2_EOF, VSH_STREAM_STDIN);
}

static int v2_resize(struct shell *shell, const struct vsh_winsize *size)
{
    return vsh_put_winsize(shell->link.queue, VSH_V2_RESIZE, size);
}

static int v2_signal(struct shell *shell, const char *name)
{
    return vsh_put_signal(shell->link.queue, name);
}

static int v2_end(struct shell *shell)
{
    return vsh_put_end(shell->link.queue);
}

static void v2_output_taken(struct shell *shell, enum vsh_stream stream, size_t length)
{
    uint32_t *owed = &shell->credit_owed[stream];

    *owed += (uint32_t)length;
    if (*owed >= CREDIT_STEP && shell->state == SHELL_RUNNING &&
        vsh_put_window(shell->link.queue, stream, *owed) == 0) {
        *owed = 0;
    }
}

static void v2_output_closed(struct shell *shell, enum vsh_stream stream)
{
    if (shell->state == SHELL_RUNNING) {
        (void)vsh_put_stream(shell->link.queue, VSH_V2_CLOSE, stream);
    }
}

static int take_started(struct shell *shell, const struct vsh_message *message)
{
    uint32_t pid;

    if (vsh_get_started(message, &pid) < 0) {
        return VSH_E_MALFORMED;
    }
    log_debug("process %u runs on %s", pid, shell->target->text);
    return 0;
}

static int take_data(struct shell *shell, const struct vsh_message *message)
{
    struct vsh_data data;

    if (vsh_get_data(message, &data) < 0 || data.stream == VSH_STREAM_STDIN) {
        return VSH_E_MALFORMED;
    }
    return shell_output(shell, data.stream, data.bytes, data.length) < 0 ? VSH_E_MALFORMED : 0;
}

/* Our output ends when the session does: nothing to close before. */
static int take_eof(struct shell *shell, const struct vsh_message *message)
{
    enum vsh_stream stream;

    (void)shell;
    return vsh_get_stream(message, &stream) < 0 || stream == VSH_STREAM_STDIN ? VSH_E_MALFORMED : 0;
}

static int take_close(struct shell *shell, const struct vsh_message *message)
{
    enum vsh_stream stream;

    if (vsh_get_stream(message, &stream) < 0 || stream != VSH_STREAM_STDIN) {
        return VSH_E_MALFORMED;
    }
    shell_input_close(shell);
    return 0;
}

static int take_window(struct shell *shell, const struct vsh_message *message)
{
    struct vsh_window window;

    if (vsh_get_window(message, &window) < 0 || window.stream != VSH_STREAM_STDIN) {
        return VSH_E_MALFORMED;
    }
    shell->input_credit += window.credit;
    return 0;
}

static int take_exit(struct shell *shell, const struct vsh_message *message)
{
    struct vsh_exit result;

    if (vsh_get_exit(message, &result) < 0 || shell->state == SHELL_DRAINING) {
        return VSH_E_MALFORMED;
    }
    int status = status_of_exit(&result);
    bool our_doing = shell->broken_pipe && vsh_signal_number(result.signal) == SIGPIPE;
    bool news = !our_doing && shell->ended_by == 0 && shell->state == SHELL_RUNNING;
    if (result.signalled && news) {
        terminal_restore(&shell->terminal);
        log_notice("the command was ended by signal %d (%s)%s", status - CLIENT_STATUS_SIGNAL(0),
                   result.signal, result.core_dumped ? ", core dumped" : "");
    }
    shell_result(shell, status);
    return 0;
}

static int take_end(struct shell *shell, const struct vsh_message *message)
{
    if (message->length != 0) {
        return VSH_E_MALFORMED;
    }
    shell_over(shell);
    return 0;
}

static const struct {
    uint32_t type;
    int (*take)(struct shell *shell, const struct vsh_message *message);
} messages[] = {
    {VSH_V2_DATA, take_data},       {VSH_V2_WINDOW, take_window}, {VSH_V2_EOF, take_eof},
    {VSH_V2_CLOSE, take_close},     {VSH_V2_EXIT, take_exit},     {VSH_V2_END, take_end},
    {VSH_V2_STARTED, take_started},
};

static int v2_message(struct shell *shell, const struct vsh_message *message)
{
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        if (messages[i].type == message->type) {
            return messages[i].take(shell, message);
        }
    }
    return VSH_E_MALFORMED;
}

const struct shell_wire shell_wire_v2 = {
    .protocol = 2,
    .open = v2_open,
    .ready = v2_ready,
    .input_reserve = v2_input_reserve,
    .input_commit = v2_input_commit,
    .input_room = v2_input_room,
    .input_eof = v2_input_eof,
    .resize = v2_resize,
    .signal = v2_signal,
    .end = v2_end,
    .message = v2_message,
    .output_taken = v2_output_taken,
    .output_closed = v2_output_closed,
};
