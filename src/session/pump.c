/* SPDX-License-Identifier: MIT */
/*
 * The pump: moves output from a process to a peer's callbacks, and decides when a session is over.
 * Owns the process's descriptors. Never waits: it is told what is ready.
 */
#include "pump_state.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "session/process.h"
#include "session/pty.h"
#include "session/record.h"
#include "session/record_message.h"

#define INPUT_MIN 4096u

/*
 * After the exit a terminal may hold this much: the kernel's buffers between the two ends. More
 * comes from processes that live on, and they do not hold the session.
 */
#define PTY_DRAIN_BYTES (128u * 1024u)

/* A read of a terminal that gives this much has left more behind (N_TTY_BUF_SIZE is 4096). */
#define PTY_READ_FULL 2048

int pump_new(const struct pump_options *options, struct pump **ret)
{
    size_t capacity = options->input_capacity > INPUT_MIN ? options->input_capacity : INPUT_MIN;
    struct pump *pump = calloc(1, sizeof(*pump));

    if (!pump) {
        return -ENOMEM;
    }
    if (buffer_init(&pump->input, capacity) < 0) {
        free(pump);
        return -ENOMEM;
    }
    pump->process = options->process;
    pump->ops = options->ops;
    pump->peer = options->peer;
    pump->master_fd = options->pty_master_fd;
    pump->last_typed = '\n';
    pump->pty = pump->master_fd >= 0;
    if (pump->pty) {
        pump->outputs[pump->output_count++] =
            (struct output){.stream = VSH_STREAM_STDOUT, .fd = &pump->master_fd};
    } else {
        pump->outputs[pump->output_count++] =
            (struct output){.stream = VSH_STREAM_STDERR, .fd = &pump->process->stderr_fd};
        pump->outputs[pump->output_count++] =
            (struct output){.stream = VSH_STREAM_STDOUT, .fd = &pump->process->stdout_fd};
    }
    *ret = pump;
    return 0;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(take_fd(fd));
    }
}

void pump_free(struct pump *pump)
{
    if (!pump) {
        return;
    }
    process_close(pump->process);
    close_fd(&pump->master_fd);
    buffer_done(&pump->input);
    free(pump);
}

int pump_pty_fd(const struct pump *pump)
{
    return pump->master_fd;
}

/* Nothing reaches the peer that is not on its way to the recorder. */
static int record_read(struct pump *pump, const uint8_t *bytes, size_t length)
{
    if (pump->process->record && length > 0) {
        int r = record_output(pump->process->record, bytes, length);
        /* Here that errno means the peer. */
        pump->record_error = r == -ENOBUFS ? -ENOMEM : r;
    }
    return pump->record_error;
}

/*
 * Is the recorder ready for a turn's output? At the end of a session it is waited for: the pump is
 * asked for no descriptors then.
 */
static bool recorder_is_ready(struct pump *pump)
{
    const struct record *record = pump->process->record;

    pump->recorder_busy = record && pump->state == PUMP_RUNNING && !record_has_room(record);
    return !pump->recorder_busy;
}

/*
 * One turn of reading, straight into the peer's memory. A terminal hands out 4 KiB at a time
 * however much waits, so there a turn is several reads, or every frame would be a small one.
 * Returns the bytes moved, 0 = no more will come, -EAGAIN = nothing now, -ENOBUFS = the peer has no
 * room, or why the recording has broken.
 */
static ssize_t read_output(struct pump *pump, struct output *output, size_t limit)
{
    uint8_t *place = NULL;

    if (pump->record_error < 0 || !recorder_is_ready(pump)) {
        return pump->record_error < 0 ? pump->record_error : -EAGAIN;
    }
    size_t room = pump->ops->output_reserve(pump->peer, output->stream, &place);
    size_t total = 0;
    ssize_t n;

    if (room == 0) {
        output->stalled = true;
        return -ENOBUFS;
    }
    if (pump->process->record && limit > RECORD_OUTPUT_MAX) {
        limit = RECORD_OUTPUT_MAX;
    }
    if (room > limit) {
        room = limit;
    }
    do {
        n = read(*output->fd, place + total, room - total);
        if (n > 0) {
            total += (size_t)n;
        }
    } while ((n < 0 && errno == EINTR) || (n >= PTY_READ_FULL && pump->pty && total < room));
    bool nothing_now = n < 0 && errno == EAGAIN;

    if (record_read(pump, place, total) < 0) {
        pump->ops->output_commit(pump->peer, output->stream, 0);
        return pump->record_error;
    }
    pump->ops->output_commit(pump->peer, output->stream, total);
    pump->bytes_out += total;
    if (total > 0) {
        return (ssize_t)total;
    }
    /* EIO is how a terminal's master says that no process has the other side open. */
    return nothing_now ? -EAGAIN : 0;
}

/*
 * No more output of this stream; tell = the peer does not know yet. A terminal stays open: the
 * process may have closed its side and still want to live, and a closed master is a hang-up.
 */
static void end_output(struct pump *pump, struct output *output, bool tell)
{
    if (output->ended) {
        return;
    }
    output->ended = true;
    if (!pump->pty) {
        close_fd(output->fd);
    }
    if (tell) {
        pump->ops->output_eof(pump->peer, output->stream);
    }
}

