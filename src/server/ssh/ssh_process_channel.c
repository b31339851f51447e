/* SPDX-License-Identifier: MIT */
/*
 * A process as a kind of channel: the pump's callbacks on one side, the channel's on the other, and
 * what becomes of the process when the
 * channel has gone.
 */
#include "server/ssh/ssh_process_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "server/ssh/ssh_channel.h"
#include "server/ssh/ssh_process.h"
#include "server/ssh/ssh_terminate.h"

static size_t output_reserve(void *peer, enum vsh_stream stream, uint8_t **ret)
{
    struct channel *channel = peer;
    size_t room = ssh_channel_room(channel);
    (void)stream;
    if (channel->peer_closed) {
        room = SSH_OUTPUT_CHUNK; /* read on and throw away, so that the end is seen */
    }
    channel->process->stalled = room == 0;
    *ret = channel->connection->staging;
    return room < SSH_OUTPUT_CHUNK ? room : SSH_OUTPUT_CHUNK;
}

static void output_commit(void *peer, enum vsh_stream stream, size_t length)
{
    struct channel *channel = peer;
    if (length > 0) {
        ssh_channel_send(channel, channel->connection->staging, length,
                         stream == VSH_STREAM_STDERR);
    }
}

/* The channel has one EOF for both streams; it goes out with the result. */
static void output_eof(void *peer, enum vsh_stream stream)
{
    (void)peer;
    (void)stream;
}

static void input_taken(void *peer, size_t length)
{
    struct channel *channel = peer;
    channel->process->input_room += length;
}

static void input_closed(void *peer)
{
    struct channel *channel = peer;
    channel->process->input_closed = true;
}

static void exited(void *peer, const struct process_result *result)
{
    struct channel *channel = peer;
    channel->process->result = *result;
    channel->process->has_result = true;
}

const struct pump_peer *ssh_process_pump_peer(void)
{
    static const struct pump_peer ops = {
        .output_reserve = output_reserve,
        .output_commit = output_commit,
        .output_eof = output_eof,
        .input_taken = input_taken,
        .input_closed = input_closed,
        .exited = exited,
    };
    return &ops;
}

/* Nobody is there to read stdin any more. */
static bool discards(const struct ssh_process *state)
{
    return state->pump == NULL || state->input_closed || state->process.exited;
}

static size_t input(struct channel *channel, const uint8_t *bytes, size_t length)
{
    struct ssh_process *state = channel->process;
    if (discards(state)) {
        return length;
    }
    if (length > state->input_room) {
        pump_input_flush(state->pump);
    }
    size_t taken = length < state->input_room ? length : state->input_room;
    state->input_room -= taken; /* before the call: it gives back at once what it writes at once */
    if (taken > 0 && pump_input_gather(state->pump, bytes, taken) < 0) {
        state->input_closed = true;
        return length;
    }
    return taken;
}

static void input_eof(struct channel *channel)
{
    if (channel->process->pump != NULL) {
        pump_input_eof(channel->process->pump);
    }
}

static size_t interest(struct channel *channel, struct pump_interest list[PUMP_FDS_MAX])
{
    return channel->process->pump != NULL ? pump_interest(channel->process->pump, list) : 0;
}

/* What work() has written made room for what libssh still holds, and no descriptor will say so. */
static bool busy(const struct channel *channel)
{
    const struct ssh_process *state = channel->process;
    return channel->backlog && !channel->finished && (state->input_room > 0 || discards(state));
}

static void ready(struct channel *channel, int fd, short revents)
{
    pump_ready(channel->process->pump, fd, revents);
}

static void send_result(struct channel *channel)
{
    const struct process_result *result = &channel->process->result;
    if (!result->signalled) {
        (void)ssh_channel_request_send_exit_status(channel->handle, result->code);
        return;
    }
    const char *name = vsh_signal_name(result->code);
    (void)ssh_channel_request_send_exit_signal(channel->handle, name != NULL ? name : "KILL",
                                               result->core_dumped, "", "");
}

void ssh_process_audit(struct channel *channel, const struct audit_result *result)
{
    struct ssh_process *state = channel->process;
    if (state->audit.action == NULL) {
        return;
    }
    if (state->pump != NULL) {
        state->audit.bytes_in = pump_bytes_in(state->pump);
        state->audit.bytes_out = pump_bytes_out(state->pump);
    }
    audit_log(LOG_LEVEL_NOTICE, &channel->connection->audit, &state->audit, result);
    state->audit.action = NULL;
}

static void audit_end(struct channel *channel)
{
    const struct ssh_process *state = channel->process;
    struct audit_result result = audit_exit(state->result.signalled, state->result.code);
    if (!state->has_result) {
        result = ssh_channel_why_closed(channel);
    }
    ssh_process_audit(channel, &result);
}

/* Nothing goes on unrecorded: the process is ended, and the peer told why. */
static void end_unrecorded(struct channel *channel, int error)
{
    struct ssh_process *state = channel->process;
    (void)snprintf(state->failure, sizeof(state->failure),
                   "\r\nvsock-shell: sessions are recorded here, and the recording of this one "
                   "cannot go on: %s\r\n",
                   strerror(-error));
    const struct audit_result result =
        audit_because("the recording cannot go on: %s", strerror(-error));
    ssh_process_audit(channel, &result);
    if (!process_reap(&state->process)) {
        ssh_terminate_start(channel->connection, &state->process);
    }
    pump_free(state->pump);
    state->pump = NULL;
    state->result = (struct process_result){.code = 255};
    state->has_result = true;
}

static void work(struct channel *channel)
{
    struct ssh_process *state = channel->process;
    if (state->pump != NULL) {
        pump_input_flush(state->pump);
        if (channel->reader_gone) {
            channel->reader_gone = false;
            pump_output_close(state->pump, VSH_STREAM_STDOUT);
        }
        if (state->stalled && (ssh_channel_room(channel) > 0 || channel->peer_closed)) {
            state->stalled = false;
            pump_room(state->pump);
        }
        int error = pump_record_error(state->pump);
        if (error < 0) {
            end_unrecorded(channel, error);
        }
    }
    size_t length = strlen(state->failure);
    if (length > 0 && ssh_channel_room(channel) >= length) {
        ssh_channel_send(channel, (const uint8_t *)state->failure, length, !state->has_pty);
        state->failure[0] = '\0';
        length = 0;
    }
    /* All output has gone before: libssh and the socket keep the order. */
    if (state->has_result && length == 0 && buffer_length(&channel->unsent) == 0) {
        if (!channel->peer_closed) {
            send_result(channel);
        }
        audit_end(channel);
        channel->finished = true;
    }
}

static void child_ended(struct channel *channel)
{
    struct ssh_process *state = channel->process;
    if (state->pump != NULL && !state->process.exited && process_reap(&state->process)) {
        pump_exited(state->pump);
    }
}

void ssh_process_free(struct channel *channel)
{
    struct ssh_process *state = channel->process;
    if (state == NULL) {
        return;
    }
    audit_end(channel);
    if (state->pump != NULL && !process_reap(&state->process)) {
        ssh_terminate_start(channel->connection, &state->process);
    }
    pump_free(state->pump);
    pty_close(&state->pty);
    free(state);
    channel->process = NULL;
}

void ssh_process_attach(struct channel *channel)
{
    static const struct channel_kind kind = {
        .name = "process",
        .input = input,
        .input_eof = input_eof,
        .interest = interest,
        .ready = ready,
        .work = work,
        .child_ended = child_ended,
        .busy = busy,
        .free = ssh_process_free,
    };
    channel->kind = &kind;
}
