/* SPDX-License-Identifier: MIT */
/* Local output: never blocks, loses nothing, leaves the shared description's flags alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/output.h"

#define CAPACITY (1024u * 1024u)

struct channel {
    int read_fd, write_fd;
    struct output output;
};

static void open_pipe(struct channel *channel)
{
    int fds[2];

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    *channel = (struct channel){.read_fd = fds[0], .write_fd = fds[1]};
    assert_int_equal(output_init(&channel->output, fds[1], CAPACITY), 0);
}

static void open_sockets(struct channel *channel)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    *channel = (struct channel){.read_fd = fds[0], .write_fd = fds[1]};
    assert_int_equal(output_init(&channel->output, fds[1], CAPACITY), 0);
}

/* Without /proc a pipe cannot be opened again. */
static void open_shared(struct channel *channel)
{
    open_pipe(channel);
    assert_int_equal(channel->output.kind, OUTPUT_PRIVATE);
    (void)close(channel->output.fd);
    channel->output.fd = channel->write_fd;
    channel->output.kind = OUTPUT_SHARED;
}

static void (*const openers[])(struct channel *channel) = {open_pipe, open_sockets, open_shared};
#define OPENERS (sizeof(openers) / sizeof(openers[0]))

static void close_channel(struct channel *channel)
{
    output_done(&channel->output);
    (void)close(channel->write_fd);
    if (channel->read_fd >= 0) {
        (void)close(channel->read_fd);
    }
}

static size_t read_some(int fd, uint8_t *to, size_t size)
{
    ssize_t count = read(fd, to, size);

    assert_true(count > 0);
    return (size_t)count;
}

/* A megabyte into something that takes far less at once: all of it comes out, in order. */
static void test_more_than_fits(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPENERS; i++) {
        struct channel channel;
        uint8_t *data = malloc(CAPACITY);
        uint8_t *back = malloc(CAPACITY);
        size_t disposed = 0;
        size_t got = 0;

        assert_non_null(data);
        assert_non_null(back);
        for (size_t at = 0; at < CAPACITY; at++) {
            data[at] = (uint8_t)(at * 31 + at / 257);
        }
        openers[i](&channel);
        assert_int_equal(fcntl(channel.write_fd, F_GETFL) & O_NONBLOCK, 0);
        assert_int_equal(output_put(&channel.output, data, CAPACITY, &disposed), 0);
        size_t total = disposed;
        assert_true(disposed > 0 && disposed < CAPACITY);
        assert_int_equal(output_pending(&channel.output), CAPACITY - disposed);
        while (got < CAPACITY) {
            got += read_some(channel.read_fd, back + got, CAPACITY - got);
            assert_int_equal(output_flush(&channel.output, &disposed), 0);
            total += disposed;
        }
        assert_int_equal(total, CAPACITY);
        assert_memory_equal(data, back, CAPACITY);
        assert_int_equal(fcntl(channel.write_fd, F_GETFL) & O_NONBLOCK, 0);
        close_channel(&channel);
        free(data);
        free(back);
    }
}

static void test_more_than_allowed(void **state)
{
    static const uint8_t block[65536];
    struct channel channel;
    size_t disposed;
    int rc = 0;

    (void)state;
    open_pipe(&channel);
    for (size_t sent = 0; sent <= CAPACITY && rc == 0; sent += sizeof(block)) {
        rc = output_put(&channel.output, block, sizeof(block), &disposed);
    }
    assert_int_equal(rc, 0);
    assert_int_equal(output_put(&channel.output, block, sizeof(block), &disposed), -ENOBUFS);
    close_channel(&channel);
}

static void test_reader_gone(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPENERS; i++) {
        struct channel channel;
        size_t disposed = 0;

        openers[i](&channel);
        (void)close(channel.read_fd);
        channel.read_fd = -1;
        assert_int_equal(output_put(&channel.output, "abc", 3, &disposed), -EPIPE);
        assert_int_equal(disposed, 3);
        assert_int_equal(output_put(&channel.output, "abc", 3, &disposed), 0);
        assert_int_equal(disposed, 3);
        assert_int_equal(output_pending(&channel.output), 0);
        close_channel(&channel);
    }
}

static void test_device_full(void **state)
{
    struct output output;
    size_t disposed = 0;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(output_init(&output, fd, CAPACITY), 0);
    assert_int_equal(output.kind, OUTPUT_DIRECT);
    assert_int_equal(output_put(&output, "abc", 3, &disposed), -ENOSPC);
    output_done(&output);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_more_than_fits),
        cmocka_unit_test(test_more_than_allowed),
        cmocka_unit_test(test_reader_gone),
        cmocka_unit_test(test_device_full),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
