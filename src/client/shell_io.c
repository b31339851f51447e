/* SPDX-License-Identifier: MIT */
/*
 * The local streams of a shell session: stdin into frames, with the escape keys taken out, and
 * output to stdout and stderr. stdin stays a blocking descriptor, because its flags belong to the
 * user's shell as well: it is read once per readiness.
 */
#include "shell_session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "common/log.h"
#include "status.h"
#include "target.h"
#include "text_out.h"

#define KEYS_AT_ONCE  4096u
#define KEYS_CAPACITY (64u * 1024u)

/*
 * A watch of an output that has nothing to write: with any event poll(2) also reports the hang-up,
 * and a pipe never has urgent data.
 */
#define HANGUP_ONLY POLLPRI

static const char *const stream_names[VSH_STREAMS] = {"input", "output", "error"};

static bool keys_in_use(const struct shell *shell)
{
    return shell->pty && shell->terminal.is_terminal && shell->keys.escape >= 0;
}

/* Text of our own for the user's terminal. */
static void say(const struct shell *shell, const char *text)
{
    struct text_out out;

    if (text_out_init(&out, shell->loop, STDERR_FILENO) == 0) {
        text_out_write(&out, text, strlen(text));
        text_out_done(&out);
    }
}

static void show_keys(const struct shell *shell)
{
    char key[3] = {(char)shell->keys.escape, '\0', '\0'};
    char text[512];

    if (shell->keys.escape < 0x20) {
        key[0] = '^';
        key[1] = (char)(shell->keys.escape | 0x40);
    }
    /* The terminal is raw: a new line needs its carriage return. */
    (void)snprintf(text, sizeof(text),
                   "%s?\r\nKeys at the start of a line:\r\n"
                   " %s.   end the session\r\n %s^Z  stop this program; 'fg' goes on\r\n"
                   " %s?   this text\r\n %s%s   the character %s itself\r\n",
                   key, key, key, key, key, key, key);
    say(shell, text);
}

static void act(struct shell *shell, enum keys_action action)
{
    switch (action) {
    case KEYS_NONE:
        break;
    case KEYS_DISCONNECT:
        terminal_restore(&shell->terminal);
        say(shell, "\n");
        log_notice("connection to %s closed", shell->target->text);
        shell_end(shell, CLIENT_STATUS_OWN);
        break;
    case KEYS_SUSPEND:
        terminal_suspend(&shell->terminal);
        break;
    case KEYS_HELP:
        show_keys(shell);
        break;
    }
}

static void input_end(struct shell *shell)
{
    shell->input_open = false;
    (void)shell->wire->input_eof(shell);
}

/* Takes read(2)'s result; true when there are bytes. */
static bool input_came(struct shell *shell, ssize_t count)
{
    if (count > 0) {
        return true;
    }
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) {
        return false;
    }
    /* EIO: the terminal has gone, or we read it from the background with SIGTTIN ignored. */
    if (count < 0 && errno != EIO) {
        log_warning("cannot read standard input: %s; the command sees its end", strerror(errno));
    }
    input_end(shell);
    return false;
}

void shell_io_send(struct shell *shell)
{
    size_t left;

    while ((left = buffer_length(&shell->typed)) > 0 && shell->state == SHELL_RUNNING) {
        uint8_t *place = NULL;
        size_t room = shell->wire->input_reserve(shell, &place);
        size_t length = left < room ? left : room;

        if (length == 0) {
            return;
        }
        memcpy(place, buffer_head(&shell->typed), length);
        shell->wire->input_commit(shell, length);
        buffer_consume(&shell->typed, length);
    }
}

static void type_keys(struct shell *shell)
{
    uint8_t keys[KEYS_AT_ONCE];
    size_t used = 0;
    ssize_t count = read(STDIN_FILENO, keys, sizeof(keys));

    if (!input_came(shell, count)) {
        return;
    }
    while (used < (size_t)count && shell->state == SHELL_RUNNING) {
        size_t left = (size_t)count - used;
        size_t taken = 0;
        enum keys_action action;
        uint8_t *place = buffer_reserve(&shell->typed, left + 1);

        if (!place) {
            return; /* cannot be: keys are read only when this much room is left */
        }
        size_t length = keys_filter(&shell->keys, keys + used, left, place, &taken, &action);
        buffer_commit(&shell->typed, length);
        used += taken;
        act(shell, action);
    }
    shell_io_send(shell);
}

/* Keys are read even when the server takes none, or nobody could leave a session that is stuck. */
static bool input_wanted(const struct shell *shell)
{
    if (!shell->input_open || !shell->input_ready || shell->state != SHELL_RUNNING) {
        return false;
    }
    return keys_in_use(shell) ? buffer_room(&shell->typed) > 2 * KEYS_AT_ONCE
                              : shell->wire->input_room(shell);
}

