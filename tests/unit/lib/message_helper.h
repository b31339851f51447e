/* SPDX-License-Identifier: MIT */
/* A queue whose messages come back to it over a socket pair: encode, send, receive, decode. */
#ifndef MESSAGE_HELPER_H
#define MESSAGE_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <vsock-shell/error.h>
#include <vsock-shell/message.h>

struct echo {
    int fds[2];
    struct vsh_queue *queue;
};

static inline void echo_open(struct echo *echo)
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, echo->fds), 0);
    assert_int_equal(vsh_queue_new(echo->fds[1], echo->fds[0], &echo->queue), 0);
    assert_int_equal(
        vsh_queue_set_limits(echo->queue, VSH_V2_PAYLOAD_DEFAULT, VSH_V2_PAYLOAD_DEFAULT), 0);
}

static inline void echo_close(struct echo *echo)
{
    vsh_queue_free(echo->queue);
    close(echo->fds[0]);
    close(echo->fds[1]);
}

/* What was put comes back as exactly one message. */
static inline struct vsh_message echo_message(struct echo *echo, uint32_t type)
{
    struct vsh_message message;

    assert_int_equal(vsh_queue_flush(echo->queue), 0);
    assert_true(vsh_queue_fill(echo->queue) > 0);
    assert_int_equal(vsh_queue_next(echo->queue, &message), 1);
    assert_int_equal(message.type, type);
    assert_int_equal(vsh_queue_partial(echo->queue), 0);
    return message;
}

#endif
