/* SPDX-License-Identifier: MIT */
/* A poll loop with a few pipes to watch and a trace of what was called. */
#ifndef TESTS_COMMON_LOOP_WORLD_H
#define TESTS_COMMON_LOOP_WORLD_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/fd.h"
#include "common/loop.h"

struct world {
    struct loop *loop;
    int pipes[4][2];
    char trace[64];
    struct loop_timer timers[4];
    struct loop_timer limit;
    int fires;
    int64_t fired_at;
};

static struct world w;

static __attribute__((unused)) void note(char letter)
{
    size_t length = strlen(w.trace);

    assert_true(length + 1 < sizeof(w.trace));
    w.trace[length] = letter;
}

static __attribute__((unused)) void on_limit(void *data)
{
    (void)data;
    loop_stop(w.loop, -ETIMEDOUT);
}

static __attribute__((unused)) int set_up(void **state)
{
    (void)state;
    memset(&w, 0, sizeof(w));
    if (loop_new(&w.loop) < 0) {
        return -1;
    }
    for (int i = 0; i < 4; i++) {
        if (pipe2(w.pipes[i], O_CLOEXEC) < 0) {
            return -1;
        }
    }
    loop_timer_set(w.loop, &w.limit, 60000, on_limit, NULL);
    return 0;
}

static __attribute__((unused)) int tear_down(void **state)
{
    (void)state;
    loop_free(w.loop);
    for (int i = 0; i < 4; i++) {
        close(w.pipes[i][0]);
        close(w.pipes[i][1]);
    }
    return 0;
}

static __attribute__((unused)) void on_stop_timer(void *data)
{
    (void)data;
    loop_stop(w.loop, 0);
}

/* Runs for some milliseconds. */
static __attribute__((unused)) void run_for(int64_t ms)
{
    struct loop_timer timer = {0};

    loop_timer_set(w.loop, &timer, ms, on_stop_timer, NULL);
    assert_int_equal(loop_run(w.loop), 0);
}

static __attribute__((unused)) void on_read(int fd, short revents, void *data)
{
    char byte;

    assert_true(revents & POLLIN);
    assert_int_equal(read(fd, &byte, 1), 1);
    note(*(const char *)data);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
