/* SPDX-License-Identifier: MIT */
/* EXEC of protocol version 2: three streams with credit, signals by name, a typed result. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "server/native/native_input.h"
#include "server/native/native_process.h"
#include "server/native/native_session.h"
#include "session/account.h"
#include "session/environ.h"
#include "session/policy.h"

/* Credit goes back in pieces of this size: one WINDOW for many DATA. */
#define CREDIT_STEP (VSH_V2_WINDOW_INITIAL / 4)

struct exec {
    struct native_process process; /* first: see native_process.h */
    uint64_t credit[VSH_STREAMS];  /* bytes of output that the peer still takes */
    uint32_t owed;                 /* bytes of stdin disposed of and not yet given back */
    struct native_input input;
    bool starved; /* output waits for room in the queue */
};

static size_t on_output_reserve(void *peer, enum vsh_stream stream, uint8_t **ret)
{
    struct native *native = peer;
    struct exec *exec = native->request;
    size_t room = vsh_queue_bulk_room(native->queue);

    if (room <= VSH_DATA_PREFIX) {
        exec->starved = true;
        return 0;
    }
    room -= VSH_DATA_PREFIX;
    if (room > exec->credit[stream]) {
        room = (size_t)exec->credit[stream];
    }
    if (room == 0 || vsh_reserve_data(native->queue, stream, room, ret) < 0) {
        return 0;
    }
    return room;
}

static void on_output_commit(void *peer, enum vsh_stream stream, size_t length)
{
    struct native *native = peer;
    struct exec *exec = native->request;

    vsh_commit_data(native->queue, length);
    exec->credit[stream] -= length;
    if (length > 0) {
        native_touch(native);
    }
}

static void on_output_eof(void *peer, enum vsh_stream stream)
{
    struct native *native = peer;
    (void)vsh_put_stream(native->queue, VSH_V2_EOF, stream);
}

/* Without room for it now, exec_moved() tries again: a peer with no credit left sends nothing. */
static void give_credit(struct native *native, struct exec *exec)
{
    if (exec->owed >= CREDIT_STEP &&
        vsh_put_window(native->queue, VSH_STREAM_STDIN, exec->owed) == 0) {
        exec->owed = 0;
    }
}

static void on_input_taken(void *peer, size_t length)
{
    struct native *native = peer;
    struct exec *exec = native->request;

    exec->owed += (uint32_t)length;
    give_credit(native, exec);
}

static void on_input_closed(void *peer)
{
    struct native *native = peer;
    (void)vsh_put_stream(native->queue, VSH_V2_CLOSE, VSH_STREAM_STDIN);
}

static const struct pump_peer pump_ops = {
    .output_reserve = on_output_reserve,
    .output_commit = on_output_commit,
    .output_eof = on_output_eof,
    .input_taken = on_input_taken,
    .input_closed = on_input_closed,
    .exited = native_process_exited,
};

static int put_exit(struct native *native, const struct process_result *result)
{
    const char *name = result->signalled ? vsh_signal_name(result->code) : NULL;
    const struct vsh_exit status = {
        .signalled = result->signalled && name,
        .core_dumped = result->core_dumped,
        /* A signal without a name (real-time) is told as a shell tells it. */
        .code = (uint32_t)(result->signalled && !name ? 128 + result->code : result->code),
        .signal = name ? name : "",
    };

    return vsh_put_exit(native->queue, &status);
}

static void exec_moved(struct native *native)
{
    struct exec *exec = native->request;

    if (exec->starved && vsh_queue_bulk_room(native->queue) > VSH_DATA_PREFIX) {
        exec->starved = false;
        pump_room(exec->process.pump);
    }
    if (native_process_is_unrecorded(native, &exec->process)) {
        return;
    }
    if (!exec->process.exited) {
        give_credit(native, exec);
        native_process_watch(native, &exec->process);
        return;
    }
    if (put_exit(native, &exec->process.result) < 0) {
        return; /* no room: when there is, we are called again */
    }
    native_process_finish(native, &exec->process);
}

static int take_data(struct native *native, const struct vsh_message *message)
{
    struct exec *exec = native->request;
    struct vsh_data data;

    if (vsh_get_data(message, &data) < 0 || data.stream != VSH_STREAM_STDIN) {
        return VSH_E_MALFORMED;
    }
    int r = pump_input(exec->process.pump, data.bytes, data.length);
    native_input_came(&exec->input, data.length);
    if (r == -ENOBUFS) {
        return native_fail(native, VSH_ERROR_PROTOCOL, "the peer sent more than its window allows");
    }
    return r < 0 ? VSH_E_MALFORMED : 0;
}

static int take_eof(struct native *native, const struct vsh_message *message)
{
    struct exec *exec = native->request;
    enum vsh_stream stream;

    if (vsh_get_stream(message, &stream) < 0 || stream != VSH_STREAM_STDIN) {
        return VSH_E_MALFORMED;
    }
    pump_input_eof(exec->process.pump);
    return 0;
}

static int take_close(struct native *native, const struct vsh_message *message)
{
    struct exec *exec = native->request;
    enum vsh_stream stream;

    if (vsh_get_stream(message, &stream) < 0 || stream == VSH_STREAM_STDIN) {
        return VSH_E_MALFORMED;
    }
    pump_output_close(exec->process.pump, stream);
    return 0;
}

static int take_window(struct native *native, const struct vsh_message *message)
{
    struct exec *exec = native->request;
    struct vsh_window window;

    if (vsh_get_window(message, &window) < 0 || window.stream == VSH_STREAM_STDIN) {
        return VSH_E_MALFORMED;
    }
    exec->credit[window.stream] += window.credit;
    pump_room(exec->process.pump);
    return 0;
}

