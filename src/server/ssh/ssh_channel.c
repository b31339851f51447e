/* SPDX-License-Identifier: MIT */
/* The life of a channel: list, flow control in both directions, end. */
#include "server/ssh/ssh_channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "common/log.h"
#include "server/ssh/ssh_channel_requests.h"
#include "server/ssh/ssh_process.h"
#include "session/environ.h"

/* More than any window that libssh grants: the peer has overrun it, which 0.10 does not notice. */
#define INPUT_MAX     (8u * 1024u * 1024u)
#define UNFLUSHED_MAX (512u * 1024u)

struct channel *ssh_channel_add(struct ssh_connection *connection, bool is_session)
{
    unsigned *count = is_session ? &connection->session_count : &connection->forward_count;
    if (*count >= (is_session ? SSH_SESSIONS_MAX : SSH_FORWARDS_MAX)) {
        log_warning("refused a channel: %u are open", *count);
        return NULL;
    }
    struct channel *channel = calloc(1, sizeof(*channel));
    if (channel == NULL) {
        return NULL;
    }
    channel->connection = connection;
    channel->is_session = is_session;
    channel->next = connection->channels;
    connection->channels = channel;
    (*count)++;
    return channel;
}

static int on_data(ssh_session session, ssh_channel handle, void *data, uint32_t length,
                   int is_stderr, void *user)
{
    struct channel *channel = user;
    (void)session;
    (void)handle;
    channel->connection->active_ms = monotonic_ms();
    if (length > INPUT_MAX) {
        log_warning("the peer sends more than its window");
        ssh_connection_disconnect(channel->connection, "Window overrun");
        return (int)length;
    }
    if (is_stderr != 0 || channel->finished) {
        return (int)length;
    }
    if (channel->kind == NULL || channel->writing || buffer_length(&channel->carry) > 0) {
        channel->backlog = true;
        return 0;
    }
    size_t taken = channel->kind->input(channel, data, length);
    channel->backlog = taken < length;
    return (int)taken;
}

static void on_eof(ssh_session session, ssh_channel handle, void *user)
{
    struct channel *channel = user;
    (void)session;
    (void)handle;
    channel->eof_seen = true;
}

static void on_close(ssh_session session, ssh_channel handle, void *user)
{
    struct channel *channel = user;
    (void)session;
    (void)handle;
    channel->peer_closed = true;
}

int ssh_channel_attach(struct channel *channel, ssh_channel handle)
{
    channel->handle = handle;
    channel->callbacks = (struct ssh_channel_callbacks_struct){
        .userdata = channel,
        .channel_data_function = on_data,
        .channel_eof_function = on_eof,
        .channel_close_function = on_close,
    };
    if (channel->is_session) {
        ssh_channel_requests_set(&channel->callbacks);
    }
    ssh_callbacks_init(&channel->callbacks);
    return ssh_set_channel_callbacks(handle, &channel->callbacks) == SSH_OK ? 0 : -EIO;
}

size_t ssh_channel_room(const struct channel *channel)
{
    if (channel->handle == NULL || channel->opening || channel->peer_closed ||
        channel->connection->unflushed >= UNFLUSHED_MAX || buffer_length(&channel->unsent) > 0) {
        return 0;
    }
    return ssh_channel_window_size(channel->handle);
}

/* What libssh takes of it; a key exchange that is under way makes it take nothing. */
static size_t write_some(struct channel *channel, const uint8_t *bytes, size_t length,
                         bool is_stderr)
{
    if (channel->peer_closed) {
        return length; /* nobody is there to get it */
    }
    channel->writing = true;
    int n = is_stderr ? ssh_channel_write_stderr(channel->handle, bytes, (uint32_t)length)
                      : ssh_channel_write(channel->handle, bytes, (uint32_t)length);
    channel->writing = false;
    channel->connection->active_ms = monotonic_ms();
    if (n < 0) {
        log_debug("channel write: %s", ssh_get_error(channel->connection->session));
        channel->peer_closed = true;
        return length;
    }
    channel->connection->unflushed += (size_t)n;
    return (size_t)n;
}

void ssh_channel_send(struct channel *channel, const uint8_t *bytes, size_t length, bool is_stderr)
{
    size_t sent = write_some(channel, bytes, length, is_stderr);
    if (sent == length) {
        return;
    }
    if (channel->unsent.data == NULL && buffer_init(&channel->unsent, SSH_OUTPUT_CHUNK) < 0) {
        die("out of memory");
    }
    channel->unsent_is_stderr = is_stderr;
    if (buffer_append(&channel->unsent, bytes + sent, length - sent) < 0) {
        die("%zu bytes for the peer have no room", length - sent);
    }
}

