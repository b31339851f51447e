/* SPDX-License-Identifier: MIT */
/*
 * A client's one waiting place: poll(2), one read, one write, and the deadlines of the connection
 * itself: the greeting, the silence of the peer, the acknowledged end.
 */
#include "lib/client_state.h"

#include <limits.h>
#include <poll.h>

#include "base/fd.h"

/* Room for the answers that one buffer of messages may call for: PONG, WINDOW, END. */
#define ANSWER_ROOM 1024u

int client_fail(struct vsh_client *client, int error)
{
    if (!client->failed) {
        client->failed = error;
    }
    return client->failed;
}

int client_flush(struct vsh_client *client)
{
    if (client->write_broken) {
        return 0;
    }

    int rc = vsh_queue_flush(client->queue);
    if (rc == VSH_E_GONE) {
        client->write_broken = true;
        return 0;
    }
    return rc < 0 ? client_fail(client, rc) : 0;
}

int client_take_hello(struct vsh_client *client, const struct vsh_message *message)
{
    struct vsh_hello hello;

    /* Version 1 has no HELLO and no number above 0x14. */
    if (message->type < VSH_V2_HELLO) {
        return -EPROTONOSUPPORT;
    }
    if (message->type != VSH_V2_HELLO || vsh_get_hello(message, &hello) < 0) {
        return VSH_E_MALFORMED;
    }
    client->heard_hello = true;

    uint32_t limit =
        hello.max_payload < CLIENT_PAYLOAD_MAX ? hello.max_payload : CLIENT_PAYLOAD_MAX;
    return vsh_queue_set_limits(client->queue, CLIENT_PAYLOAD_MAX, limit);
}

static int64_t silence_deadline(const struct vsh_client *client)
{
    if (!client->heard_hello) {
        return client->asked_ms + CLIENT_HELLO_MS;
    }
    if (client->state == CLIENT_ENDING) {
        return client->ending_ms + CLIENT_END_MS;
    }
    if (client->ping_ms > 0) {
        return client->ping_ms + CLIENT_SILENT_MS - CLIENT_PING_MS;
    }
    return client->heard_ms + CLIENT_PING_MS;
}

/*
 * The connection's deadline has come and nothing is there to be read. A caller who stayed away for
 * long is not taken for a silent peer: the silence counts from our PING.
 */
static int deadline_passed(struct vsh_client *client)
{
    if (!client->heard_hello) {
        return client_fail(client, -EPROTONOSUPPORT);
    }
    if (client->state == CLIENT_ENDING) {
        client->state = CLIENT_OVER;
        return 0;
    }
    if (client->ping_ms > 0) {
        return client_fail(client, VSH_E_GONE);
    }
    client->ping_ms = monotonic_ms();
    (void)vsh_put_ping(client->queue, VSH_V2_PING, (uint64_t)client->ping_ms);
    return client_flush(client);
}

static int stream_ended(struct vsh_client *client)
{
    if (client->state == CLIENT_ENDING) {
        client->state = CLIENT_OVER;
        return 0;
    }
    /* A version 1 program closes on a type that it does not know. */
    return client_fail(client, client->heard_hello || vsh_queue_bytes_in(client->queue) > 0
                                   ? VSH_E_GONE
                                   : -EPROTONOSUPPORT);
}

static int take_bytes(struct vsh_client *client)
{
    ssize_t count = vsh_queue_fill(client->queue);

    if (count == 0 || count == VSH_E_GONE) {
        return stream_ended(client);
    }
    if (count == -EAGAIN || count == -ENOBUFS) {
        return 0;
    }
    if (count < 0) {
        return client_fail(client, (int)count);
    }
    client->heard_ms = monotonic_ms();
    client->ping_ms = 0;
    return 0;
}

int vsh_client_fd(const struct vsh_client *client)
{
    return client->fd;
}

short vsh_client_poll_events(const struct vsh_client *client)
{
    short events = 0;

    if (client->write_broken || vsh_queue_room(client->queue) >= ANSWER_ROOM) {
        events |= POLLIN;
    }
    if (!client->write_broken && vsh_queue_pending(client->queue) > 0) {
        events |= POLLOUT;
    }
    return events;
}

int vsh_client_poll_timeout(const struct vsh_client *client)
{
    int64_t left = silence_deadline(client) - monotonic_ms();

    if (left < 0) {
        return 0;
    }
    return left < INT_MAX ? (int)left : INT_MAX;
}

int client_step(struct vsh_client *client, int64_t deadline_ms)
{
    int64_t own_ms = silence_deadline(client);
    bool own = deadline_ms < 0 || own_ms <= deadline_ms;
    int rc = client_flush(client);

    if (rc < 0) {
        return rc;
    }
    rc = fd_wait(client->fd, vsh_client_poll_events(client), own ? own_ms : deadline_ms);
    if (rc == -ETIMEDOUT) {
        return own && monotonic_ms() >= own_ms ? deadline_passed(client) : -ETIMEDOUT;
    }
    if (rc < 0) {
        return client_fail(client, rc);
    }
    rc = client_flush(client);
    return rc < 0 ? rc : take_bytes(client);
}