static int take_resize(struct native *native, const struct vsh_message *message)
{
    struct exec *exec = native->request;
    struct vsh_winsize size;

    if (vsh_get_winsize(message, &size) < 0) {
        return VSH_E_MALFORMED;
    }
    (void)pump_resize(exec->process.pump, &size);
    return 0;
}

static int take_signal(struct native *native, const struct vsh_message *message)
{
    struct exec *exec = native->request;
    const char *name;

    if (vsh_get_signal(message, &name) < 0) {
        return VSH_E_MALFORMED;
    }
    int r = process_signal(&exec->process.process, pump_pty_fd(exec->process.pump),
                           vsh_signal_number(name));
    log_debug("signal %s: %s", name, r < 0 ? strerror(-r) : "sent");
    return 0;
}

static const struct {
    uint32_t type;
    int (*take)(struct native *native, const struct vsh_message *message);
} messages[] = {
    {VSH_V2_DATA, take_data},   {VSH_V2_WINDOW, take_window}, {VSH_V2_EOF, take_eof},
    {VSH_V2_CLOSE, take_close}, {VSH_V2_RESIZE, take_resize}, {VSH_V2_SIGNAL, take_signal},
};

static int exec_message(struct native *native, const struct vsh_message *message)
{
    const struct exec *exec = native->request;

    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        if (messages[i].type == message->type) {
            return exec->process.exited ? 0 : messages[i].take(native, message);
        }
    }
    return native_fail(native, VSH_ERROR_PROTOCOL,
                       "message 0x%02x has no place in a session that runs a command",
                       message->type);
}

static ssize_t exec_read(struct native *native)
{
    struct exec *exec = native->request;

    return native_input_read(native, exec->process.pump, &exec->input);
}

static const struct native_activity exec_activity = {
    .message = exec_message,
    .read = exec_read,
    .moved = exec_moved,
    .child_ended = native_process_child_ended,
    .gone = native_process_gone,
    .free = native_process_free,
};

static int make_environ(struct native *native, const struct vsh_exec *request,
                        struct environ_block **ret)
{
    int r = native_process_environ(native, request->pty ? request->term : NULL, ret);

    for (uint32_t i = 0; r == 0 && i < request->envc; i++) {
        /* Who may run any command may set any variable: only the loader's own are left out. */
        int asked = environ_request(*ret, request->env[i], true);
        if (asked < 0) {
            log_debug("variable refused: %s", request->env[i]);
        }
        r = asked == -ENOMEM ? asked : 0;
    }
    return r;
}

/* As a shell would: a sentence where the command's messages go, and its exit status. */
static void report_failed_start(struct native *native, const struct vsh_exec *request, int error,
                                enum process_stage stage)
{
    char text[512];
    const char *what = request->argc > 0            ? request->argv[0]
                       : stage == PROCESS_STAGE_CWD ? request->cwd
                       : native->settings->shell    ? native->settings->shell
                                                    : native->account->shell;
    struct process_result result = {
        .code = native_process_explain(error, stage, what, text, sizeof(text) - 2)};

    struct audit_result told = audit_because("%s", text);
    told.has_status = true;
    told.status = result.code;
    (void)strcat(text, request->pty ? "\r\n" : "\n");
    (void)vsh_put_data(native->queue, request->pty ? VSH_STREAM_STDOUT : VSH_STREAM_STDERR, text,
                       strlen(text));
    (void)put_exit(native, &result);
    native_finish(native, true, &told);
}

static void describe(struct native *native, const struct vsh_exec *request)
{
    bool command = request->argc > 0 || request->command;

    native_describe(native, command ? "exec" : "shell", command ? "command" : NULL,
                    request->command);
    if (request->argc > 0) {
        audit_words(&native->action, request->argv, request->argc);
    }
    native->action.is_process = true;
    native->action.terminal = request->pty;
}

static int start_exec(struct native *native, const struct vsh_exec *request)
{
    struct environ_block *env = NULL;
    enum process_stage stage = PROCESS_STAGE_FORK;
    struct exec *exec = calloc(1, sizeof(*exec));

    if (!exec) {
        return -ENOMEM;
    }
    exec->credit[VSH_STREAM_STDOUT] = VSH_V2_WINDOW_INITIAL;
    exec->credit[VSH_STREAM_STDERR] = VSH_V2_WINDOW_INITIAL;
    native_begin(native, &exec_activity, exec);
    int r = make_environ(native, request, &env);
    if (r == 0) {
        const struct native_start start = {
            .command = request->command,
            .argv = request->argc > 0 ? (char *const *)(uintptr_t)request->argv : NULL,
            .cwd = request->cwd,
            .size = request->pty ? &request->size : NULL,
            .env = env,
            .input_capacity = VSH_V2_WINDOW_INITIAL,
            .ops = &pump_ops,
        };
        r = native_process_start(native, &exec->process, &start, &stage);
    }
    environ_free(env);
    if (r < 0) {
        report_failed_start(native, request, r, stage);
        return 0;
    }
    log_debug("process %d started", (int)exec->process.process.pid);
    return vsh_put_started(native->queue, (uint32_t)exec->process.process.pid);
}

int native_exec_request(struct native *native, const struct vsh_message *message)
{
    struct vsh_exec request;
    char reason[512];

    if (vsh_get_exec(message, &request) < 0) {
        return VSH_E_MALFORMED;
    }
    describe(native, &request);
    if (request.pty &&
        policy_check_right(native->settings->policy, POLICY_PTY, reason, sizeof(reason)) < 0) {
        return native_fail(native, VSH_ERROR_REFUSED, "%s", reason);
    }
    if (native_change_user(native, request.user) < 0) {
        return 0;
    }
    return start_exec(native, &request);
}
