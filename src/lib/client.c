/* SPDX-License-Identifier: MIT */
/*
 * What a program asks of its client: open, exec, write, signal, close. Everything is queued here
 * and sent as far as it goes at once; what the server says is client_next.c's, waiting is
 * client_step.c's.
 */
#include <vsock-shell/client.h>

#include <poll.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "lib/client_state.h"

#ifndef VSH_VERSION
#define VSH_VERSION "0"
#endif

static int put_hello(struct vsh_client *client)
{
    static const struct vsh_hello hello = {
        .version = VSH_V2_VERSION,
        .features = VSH_FEATURE_EXEC | VSH_FEATURE_FILES,
        .max_payload = CLIENT_PAYLOAD_MAX,
        .software = "libvsock-shell " VSH_VERSION,
    };
    int rc = vsh_queue_set_limits(client->queue, CLIENT_PAYLOAD_MAX, VSH_V2_PAYLOAD_DEFAULT);

    return rc < 0 ? rc : vsh_put_hello(client->queue, &hello);
}

int vsh_client_open_fd(int fd, struct vsh_client **ret)
{
    struct vsh_client *client = calloc(1, sizeof(*client));

    if (!client) {
        return -ENOMEM;
    }
    client->fd = -1; /* the caller's until nothing can fail any more */
    client->credit = VSH_V2_WINDOW_INITIAL;

    int rc = vsh_queue_new(fd, fd, &client->queue);
    if (rc == 0) {
        rc = put_hello(client);
    }
    if (rc == 0) {
        rc = fd_set_nonblock(fd, true);
    }
    if (rc < 0) {
        vsh_client_close(client);
        return rc;
    }
    client->fd = fd;
    *ret = client;
    return 0;
}

int vsh_client_open(const struct vsh_address *address, const struct vsh_connect_options *options,
                    struct vsh_client **ret)
{
    cleanup_close int fd = -1;
    int rc = vsh_connect(address, options, &fd);

    if (rc == 0) {
        rc = vsh_client_open_fd(fd, ret);
    }
    if (rc == 0) {
        (void)take_fd(&fd);
    }
    return rc;
}

void vsh_client_close(struct vsh_client *client)
{
    if (!client) {
        return;
    }
    if (client->fd >= 0) {
        /* Best effort: a server that does not get END takes the closed connection for one. */
        if (client->state == CLIENT_RUNNING && !client->failed) {
            (void)vsh_put_end(client->queue);
        }
        (void)client_flush(client);
        (void)close(client->fd);
    }
    vsh_queue_free(client->queue);
    free(client);
}

/* A request above the default limit waits for the server to say that it takes more. */
static int await_hello(struct vsh_client *client)
{
    while (!client->heard_hello) {
        struct vsh_message message;
        int rc = vsh_queue_next(client->queue, &message);

        if (rc == 1) {
            rc = client_take_hello(client, &message);
        } else if (rc == 0) {
            rc = client_step(client, -1);
        }
        if (rc < 0) {
            return client_fail(client, rc);
        }
    }
    return 0;
}

int vsh_client_exec(struct vsh_client *client, const struct vsh_exec *exec)
{
    int rc = client->failed;

    if (client->state != CLIENT_IDLE) {
        return -EALREADY;
    }
    client->asked_ms = client->heard_ms = monotonic_ms();
    if (rc == 0 && vsh_exec_size(exec) > VSH_V2_PAYLOAD_DEFAULT) {
        rc = await_hello(client);
    }
    if (rc == 0) {
        rc = vsh_put_exec(client->queue, exec);
    }
    if (rc < 0) {
        return rc;
    }
    client->state = CLIENT_RUNNING;
    return client_flush(client);
}

size_t client_writable(const struct vsh_client *client)
{
    size_t room = vsh_queue_bulk_room(client->queue);

    if (room <= VSH_DATA_PREFIX) {
        return 0;
    }
    room -= VSH_DATA_PREFIX;
    return room < client->credit ? room : (size_t)client->credit;
}

/* May the caller talk to the command now? */
static int check_running(const struct vsh_client *client)
{
    if (client->state == CLIENT_IDLE) {
        return -EINVAL;
    }
    return client->state == CLIENT_RUNNING && !client->failed ? 0 : VSH_E_GONE;
}

ssize_t vsh_client_write(struct vsh_client *client, const void *bytes, size_t length)
{
    int rc = check_running(client);

    if (rc < 0) {
        return rc;
    }
    if (client->stdin_ended) {
        return -EINVAL;
    }
    if (client->stdin_unread) {
        return VSH_E_GONE;
    }
    if (length == 0) {
        return 0;
    }

    size_t room = client_writable(client);
    if (room == 0) {
        client->wants_writable = true;
        return -EAGAIN;
    }
    length = length < room ? length : room;
    rc = vsh_put_data(client->queue, VSH_STREAM_STDIN, bytes, length);
    if (rc < 0) {
        return rc;
    }
    client->credit -= length;
    rc = client_flush(client);
    return rc < 0 ? rc : (ssize_t)length;
}

/* A control message that found no room is the caller's to repeat. */
static int sent(struct vsh_client *client, int rc)
{
    if (rc == -ENOBUFS) {
        return -EAGAIN;
    }
    return rc < 0 ? rc : client_flush(client);
}

int vsh_client_close_stdin(struct vsh_client *client)
{
    int rc = check_running(client);

    if (rc < 0) {
        return rc;
    }
    if (client->stdin_ended) {
        return -EINVAL;
    }
    rc = sent(client, vsh_put_stream(client->queue, VSH_V2_EOF, VSH_STREAM_STDIN));
    client->stdin_ended = rc == 0;
    client->wants_writable |= rc == -EAGAIN;
    return rc;
}

int vsh_client_signal(struct vsh_client *client, const char *name)
{
    int rc = check_running(client);

    return rc < 0 ? rc : sent(client, vsh_put_signal(client->queue, name));
}

int vsh_client_resize(struct vsh_client *client, const struct vsh_winsize *size)
{
    int rc = check_running(client);

    return rc < 0 ? rc : sent(client, vsh_put_winsize(client->queue, VSH_V2_RESIZE, size));
}