static void pass_input(struct shell *shell)
{
    uint8_t *place = NULL;
    size_t room = shell->wire->input_reserve(shell, &place);

    if (room == 0) {
        return;
    }
    ssize_t count = read(STDIN_FILENO, place, room);
    int error = errno;
    shell->wire->input_commit(shell, count > 0 ? (size_t)count : 0);
    errno = error;
    (void)input_came(shell, count);
}

static void on_stdin(int fd, short revents, void *data)
{
    struct shell *shell = data;

    (void)fd;
    if (revents & POLLNVAL) {
        input_end(shell);
    } else if (keys_in_use(shell)) {
        type_keys(shell);
    } else {
        pass_input(shell);
    }
    shell_update(shell);
}

/* An output cannot be written any more. */
static void output_failed(struct shell *shell, enum vsh_stream stream, int error)
{
    if (error == -EPIPE) {
        shell->broken_pipe = true;
        shell->wire->output_closed(shell, stream);
    } else if (stream == VSH_STREAM_STDOUT) {
        log_error("cannot write standard %s: %s", stream_names[stream], strerror(-error));
        shell_end(shell, CLIENT_STATUS_OWN);
    }
    /* A stderr that takes nothing could not be told about it: its text is dropped. */
}

/* What an output has done with its bytes goes to the server, as credit or as a closed stream. */
static void settle_output(struct shell *shell, enum vsh_stream stream, int rc, size_t disposed)
{
    if (rc < 0) {
        output_failed(shell, stream, rc);
    } else {
        shell->wire->output_taken(shell, stream, disposed);
    }
}

int shell_output(struct shell *shell, enum vsh_stream stream, const void *bytes, size_t length)
{
    size_t disposed = 0;
    int rc = output_put(&shell->outputs[stream], bytes, length, &disposed);

    if (rc == -ENOBUFS) {
        return rc;
    }
    settle_output(shell, stream, rc, disposed);
    return 0;
}

bool shell_output_pending(const struct shell *shell)
{
    return output_pending(&shell->outputs[VSH_STREAM_STDOUT]) > 0 ||
           output_pending(&shell->outputs[VSH_STREAM_STDERR]) > 0;
}

static void on_output(int fd, short revents, void *data)
{
    struct shell *shell = data;
    enum vsh_stream stream =
        fd == shell->outputs[VSH_STREAM_STDOUT].fd ? VSH_STREAM_STDOUT : VSH_STREAM_STDERR;
    struct output *output = &shell->outputs[stream];
    size_t disposed = 0;
    int rc = 0;

    if (output_pending(output) > 0) {
        rc = output_flush(output, &disposed);
    } else if (revents & (POLLERR | POLLHUP | POLLNVAL)) {
        output_close(output);
        rc = -EPIPE;
    }
    settle_output(shell, stream, rc, disposed);
    shell_update(shell);
}

void shell_input_close(struct shell *shell)
{
    shell->input_open = false;
    loop_unwatch(shell->loop, STDIN_FILENO);
    if (!shell->terminal.is_terminal) {
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (null > STDIN_FILENO) {
            (void)dup2(null, STDIN_FILENO);
            (void)close(null);
        }
    }
}

static short output_events(const struct output *output)
{
    if (output->closed) {
        return 0;
    }
    if (output_pending(output) > 0) {
        return POLLOUT;
    }
    return output->is_pipe ? HANGUP_ONLY : 0;
}

void shell_io_update(struct shell *shell)
{
    (void)loop_watch_events(shell->loop, STDIN_FILENO, input_wanted(shell) ? POLLIN : 0);
    for (enum vsh_stream stream = VSH_STREAM_STDOUT; stream < VSH_STREAMS; stream++) {
        const struct output *output = &shell->outputs[stream];
        (void)loop_watch_events(shell->loop, output->fd, output_events(output));
    }
}

int shell_io_open(struct shell *shell)
{
    int rc = loop_watch(shell->loop, STDIN_FILENO, 0, on_stdin, shell);

    shell->input_open = true;
    terminal_init(&shell->terminal, STDIN_FILENO);
    keys_init(&shell->keys, shell->arguments->escape);
    if (rc == 0) {
        rc = buffer_init(&shell->typed, KEYS_CAPACITY);
    }
    for (enum vsh_stream stream = VSH_STREAM_STDOUT; rc == 0 && stream < VSH_STREAMS; stream++) {
        struct output *output = &shell->outputs[stream];
        rc = output_init(output, (int)stream, VSH_V2_WINDOW_INITIAL);
        if (rc == 0) {
            rc = loop_watch(shell->loop, output->fd, 0, on_output, shell);
        }
    }
    return rc;
}

void shell_io_close(struct shell *shell)
{
    loop_unwatch(shell->loop, STDIN_FILENO);
    for (enum vsh_stream stream = VSH_STREAM_STDOUT; stream < VSH_STREAMS; stream++) {
        loop_unwatch(shell->loop, shell->outputs[stream].fd);
        output_done(&shell->outputs[stream]);
    }
    buffer_done(&shell->typed);
    terminal_restore(&shell->terminal);
}
