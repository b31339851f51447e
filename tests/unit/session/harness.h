/* SPDX-License-Identifier: MIT */
/*
 * A session without a network: a real process, the pump, and a peer that records what it is told.
 * The loop reaps before it reads, the order in which output is lost if it can be lost.
 */
#ifndef TESTS_SESSION_HARNESS_H
#define TESTS_SESSION_HARNESS_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/fd.h"
#include "session/process.h"
#include "session/pty.h"
#include "session/pump.h"

#define HARNESS_LIMIT_MS 20000
#define HARNESS_CHUNK    32768u
#define UNLIMITED        SIZE_MAX

struct harness {
    struct process process;
    struct pump *pump;
    char *data[VSH_STREAMS];
    size_t length[VSH_STREAMS];
    size_t capacity[VSH_STREAMS];
    uint8_t place[HARNESS_CHUNK];
    size_t credit[VSH_STREAMS]; /* what the peer still takes */
    int eofs[VSH_STREAMS];
    size_t taken;
    int input_closed;
    int exited;
    bool reserved; /* a reserve waits for its commit */
    int feed_fd;   /* > 0: written to after every read, as a process would that never stops */
    size_t feeds;
    size_t wakeups; /* times that poll() found something ready */
    struct process_result result;
};

static size_t harness_reserve(void *peer, enum vsh_stream stream, uint8_t **ret)
{
    struct harness *h = peer;

    assert_false(h->reserved);
    assert_int_equal(h->exited, 0);
    assert_int_equal(h->eofs[stream], 0);
    *ret = h->place;
    size_t size = h->credit[stream] < HARNESS_CHUNK ? h->credit[stream] : HARNESS_CHUNK;
    h->reserved = size > 0;
    return size;
}

static void harness_commit(void *peer, enum vsh_stream stream, size_t length)
{
    struct harness *h = peer;

    assert_true(h->reserved);
    h->reserved = false;
    if (h->length[stream] + length + 1 > h->capacity[stream]) {
        h->capacity[stream] = 2 * (h->length[stream] + length + 1);
        h->data[stream] = realloc(h->data[stream], h->capacity[stream]);
        assert_non_null(h->data[stream]);
    }
    memcpy(h->data[stream] + h->length[stream], h->place, length);
    h->length[stream] += length;
    h->data[stream][h->length[stream]] = '\0';
    if (h->credit[stream] != UNLIMITED) {
        h->credit[stream] -= length;
    }
    if (h->feed_fd > 0) {
        assert_true(++h->feeds < 200);
        assert_true(write(h->feed_fd, h->place, HARNESS_CHUNK) > 0);
    }
}

static void harness_eof(void *peer, enum vsh_stream stream)
{
    struct harness *h = peer;

    assert_int_equal(h->exited, 0);
    h->eofs[stream]++;
}

static void harness_taken(void *peer, size_t length)
{
    ((struct harness *)peer)->taken += length;
}

static void harness_input_closed(void *peer)
{
    ((struct harness *)peer)->input_closed++;
}

static void harness_exited(void *peer, const struct process_result *result)
{
    struct harness *h = peer;

    h->exited++;
    h->result = *result;
}

static const struct pump_peer harness_ops = {
    .output_reserve = harness_reserve,
    .output_commit = harness_commit,
    .output_eof = harness_eof,
    .input_taken = harness_taken,
    .input_closed = harness_input_closed,
    .exited = harness_exited,
};

static const char *harness_env[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/", "TERM=dumb",
                                    NULL};

/* Records the terminals that start from now on; NULL = nobody does. */
static struct recorder *harness_recorder;

/* Starts `sh -c command` as account (NULL = as we are) on pipes or on a terminal. */
static __attribute__((unused)) struct harness *harness_start_as(const char *command, bool terminal,
                                                                const struct account *account)
{
    static const struct vsh_winsize size = {.rows = 24, .columns = 80};
    struct harness *h = calloc(1, sizeof(*h));
    struct pty pty = {.master_fd = -1, .slave_fd = -1};
    enum process_stage stage;
    char **argv = NULL;

    assert_non_null(h);
    for (int i = 0; i < VSH_STREAMS; i++) {
        h->credit[i] = UNLIMITED;
        h->data[i] = calloc(1, 1);
        h->capacity[i] = 1;
    }
    if (terminal) {
        assert_int_equal(pty_open(&pty, getuid(), &size), 0);
    }
    assert_int_equal(process_shell_argv("/bin/sh", command, &argv), 0);
    struct process_spec spec = {
        .path = "/bin/sh",
        .argv = argv,
        .envp = (char *const *)(uintptr_t)harness_env,
        .account = account,
        .pty = terminal ? &pty : NULL,
        .recorder = harness_recorder,
    };
    assert_int_equal(process_spawn(&spec, &h->process, &stage), 0);
    free(argv);
    if (terminal) {
        close(pty.slave_fd);
    }
    struct pump_options options = {
        .process = &h->process,
        .pty_master_fd = pty.master_fd,
        .input_capacity = VSH_V2_WINDOW_INITIAL,
        .ops = &harness_ops,
        .peer = h,
    };
    assert_int_equal(pump_new(&options, &h->pump), 0);
    return h;
}

static __attribute__((unused)) struct harness *harness_start(const char *command, bool terminal)
{
    return harness_start_as(command, terminal, NULL);
}

/* One turn of a session's loop: reap, wait for at most wait_ms, move what is ready. */
static __attribute__((unused)) void harness_turn(struct harness *h, int wait_ms)
{
    struct pump_interest wants[PUMP_FDS_MAX];
    struct pollfd polls[PUMP_FDS_MAX];

    if (!h->process.exited && process_reap(&h->process)) {
        pump_exited(h->pump);
    }
    size_t count = pump_interest(h->pump, wants);
    assert_true(count <= PUMP_FDS_MAX);
    for (size_t i = 0; i < count; i++) {
        polls[i] =
            (struct pollfd){.fd = wants[i].events ? wants[i].fd : -1, .events = wants[i].events};
    }
    if (h->exited || poll(polls, count, wait_ms) <= 0) {
        return;
    }
    h->wakeups++;
    for (size_t i = 0; i < count; i++) {
        if (polls[i].revents) {
            assert_false(polls[i].revents & POLLNVAL);
            pump_ready(h->pump, polls[i].fd, polls[i].revents);
        }
    }
}

/* Runs until the session is over; fails the test when it does not end. */
static __attribute__((unused)) void harness_finish(struct harness *h)
{
    int64_t deadline = monotonic_ms() + HARNESS_LIMIT_MS;

    while (!h->exited) {
        assert_true(monotonic_ms() < deadline);
        harness_turn(h, 5);
    }
    assert_int_equal(h->exited, 1);
}

/* Turns until the text has appeared on the stream. */
static __attribute__((unused)) void harness_expect(struct harness *h, enum vsh_stream stream,
                                                   const char *text)
{
    int64_t deadline = monotonic_ms() + HARNESS_LIMIT_MS;

    while (!strstr(h->data[stream], text)) {
        assert_true(monotonic_ms() < deadline);
        assert_false(h->exited);
        harness_turn(h, 5);
    }
}

static __attribute__((unused)) void harness_free(struct harness *h)
{
    if (!h->process.exited) {
        process_terminate(&h->process);
    }
    pump_free(h->pump);
    for (int i = 0; i < VSH_STREAMS; i++) {
        free(h->data[i]);
    }
    free(h);
}

#endif
