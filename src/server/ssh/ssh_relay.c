/* SPDX-License-Identifier: MIT */
/* Bytes between a channel and a socket. Each direction ends by itself; the channel after both. */
#include "server/ssh/ssh_relay.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "common/log.h"
#include "server/ssh/ssh_channel.h"
#include "server/ssh/ssh_listen.h"

#define INPUT_CAPACITY (256u * 1024u)

struct relay {
    int fd; /* -1 while connect is under way */
    struct ssh_connect connect;
    struct buffer input; /* from the peer to the socket */
    bool input_ended;    /* the peer sends no more */
    bool input_shut;     /* the socket gets no more: all was written, or it refuses */
    bool output_ended;   /* the socket has no more */
    bool eof_sent;
    /* A channel that we open: where the connection came from. */
    bool is_agent;
    char *address; /* of the listener, as the peer named it */
    char *origin;
    unsigned port, origin_port;
    bool unreachable;
    struct audit audit;
};

static void write_input(struct relay *relay)
{
    size_t length = buffer_length(&relay->input);
    if (relay->fd < 0 || relay->input_shut) {
        return;
    }
    if (length > 0) {
        ssize_t n = send(relay->fd, buffer_head(&relay->input), length, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            relay->input_shut = true;
            buffer_clear(&relay->input);
            return;
        }
        buffer_consume(&relay->input, n > 0 ? (size_t)n : 0);
        relay->audit.bytes_in += n > 0 ? (uint64_t)n : 0;
    }
    if (relay->input_ended && buffer_length(&relay->input) == 0) {
        relay->input_shut = true;
        (void)shutdown(relay->fd, SHUT_WR);
    }
}

static size_t input(struct channel *channel, const uint8_t *bytes, size_t length)
{
    struct relay *relay = channel->state;
    if (relay->input_shut) {
        return length;
    }
    size_t room = buffer_room(&relay->input);
    size_t taken = length < room ? length : room;
    (void)buffer_append(&relay->input, bytes, taken);
    write_input(relay);
    return taken;
}

static void input_eof(struct channel *channel)
{
    struct relay *relay = channel->state;
    relay->input_ended = true;
    write_input(relay);
}

static size_t interest(struct channel *channel, struct pump_interest list[PUMP_FDS_MAX])
{
    const struct relay *relay = channel->state;
    if (relay->connect.pid > 0) {
        list[0] = (struct pump_interest){.fd = relay->connect.fd, .events = POLLIN};
        return 1;
    }
    short in = !relay->output_ended && ssh_channel_room(channel) > 0 ? POLLIN : 0;
    short out = buffer_length(&relay->input) > 0 ? POLLOUT : 0;
    list[0] = (struct pump_interest){.fd = relay->fd, .events = (short)(in | out)};
    return relay->fd >= 0 ? 1 : 0;
}

static void read_output(struct channel *channel, struct relay *relay)
{
    size_t room = ssh_channel_room(channel);
    if (room == 0 || relay->output_ended) {
        return;
    }
    size_t wanted = room < SSH_OUTPUT_CHUNK ? room : SSH_OUTPUT_CHUNK;
    ssize_t n = recv(relay->fd, channel->connection->staging, wanted, 0);
    if (n > 0) {
        relay->audit.bytes_out += (uint64_t)n;
        ssh_channel_send(channel, channel->connection->staging, (size_t)n, false);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        relay->output_ended = true;
        /* A reset ends both directions. */
        relay->input_shut = relay->input_shut || n < 0;
    }
}

static void ready(struct channel *channel, int fd, short revents)
{
    struct relay *relay = channel->state;
    if (relay->connect.pid > 0) {
        relay->fd = ssh_connect_finish(&relay->connect);
        if (relay->fd < 0) {
            relay->fd = -1;
            relay->unreachable = true;
            channel->finished = true;
        }
        write_input(relay);
        return;
    }
    (void)fd;
    if (revents & POLLOUT) {
        write_input(relay);
    }
    if (revents & (POLLIN | POLLHUP | POLLERR)) {
        read_output(channel, relay);
    }
}