size_t ssh_channel_send_some(struct channel *channel, const uint8_t *bytes, size_t length)
{
    size_t room = ssh_channel_room(channel);
    size_t wanted = length < room ? length : room;
    wanted = wanted < SSH_OUTPUT_CHUNK ? wanted : SSH_OUTPUT_CHUNK;
    return wanted > 0 ? write_some(channel, bytes, wanted, false) : 0;
}

static void send_unsent(struct channel *channel)
{
    size_t length = buffer_length(&channel->unsent);
    if (length > 0) {
        buffer_consume(&channel->unsent, write_some(channel, buffer_head(&channel->unsent), length,
                                                    channel->unsent_is_stderr));
    }
}

/*
 * Moves what libssh still holds to carry, all of it: every read makes libssh open the window again
 * without a look at what it still holds, and piece by piece that would have no bound. False when
 * there is nothing.
 */
static bool fill_carry(struct channel *channel)
{
    int waiting = ssh_channel_poll(channel->handle, 0);
    buffer_done(&channel->carry);
    if (waiting <= 0) {
        return false;
    }
    if (buffer_init(&channel->carry, (size_t)waiting) < 0) {
        die("out of memory");
    }
    uint8_t *place = buffer_reserve(&channel->carry, (size_t)waiting);
    int n = ssh_channel_read_nonblocking(channel->handle, place, (uint32_t)waiting, 0);
    if (n > 0) {
        buffer_commit(&channel->carry, (size_t)n);
    }
    return n > 0;
}

/*
 * libssh offers what was left in its buffer again only when more arrives, and nothing arrives while
 * the window is shut: so it is fetched from here.
 */
static void take_backlog(struct channel *channel)
{
    while (channel->backlog || buffer_length(&channel->carry) > 0) {
        if (buffer_length(&channel->carry) == 0 && !fill_carry(channel)) {
            channel->backlog = false;
            return;
        }
        size_t length = buffer_length(&channel->carry);
        size_t taken = channel->kind->input(channel, buffer_head(&channel->carry), length);
        buffer_consume(&channel->carry, taken);
        /* Only "nothing at all" promises that the kind will wake us: it may have passed on at once
           what it took, and wait for nothing. */
        if (taken == 0) {
            return;
        }
        /* There may be more where that came from. */
        channel->backlog = true;
    }
}

static void tell_eof(struct channel *channel)
{
    if (channel->eof_seen && !channel->eof_told && !channel->backlog &&
        buffer_length(&channel->carry) == 0) {
        channel->eof_told = true;
        channel->kind->input_eof(channel);
    }
}

static void close_channel(struct channel *channel)
{
    if (buffer_length(&channel->unsent) > 0 && !channel->peer_closed) {
        return;
    }
    if (!channel->closing) {
        (void)ssh_channel_send_eof(channel->handle);
        channel->closing = true;
    }
    /* Not blocking, it may only have sent the EOF, and says so. */
    if (ssh_channel_close(channel->handle) != SSH_AGAIN) {
        channel->closed = true;
    }
}

void ssh_channel_turn(struct channel *channel)
{
    bool open = channel->handle != NULL && !channel->opening;
    if (open) {
        send_unsent(channel);
    }
    if (channel->kind != NULL && !channel->finished) {
        if (open) {
            take_backlog(channel);
            tell_eof(channel);
        }
        channel->kind->work(channel);
    }
    if (channel->finished && !channel->closed) {
        if (open) {
            close_channel(channel);
        } else {
            channel->closed = true; /* it never was open for the peer */
        }
    }
}

struct audit_result ssh_channel_why_closed(const struct channel *channel)
{
    const struct audit_result *ended = &channel->connection->ended;
    return ended->text[0] != '\0' ? *ended : audit_because("closed by the peer");
}

bool ssh_channel_is_over(const struct channel *channel)
{
    return channel->closed || channel->peer_closed;
}

void ssh_channel_remove(struct ssh_connection *connection, struct channel *channel)
{
    for (struct channel **at = &connection->channels; *at != NULL; at = &(*at)->next) {
        if (*at == channel) {
            *at = channel->next;
            break;
        }
    }
    (*(channel->is_session ? &connection->session_count : &connection->forward_count))--;
    if (channel->kind != NULL) {
        channel->kind->free(channel);
    }
    ssh_process_free(channel); /* a terminal whose shell never came */
    if (channel->handle != NULL) {
        /* libssh may keep its half until the peer's CLOSE: it must not call us any more. */
        (void)ssh_remove_channel_callbacks(channel->handle, &channel->callbacks);
        ssh_channel_free(channel->handle);
    }
    environ_free(channel->environment);
    buffer_done(&channel->carry);
    buffer_done(&channel->unsent);
    free(channel);
}
