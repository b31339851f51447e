/* SPDX-License-Identifier: MIT */
/*
 * A shell session in protocol version 1: always a PTY there, one output, no credit (we stop reading
 * when stdout is slow), no exit status.
 */
#include "shell_session.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <vsock-shell/error.h>

#include "arguments.h"
#include "common/log.h"
#include "target.h"

#define CONTROL_C 0x03
#define CONTROL_D 0x04

/* Options that v1 has no message for: refused, because a command without them is another one. */
static int check_arguments(const struct shell *shell)
{
    const struct client_arguments *arguments = shell->arguments;
    const struct option_use missing[] = {
        {arguments->envc > 0, "-e"},
        {arguments->cwd != NULL, "-C"},
        {arguments->user != NULL, "-l"},
        {arguments->argc > 0, "--argv"},
        {arguments->pty == CLIENT_PTY_NEVER, "-T"},
    };

    const char *used = first_in_use(missing, sizeof(missing) / sizeof(missing[0]));
    if (used) {
        log_error("%s speaks protocol version 1, which cannot carry %s; leave it out, or "
                  "update the server",
                  shell->target->text, used);
        return -EOPNOTSUPP;
    }
    if (arguments->command && strlen(arguments->command) >= VSH_V1_PAYLOAD_MAX) {
        log_error("the command is too long: protocol version 1 carries %u bytes; put it into a "
                  "file (-u) and run that",
                  VSH_V1_PAYLOAD_MAX - 1);
        return VSH_E_TOO_BIG;
    }
    return 0;
}

static int v1_open(struct shell *shell)
{
    const char *command = shell->arguments->command;
    struct vsh_winsize size;
    int rc = check_arguments(shell);

    if (rc < 0) {
        return rc;
    }
    terminal_size(&size);
    rc = vsh_put_winsize(shell->link.queue, VSH_V1_WINDOW_SIZE, &size);
    if (rc == 0) {
        rc = command ? vsh_put_text(shell->link.queue, VSH_V1_OPEN_CMD, command)
                     : vsh_queue_put(shell->link.queue, VSH_V1_OPEN_BASH, NULL, 0);
    }
    if (rc < 0) {
        log_error("the command cannot be sent: %s", vsh_strerror(rc));
        return rc;
    }
    log_info("protocol version 1: the command runs on a terminal and has no exit status");
    shell_begin(shell);
    return 0;
}

/* v1 has no HELLO: nothing to be ready for. */
static void v1_ready(struct shell *shell)
{
    (void)shell;
}

static bool v1_input_room(const struct shell *shell)
{
    return vsh_queue_bulk_room(shell->link.queue) > 1;
}

static size_t v1_input_reserve(struct shell *shell, uint8_t **ret)
{
    size_t size = vsh_queue_bulk_room(shell->link.queue);

    if (size == 0 || vsh_queue_reserve(shell->link.queue, VSH_V1_CLIENT_DATA, size, ret) < 0) {
        return 0;
    }
    shell->last_input_at = *ret;
    return size;
}

static void v1_input_commit(struct shell *shell, size_t length)
{
    if (length > 0) {
        shell->last_input = shell->last_input_at[length - 1];
    }
    vsh_queue_commit(shell->link.queue, length > 0 ? length : SIZE_MAX);
}

/*
 * The end of the input is typed: Ctrl-D at the start of a line; in the middle of one the first only
 * hands over what is there.
 */
static int v1_input_eof(struct shell *shell)
{
    static const uint8_t keys[] = {CONTROL_D, CONTROL_D};
    bool line_start = shell->last_input == '\n' || shell->last_input == '\0';

    return vsh_queue_put(shell->link.queue, VSH_V1_CLIENT_DATA, keys, line_start ? 1 : 2);
}

static int v1_resize(struct shell *shell, const struct vsh_winsize *size)
{
    return vsh_put_winsize(shell->link.queue, VSH_V1_WINDOW_SIZE, size);
}

/* Of all signals only the interrupt has a key that every command's terminal knows. */
static int v1_signal(struct shell *shell, const char *name)
{
    static const uint8_t key = CONTROL_C;

    if (strcmp(name, "INT") != 0) {
        return -EOPNOTSUPP;
    }
    return vsh_queue_put(shell->link.queue, VSH_V1_CLIENT_DATA, &key, 1);
}

static int v1_end(struct shell *shell)
{
    return vsh_queue_put(shell->link.queue, VSH_V1_CLIENT_END, NULL, 0);
}

/* Without credit, not reading is what holds the server back. */
static void v1_output_taken(struct shell *shell, enum vsh_stream stream, size_t length)
{
    (void)stream;
    (void)length;
    if (shell_output_pending(shell)) {
        link_pause(&shell->link);
    } else {
        (void)link_resume(&shell->link);
    }
}

/* There is no way to close one stream: the session ends. */
static void v1_output_closed(struct shell *shell, enum vsh_stream stream)
{
    if (stream == VSH_STREAM_STDOUT) {
        shell_end(shell, 0);
    }
}

static int v1_message(struct shell *shell, const struct vsh_message *message)
{
    int rc = 0;

    switch (message->type) {
    case VSH_V1_PTY_DATA:
        rc = shell_output(shell, VSH_STREAM_STDOUT, message->payload, message->length);
        return rc < 0 ? VSH_E_MALFORMED : 0;
    case VSH_V1_CLIENT_END:
        if (shell->state == SHELL_CLOSING) {
            shell_over(shell);
        } else {
            shell_result(shell, 0);
        }
        return 0;
    default:
        return VSH_E_MALFORMED;
    }
}

const struct shell_wire shell_wire_v1 = {
    .protocol = 1,
    .always_pty = true,
    .open = v1_open,
    .ready = v1_ready,
    .input_reserve = v1_input_reserve,
    .input_commit = v1_input_commit,
    .input_room = v1_input_room,
    .input_eof = v1_input_eof,
    .resize = v1_resize,
    .signal = v1_signal,
    .end = v1_end,
    .message = v1_message,
    .output_taken = v1_output_taken,
    .output_closed = v1_output_closed,
};