/* Not blocking, the call is repeated until the peer has answered. */
static void open_channel(struct channel *channel, struct relay *relay)
{
    int r = relay->is_agent ? ssh_channel_open_auth_agent(channel->handle)
                            : ssh_channel_open_reverse_forward(channel->handle, relay->address,
                                                               (int)relay->port, relay->origin,
                                                               (int)relay->origin_port);
    if (r == SSH_AGAIN) {
        return;
    }
    channel->finished = r != SSH_OK;
    channel->opening = r != SSH_OK;
}

static void work(struct channel *channel)
{
    struct relay *relay = channel->state;
    if (channel->opening) {
        open_channel(channel, relay);
        return;
    }
    if (relay->output_ended && !relay->eof_sent && buffer_length(&channel->unsent) == 0) {
        relay->eof_sent = true;
        (void)ssh_channel_send_eof(channel->handle);
    }
    channel->finished = channel->finished || (relay->eof_sent && relay->input_shut);
}

static void audit_end(const struct channel *channel, const struct relay *relay)
{
    struct audit_result result = {0};
    if (relay->unreachable) {
        result = audit_because("cannot connect");
    } else if (channel->opening) {
        result = audit_because("the peer did not take it");
    } else if (!channel->finished) {
        result = ssh_channel_why_closed(channel);
    }
    audit_log(LOG_LEVEL_NOTICE, &channel->connection->audit, &relay->audit, &result);
}

static void free_state(struct channel *channel)
{
    struct relay *relay = channel->state;
    audit_end(channel, relay);
    ssh_connect_cancel(&relay->connect);
    if (relay->fd >= 0) {
        (void)close(relay->fd);
    }
    buffer_done(&relay->input);
    free(relay->address);
    free(relay->origin);
    free(relay);
    channel->state = NULL;
}

int ssh_relay_attach(struct channel *channel, int fd, struct ssh_connect connect,
                     const char *action, const char *target)
{
    static const struct channel_kind kind = {
        .name = "relay",
        .input = input,
        .input_eof = input_eof,
        .interest = interest,
        .ready = ready,
        .work = work,
        .free = free_state,
    };
    struct relay *relay = calloc(1, sizeof(*relay));
    if (relay == NULL || buffer_init(&relay->input, INPUT_CAPACITY) < 0) {
        free(relay);
        if (fd >= 0) {
            (void)close(fd);
        }
        ssh_connect_cancel(&connect);
        return -ENOMEM;
    }
    audit_begin(&relay->audit, action, target != NULL ? "target" : NULL, target);
    audit_show(&channel->connection->audit, &relay->audit);
    relay->fd = fd;
    relay->connect = connect;
    channel->state = relay;
    channel->kind = &kind;
    return 0;
}

/* A channel of ours, not open yet. NULL: everything is cleaned up. */
static struct relay *open_from(struct listener *listener, int fd, const char *action,
                               const char *target)
{
    struct channel *channel = ssh_channel_add(listener->connection, false);
    if (channel == NULL) {
        (void)close(fd);
        return NULL;
    }
    int r = ssh_relay_attach(channel, fd, (struct ssh_connect){.fd = -1}, action, target);
    ssh_channel handle = r == 0 ? ssh_channel_new(listener->connection->session) : NULL;
    channel->opening = true;
    if (handle == NULL || ssh_channel_attach(channel, handle) < 0) {
        ssh_channel_remove(listener->connection, channel);
        return NULL;
    }
    return channel->state;
}

void ssh_relay_open_reverse(struct listener *listener, int fd, const char *peer, unsigned port)
{
    char target[AUDIT_TEXT_MAX];
    (void)snprintf(target, sizeof(target), "%s:%u from %s:%u", listener->address, listener->port,
                   peer, port);
    struct relay *relay = open_from(listener, fd, "remote-forward", target);
    if (relay == NULL) {
        return;
    }
    relay->address = strdup(listener->address);
    relay->origin = strdup(peer);
    relay->port = listener->port;
    relay->origin_port = port;
    if (relay->address == NULL || relay->origin == NULL) {
        die("out of memory");
    }
}

void ssh_relay_open_agent(struct listener *listener, int fd)
{
    struct relay *relay = open_from(listener, fd, "agent", NULL);
    if (relay != NULL) {
        relay->is_agent = true;
    }
}
