/* SPDX-License-Identifier: MIT */
/* A client and, at the other end of a socket pair, a server that the test plays by hand. */
#ifndef CLIENT_STAGE_H
#define CLIENT_STAGE_H

#include "message_helper.h"

#include <fcntl.h>

#include <vsock-shell/client.h>

struct stage {
    struct vsh_client *client;
    struct vsh_queue *server;
    int fd; /* the server's end */
};

static inline void stage_open(struct stage *stage)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    assert_int_equal(vsh_client_open_fd(fds[0], &stage->client), 0);
    assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(vsh_queue_new(fds[1], fds[1], &stage->server), 0);
    assert_int_equal(vsh_queue_set_limits(stage->server, 262208, 262208), 0);
    stage->fd = fds[1];
}

static inline void stage_close(struct stage *stage)
{
    vsh_client_close(stage->client);
    vsh_queue_free(stage->server);
    if (stage->fd >= 0) {
        close(stage->fd);
    }
}

/* The next message the server gets, which must be of this type. */
static inline struct vsh_message heard(struct stage *stage, uint32_t type)
{
    struct vsh_message message;

    while (vsh_queue_next(stage->server, &message) == 0) {
        assert_true(vsh_queue_fill(stage->server) > 0);
    }
    assert_int_equal(message.type, type);
    return message;
}

static inline void hears_nothing_more(struct stage *stage)
{
    struct vsh_message message;

    assert_int_equal(vsh_queue_next(stage->server, &message), 0);
    assert_int_equal(vsh_queue_fill(stage->server), -EAGAIN);
}

static inline void say(struct stage *stage)
{
    assert_int_equal(vsh_queue_flush(stage->server), 0);
}

static inline void say_hello(struct stage *stage, uint32_t max_payload)
{
    const struct vsh_hello hello = {.version = 2, .max_payload = max_payload, .software = "test"};

    assert_int_equal(vsh_put_hello(stage->server, &hello), 0);
}

/* Up to the running command. */
static inline void start(struct stage *stage, uint32_t max_payload)
{
    static const struct vsh_exec exec = {.command = "cat"};
    struct vsh_client_event event;

    assert_int_equal(vsh_client_exec(stage->client, &exec), 0);
    heard(stage, VSH_V2_HELLO);
    heard(stage, VSH_V2_EXEC);
    say_hello(stage, max_payload);
    assert_int_equal(vsh_put_started(stage->server, 77), 0);
    say(stage);
    assert_int_equal(vsh_client_next(stage->client, &event, 0), 1);
    assert_int_equal(event.type, VSH_CLIENT_STARTED);
    assert_int_equal(event.pid, 77);
}

#endif
