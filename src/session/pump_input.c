/* SPDX-License-Identifier: MIT */
/*
 * stdin of a session: from the peer into the process. Owns the input buffer, whose size is the
 * peer's window, and the two ways of saying that there is no more.
 */
#include "pump_state.h"

#include <errno.h>
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "session/process.h"

/* What cat(1) and most others read at a time. */
#define GATHER_BYTES (128u * 1024u)

void pump_input_close(struct pump *pump, bool tell)
{
    if (pump->input_closed) {
        return;
    }
    pump->input_closed = true;
    buffer_clear(&pump->input);
    if (pump->process->stdin_fd >= 0) {
        (void)close(take_fd(&pump->process->stdin_fd));
    }
    if (tell) {
        pump->ops->input_closed(pump->peer);
    }
}

/*
 * On a terminal the end of input is typed: at the start of a line VEOF means end of file, elsewhere
 * it only hands the started line over, and a second one is needed.
 */
static void type_end(struct pump *pump)
{
    struct termios modes;

    pump->end_typed = true;
    if (tcgetattr(pump->master_fd, &modes) < 0 || modes.c_cc[VEOF] == _POSIX_VDISABLE) {
        return;
    }
    bool line_start = pump->last_typed == '\n' || pump->last_typed == '\r';
    const uint8_t ends[2] = {modes.c_cc[VEOF], modes.c_cc[VEOF]};
    (void)buffer_append(&pump->input, ends, line_start ? 1 : 2);
}

/* One write of what is buffered. */
static void write_input(struct pump *pump)
{
    size_t length = buffer_length(&pump->input);
    const uint8_t *head = buffer_head(&pump->input);
    int fd = pump->pty ? pump->master_fd : pump->process->stdin_fd;

    if (pump->input_closed || length == 0) {
        return;
    }
    ssize_t n = write(fd, head, length);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        pump_input_close(pump, true);
        return;
    }
    if (n <= 0) {
        return;
    }
    if (!pump->end_typed) {
        pump->last_typed = head[n - 1];
        pump->bytes_in += (uint64_t)n;
    }
    buffer_consume(&pump->input, (size_t)n);
    if (!pump->end_typed) {
        pump->ops->input_taken(pump->peer, (size_t)n);
    }
}

void pump_input_flush(struct pump *pump)
{
    write_input(pump);
    if (!pump->input_ended || pump->input_closed || buffer_length(&pump->input) > 0) {
        return;
    }
    if (pump->pty && !pump->end_typed) {
        type_end(pump);
        write_input(pump);
    }
    if (buffer_length(&pump->input) == 0) {
        pump_input_close(pump, false);
    }
}

int pump_input_gather(struct pump *pump, const void *bytes, size_t length)
{
    if (pump->state != PUMP_RUNNING || pump->input_closed) {
        return 0;
    }
    if (pump->input_ended) {
        return -EINVAL;
    }
    if (buffer_append(&pump->input, bytes, length) < 0) {
        return -ENOBUFS;
    }
    if (buffer_length(&pump->input) >= GATHER_BYTES) {
        pump_input_flush(pump);
    }
    return 0;
}

int pump_input(struct pump *pump, const void *bytes, size_t length)
{
    int r = pump_input_gather(pump, bytes, length);

    if (r == 0) {
        pump_input_flush(pump);
    }
    return r;
}

bool pump_input_is_direct(const struct pump *pump)
{
    return pump->state == PUMP_RUNNING && !pump->pty && !pump->input_closed && !pump->input_ended &&
           buffer_length(&pump->input) == 0;
}

ssize_t pump_input_splice(struct pump *pump, int fd, size_t size)
{
    ssize_t n;

    do {
        n = splice(fd, NULL, pump->process->stdin_fd, NULL, size, SPLICE_F_NONBLOCK);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EPIPE) {
        pump_input_close(pump, true);
        return -EPIPE;
    }
    if (n < 0) {
        return errno == EAGAIN ? -EAGAIN : -EINVAL;
    }
    pump->bytes_in += (uint64_t)n;
    if (n > 0) {
        pump->ops->input_taken(pump->peer, (size_t)n);
    }
    return n;
}

void pump_input_eof(struct pump *pump)
{
    if (pump->state == PUMP_RUNNING && !pump->input_ended) {
        pump->input_ended = true;
        pump_input_flush(pump);
    }
}
