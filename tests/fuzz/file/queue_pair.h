/* SPDX-License-Identifier: MIT */
/* Two queues that face each other, small enough to be full now and then. All of it aborts. */
#ifndef FUZZ_QUEUE_PAIR_H
#define FUZZ_QUEUE_PAIR_H

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vsock-shell/message_queue.h>

#define QUEUE_BYTES     32768
#define DESCRIPTORS_MAX 40

struct queue_pair {
    int fds[2];
    struct vsh_queue *near, *far;
};

static void queue_pair_open(struct queue_pair *pair)
{
    *pair = (struct queue_pair){0};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair->fds) < 0 ||
        vsh_queue_new(pair->fds[0], pair->fds[0], &pair->near) < 0 ||
        vsh_queue_new(pair->fds[1], pair->fds[1], &pair->far) < 0 ||
        vsh_queue_set_limits(pair->near, QUEUE_BYTES, QUEUE_BYTES) < 0 ||
        vsh_queue_set_limits(pair->far, QUEUE_BYTES, QUEUE_BYTES) < 0) {
        abort();
    }
}

/* The last act of an input: what it has left open adds up, and shows in the next number. */
static void queue_pair_close(struct queue_pair *pair)
{
    vsh_queue_free(pair->far);
    vsh_queue_free(pair->near);
    (void)close(pair->fds[0]);
    (void)close(pair->fds[1]);
    int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (next > DESCRIPTORS_MAX) {
        abort();
    }
    (void)close(next);
}

#endif
