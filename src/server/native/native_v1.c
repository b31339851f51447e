/* SPDX-License-Identifier: MIT */
/* Shells and commands of protocol version 1: always on a PTY, no credit, no exit status. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "server/native/native_process.h"
#include "server/native/native_session.h"
#include "session/environ.h"

/* v1 has no window: what is not written to the terminal yet stops the reading of the socket. */
#define INPUT_CAPACITY (64u * 1024u)
/* The older program gave its shells this one. */
#define V1_TERM "xterm-256color"

struct v1_shell {
    struct native_process process; /* first: see native_process.h */
    size_t input_pending;
    bool starved;
    bool input_closed; /* what still comes is dropped */
};

static size_t on_output_reserve(void *peer, enum vsh_stream stream, uint8_t **ret)
{
    struct native *native = peer;
    struct v1_shell *shell = native->request;
    size_t room = vsh_queue_bulk_room(native->queue);

    (void)stream; /* a terminal has only one */
    if (room > VSH_V1_PAYLOAD_MAX) {
        room = VSH_V1_PAYLOAD_MAX;
    }
    if (room == 0 || vsh_queue_reserve(native->queue, VSH_V1_PTY_DATA, room, ret) < 0) {
        shell->starved = true;
        return 0;
    }
    return room;
}

static void on_output_commit(void *peer, enum vsh_stream stream, size_t length)
{
    struct native *native = peer;

    (void)stream;
    vsh_queue_commit(native->queue, length > 0 ? length : SIZE_MAX);
    if (length > 0) {
        native_touch(native);
    }
}

static void on_output_eof(void *peer, enum vsh_stream stream)
{
    (void)peer; /* CLIENT_END says it */
    (void)stream;
}

static void on_input_taken(void *peer, size_t length)
{
    struct native *native = peer;
    struct v1_shell *shell = native->request;

    shell->input_pending -= length < shell->input_pending ? length : shell->input_pending;
}

static void on_input_closed(void *peer)
{
    struct native *native = peer;
    struct v1_shell *shell = native->request;

    shell->input_pending = 0;
    shell->input_closed = true;
}

static const struct pump_peer pump_ops = {
    .output_reserve = on_output_reserve,
    .output_commit = on_output_commit,
    .output_eof = on_output_eof,
    .input_taken = on_input_taken,
    .input_closed = on_input_closed,
    .exited = native_process_exited,
};

static void v1_moved(struct native *native)
{
    struct v1_shell *shell = native->request;

    if (shell->starved && vsh_queue_bulk_room(native->queue) > 0) {
        shell->starved = false;
        pump_room(shell->process.pump);
    }
    if (native_process_is_unrecorded(native, &shell->process)) {
        return;
    }
    if (!shell->process.exited) {
        native_process_watch(native, &shell->process);
        return;
    }
    if (vsh_queue_put(native->queue, VSH_V1_CLIENT_END, NULL, 0) == 0) {
        native_process_finish(native, &shell->process);
    }
}

static bool v1_ready(const struct native *native)
{
    const struct v1_shell *shell = native->request;
    return shell->input_pending + VSH_V2_PAYLOAD_DEFAULT <= INPUT_CAPACITY;
}

static int v1_message(struct native *native, const struct vsh_message *message)
{
    struct v1_shell *shell = native->request;
    struct vsh_winsize size;

    switch (message->type) {
    case VSH_V1_CLIENT_DATA:
        if (shell->process.exited || shell->input_closed) {
            return 0;
        }
        shell->input_pending += message->length;
        return pump_input(shell->process.pump, message->payload, message->length) < 0
                   ? VSH_E_MALFORMED
                   : 0;
    case VSH_V1_WINDOW_SIZE:
        if (vsh_get_winsize(message, &size) < 0) {
            return VSH_E_MALFORMED;
        }
        (void)pump_resize(shell->process.pump, &size);
        return 0;
    default:
        return native_fail(native, VSH_ERROR_PROTOCOL,
                           "message 0x%02x has no place in a session that runs a shell",
                           message->type);
    }
}

static const struct native_activity v1_activity = {
    .message = v1_message,
    .ready = v1_ready,
    .moved = v1_moved,
    .child_ended = native_process_child_ended,
    .gone = native_process_gone,
    .free = native_process_free,
};

int native_v1_size_request(struct native *native, const struct vsh_message *message)
{
    return vsh_get_winsize(message, &native->size) < 0 ? VSH_E_MALFORMED : 0;
}

/*
 * A command runs in bash, as the older program's users expect; where there is none, in the user's
 * shell. A shell is the user's own.
 */
static int start_process(struct native *native, struct v1_shell *shell, const char *command)
{
    static const char bash[] = "/bin/bash";
    struct environ_block *env = NULL;
    enum process_stage stage = PROCESS_STAGE_FORK;
    char text[512];

    if (native->size.rows == 0 || native->size.columns == 0) {
        native->size = (struct vsh_winsize){.rows = 24, .columns = 80};
    }
    int r = native_process_environ(native, V1_TERM, &env);
    if (r < 0) {
        return r;
    }
    struct native_start start = {
        .shell = command && !native->settings->shell && access(bash, X_OK) == 0 ? bash : NULL,
        .command = command,
        .size = &native->size,
        .env = env,
        .input_capacity = INPUT_CAPACITY,
        .ops = &pump_ops,
    };
    r = native_process_start(native, &shell->process, &start, &stage);
    environ_free(env);
    if (r < 0) {
        (void)native_process_explain(r, stage, command ? command : "a login shell", text,
                                     sizeof(text));
        return native_fail(native, VSH_ERROR_EXEC, "%s", text);
    }
    return 0;
}

int native_v1_shell_request(struct native *native, const struct vsh_message *message)
{
    const char *command = NULL;

    if (message->type == VSH_V1_OPEN_CMD && vsh_get_text(message, &command) < 0) {
        return VSH_E_MALFORMED;
    }
    struct v1_shell *shell = calloc(1, sizeof(*shell));
    if (!shell) {
        return -ENOMEM;
    }
    native_describe(native, command ? "exec" : "shell", command ? "command" : NULL, command);
    native->action.is_process = native->action.terminal = true;
    native_begin(native, &v1_activity, shell);
    return start_process(native, shell, command);
}
