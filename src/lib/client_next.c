/* SPDX-License-Identifier: MIT */
/*
 * What the server says, turned into events: a table of message types, each checked against the
 * state of the session.
 */
#include <vsock-shell/client.h>

#include "base/fd.h"
#include "lib/client_state.h"

#define OWED_MIN (VSH_V2_WINDOW_INITIAL / 4) /* less than this is not worth a message */

/* 1 = *ret is an event, 0 = dealt with, or a negative errno. */
typedef int message_fn(struct vsh_client *client, const struct vsh_message *message,
                       struct vsh_client_event *ret);

static int on_started(struct vsh_client *client, const struct vsh_message *message,
                      struct vsh_client_event *ret)
{
    (void)client;
    ret->type = VSH_CLIENT_STARTED;
    return vsh_get_started(message, &ret->pid) < 0 ? VSH_E_MALFORMED : 1;
}

static bool output_stream_is_open(const struct vsh_client *client, enum vsh_stream stream)
{
    return stream != VSH_STREAM_STDIN && !client->ended[stream];
}

static int on_data(struct vsh_client *client, const struct vsh_message *message,
                   struct vsh_client_event *ret)
{
    struct vsh_data *data = &ret->data;

    /*
     * The server's credit is not counted: the caller gets each message where it lies in the queue,
     * so a server that overruns it only fills its own end of the connection.
     */
    if (vsh_get_data(message, data) < 0 || !output_stream_is_open(client, data->stream)) {
        return VSH_E_MALFORMED;
    }
    client->lent = data->stream;
    client->lent_bytes = data->length;
    ret->type = VSH_CLIENT_OUTPUT;
    return 1;
}

static int on_eof(struct vsh_client *client, const struct vsh_message *message,
                  struct vsh_client_event *ret)
{
    enum vsh_stream stream;

    if (vsh_get_stream(message, &stream) < 0 || !output_stream_is_open(client, stream)) {
        return VSH_E_MALFORMED;
    }
    client->ended[stream] = true;
    ret->type = VSH_CLIENT_EOF;
    ret->data = (struct vsh_data){.stream = stream};
    return 1;
}

static int on_close(struct vsh_client *client, const struct vsh_message *message,
                    struct vsh_client_event *ret)
{
    enum vsh_stream stream;

    if (vsh_get_stream(message, &stream) < 0 || stream != VSH_STREAM_STDIN) {
        return VSH_E_MALFORMED;
    }
    if (client->stdin_unread) {
        return 0;
    }
    client->stdin_unread = true;
    ret->type = VSH_CLIENT_CLOSED;
    return 1;
}

static int on_window(struct vsh_client *client, const struct vsh_message *message,
                     struct vsh_client_event *ret)
{
    struct vsh_window window;

    (void)ret;
    if (vsh_get_window(message, &window) < 0 || window.stream != VSH_STREAM_STDIN ||
        client->credit + window.credit > UINT32_MAX) {
        return VSH_E_MALFORMED;
    }
    client->credit += window.credit;
    return 0;
}

static int on_exit(struct vsh_client *client, const struct vsh_message *message,
                   struct vsh_client_event *ret)
{
    if (vsh_get_exit(message, &ret->status) < 0) {
        return VSH_E_MALFORMED;
    }

    int rc = vsh_put_end(client->queue);
    if (rc < 0) {
        return rc; /* the room was there when the message was taken in */
    }
    client->state = CLIENT_ENDING;
    client->ending_ms = monotonic_ms();
    ret->type = VSH_CLIENT_EXITED;
    return 1;
}

static int on_error(struct vsh_client *client, const struct vsh_message *message,
                    struct vsh_client_event *ret)
{
    if (vsh_get_error(message, &ret->error) < 0) {
        return VSH_E_MALFORMED;
    }
    client->state = CLIENT_OVER;
    ret->type = VSH_CLIENT_REFUSED;
    return 1;
}

static int on_end(struct vsh_client *client, const struct vsh_message *message,
                  struct vsh_client_event *ret)
{
    (void)ret;
    if (message->length != 0) {
        return VSH_E_MALFORMED;
    }
    /* END answers ours; before EXIT it says that the session ended without a result. */
    if (client->state != CLIENT_ENDING) {
        return VSH_E_GONE;
    }
    client->state = CLIENT_OVER;
    return 0;
}