/* Moves what was there at the exit as far as the peer has room; then the result. */
static void drain(struct pump *pump)
{
    bool all_ended = true;

    for (size_t i = 0; i < pump->output_count; i++) {
        struct output *output = &pump->outputs[i];
        while (!output->ended && !output->stalled) {
            ssize_t n = output->drain_left > 0 ? read_output(pump, output, output->drain_left) : 0;
            if (n > 0) {
                output->drain_left -= (size_t)n;
            } else if (n != -ENOBUFS) {
                end_output(pump, output, true);
            }
        }
        all_ended = all_ended && output->ended;
    }
    if (all_ended && pump->state == PUMP_DRAINING) {
        struct process_result result = process_result(pump->process);
        pump->state = PUMP_OVER;
        pump->ops->exited(pump->peer, &result);
    }
}

void pump_exited(struct pump *pump)
{
    if (pump->state != PUMP_RUNNING) {
        return;
    }
    pump->state = PUMP_DRAINING;
    pump_input_close(pump, false);
    for (size_t i = 0; i < pump->output_count; i++) {
        struct output *output = &pump->outputs[i];
        int waiting = 0;

        /* Counted now: a background process that goes on writing would never let us end. */
        if (pump->pty) {
            output->drain_left = PTY_DRAIN_BYTES;
        } else if (!output->ended && ioctl(*output->fd, FIONREAD, &waiting) == 0) {
            output->drain_left = waiting > 0 ? (size_t)waiting : 0;
        }
    }
    drain(pump);
}

void pump_room(struct pump *pump)
{
    for (size_t i = 0; i < pump->output_count; i++) {
        pump->outputs[i].stalled = false;
    }
    if (pump->state == PUMP_DRAINING) {
        drain(pump);
    }
}

void pump_output_close(struct pump *pump, enum vsh_stream stream)
{
    for (size_t i = 0; i < pump->output_count; i++) {
        if (pump->outputs[i].stream == stream) {
            end_output(pump, &pump->outputs[i], false);
        }
    }
    /* A terminal has one reader: without it the session on it is hung up, as by a lost modem. */
    if (pump->pty && stream == VSH_STREAM_STDOUT) {
        pump_input_close(pump, false);
        close_fd(&pump->master_fd);
    }
    if (pump->state == PUMP_DRAINING) {
        drain(pump);
    }
}

size_t pump_interest(const struct pump *pump, struct pump_interest interest[PUMP_FDS_MAX])
{
    short out = !pump->input_closed && buffer_length(&pump->input) > 0 ? POLLOUT : 0;
    size_t count = 0;

    if (pump->state != PUMP_RUNNING || pump->record_error < 0) {
        return 0;
    }
    if (pump->recorder_busy) {
        interest[count++] =
            (struct pump_interest){.fd = record_fd(pump->process->record), .events = POLLOUT};
    }
    for (size_t i = 0; i < pump->output_count; i++) {
        const struct output *output = &pump->outputs[i];
        short in = output->ended || output->stalled || pump->recorder_busy ? 0 : POLLIN;
        if (*output->fd >= 0) {
            interest[count++] = (struct pump_interest){
                .fd = *output->fd, .events = (short)(pump->pty ? in | out : in)};
        }
    }
    if (!pump->pty && pump->process->stdin_fd >= 0) {
        interest[count++] = (struct pump_interest){.fd = pump->process->stdin_fd, .events = out};
    }
    return count;
}

void pump_ready(struct pump *pump, int fd, short revents)
{
    if (pump->state != PUMP_RUNNING || fd < 0) {
        return;
    }
    if (pump->recorder_busy && fd == record_fd(pump->process->record)) {
        pump->recorder_busy = false;
        return;
    }
    for (size_t i = 0; i < pump->output_count; i++) {
        struct output *output = &pump->outputs[i];
        if (fd != *output->fd || output->ended || !(revents & (POLLIN | POLLHUP | POLLERR))) {
            continue;
        }
        if (read_output(pump, output, SIZE_MAX) == 0) {
            end_output(pump, output, true);
            /* Nobody has the terminal open: nobody reads it, either. */
            if (pump->pty) {
                pump_input_close(pump, true);
            }
        }
    }
    bool is_input = fd == (pump->pty ? pump->master_fd : pump->process->stdin_fd);
    if (is_input && revents & (POLLOUT | POLLERR)) {
        pump_input_flush(pump);
    }
}

int pump_resize(struct pump *pump, const struct vsh_winsize *size)
{
    if (pump->master_fd < 0) {
        return -ENOTTY;
    }
    int r = pty_resize(pump->master_fd, size);
    if (r == 0 && pump->process->record && pump->record_error == 0) {
        pump->record_error = record_resize(pump->process->record, size);
    }
    return r;
}

int pump_record_error(const struct pump *pump)
{
    return pump->record_error;
}

uint64_t pump_bytes_in(const struct pump *pump)
{
    return pump->bytes_in;
}

uint64_t pump_bytes_out(const struct pump *pump)
{
    return pump->bytes_out;
}