static int on_ping(struct vsh_client *client, const struct vsh_message *message,
                   struct vsh_client_event *ret)
{
    uint64_t token;

    (void)ret;
    if (vsh_get_ping(message, &token) < 0) {
        return VSH_E_MALFORMED;
    }
    /* Without room there is traffic enough to be heard by. */
    (void)vsh_put_ping(client->queue, VSH_V2_PONG, token);
    return 0;
}

static int on_pong(struct vsh_client *client, const struct vsh_message *message,
                   struct vsh_client_event *ret)
{
    uint64_t token;

    (void)client;
    (void)ret;
    return vsh_get_ping(message, &token) < 0 ? VSH_E_MALFORMED : 0;
}

static const struct {
    uint32_t type;
    bool after_exit; /* may still come once EXIT was seen */
    message_fn *fn;
} handlers[] = {
    {VSH_V2_STARTED, false, on_started}, {VSH_V2_DATA, false, on_data},
    {VSH_V2_EOF, false, on_eof},         {VSH_V2_CLOSE, false, on_close},
    {VSH_V2_WINDOW, false, on_window},   {VSH_V2_EXIT, false, on_exit},
    {VSH_V2_ERROR, true, on_error},      {VSH_V2_END, true, on_end},
    {VSH_V2_PING, true, on_ping},        {VSH_V2_PONG, true, on_pong},
};

static int dispatch(struct vsh_client *client, const struct vsh_message *message,
                    struct vsh_client_event *ret)
{
    if (!client->heard_hello) {
        return client_take_hello(client, message);
    }
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        if (handlers[i].type == message->type) {
            return client->state == CLIENT_RUNNING || handlers[i].after_exit
                       ? handlers[i].fn(client, message, ret)
                       : VSH_E_MALFORMED;
        }
    }
    return VSH_E_MALFORMED;
}

/* The caller is back: the bytes of its last event are dealt with. */
static void give_credit_back(struct vsh_client *client)
{
    enum vsh_stream stream = client->lent;
    uint32_t owed = client->owed[stream] + client->lent_bytes;

    client->lent_bytes = 0;
    client->owed[stream] = owed;
    if (owed < OWED_MIN || client->ended[stream] || client->state != CLIENT_RUNNING) {
        return;
    }
    /* Without room it stays owed and goes with the next event's. */
    if (vsh_put_window(client->queue, stream, owed) == 0) {
        client->owed[stream] = 0;
    }
}

static int next_message(struct vsh_client *client, struct vsh_client_event *ret)
{
    struct vsh_message message;
    int rc = vsh_queue_next(client->queue, &message);

    if (rc == 1) {
        rc = dispatch(client, &message, ret);
        return rc == 0 ? -EINTR : rc; /* dealt with: look for the next one */
    }
    if (rc == VSH_E_MALFORMED && !client->heard_hello) {
        return -EPROTONOSUPPORT; /* no frame at all: some other program listens there */
    }
    return rc;
}

/* Tells the server what it did wrong, as far as it still listens. */
static int broken_by_server(struct vsh_client *client, int error)
{
    if (client->heard_hello && (error == VSH_E_MALFORMED || error == VSH_E_TOO_BIG)) {
        (void)vsh_put_error(client->queue, VSH_ERROR_PROTOCOL, vsh_strerror(error));
        (void)client_flush(client);
    }
    return client_fail(client, error);
}

int vsh_client_next(struct vsh_client *client, struct vsh_client_event *ret, int timeout_ms)
{
    int64_t deadline_ms = timeout_ms < 0 ? -1 : monotonic_ms() + timeout_ms;

    give_credit_back(client);
    while (!client->failed && client->state != CLIENT_OVER) {
        int rc = next_message(client, ret);

        if (rc == 1) {
            (void)client_flush(client);
            return 1;
        }
        if (rc == -EINTR) {
            continue;
        }
        if (rc < 0) {
            return broken_by_server(client, rc);
        }
        if (client->wants_writable && client_writable(client) > 0 && !client->stdin_unread) {
            client->wants_writable = false;
            ret->type = VSH_CLIENT_WRITABLE;
            return 1;
        }
        rc = client_step(client, deadline_ms);
        if (rc < 0) {
            return rc;
        }
    }
    return client->failed;
}
