/* SPDX-License-Identifier: MIT */
/*
 * A signal that comes while poll() returns because of data: it came first, and is told first. The
 * poll() of this program stands in front of libc's.
 */
#include "loop_world.h"

#include <sys/syscall.h>
#include <time.h>

static int raise_next;

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): theirs are reserved */
int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    struct timespec time = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L};
    long ready = syscall(SYS_ppoll, fds, count, timeout_ms < 0 ? NULL : &time, NULL, 0);

    if (ready > 0 && raise_next != 0) {
        (void)raise(raise_next);
        raise_next = 0;
    }
    return (int)ready;
}

static void on_signal_note(int signo, void *data)
{
    (void)signo;
    note(*(const char *)data);
}

static void on_signal_stop(int signo, void *data)
{
    on_signal_note(signo, data);
    loop_stop(w.loop, 0);
}

static void watch(loop_signal_fn *fn)
{
    assert_int_equal(loop_watch(w.loop, w.pipes[0][0], POLLIN, on_read, (void *)(uintptr_t) "d"),
                     0);
    assert_int_equal(loop_signal(w.loop, SIGUSR1, fn, (void *)(uintptr_t) "s"), 0);
    assert_int_equal(write(w.pipes[0][1], "x", 1), 1);
    raise_next = SIGUSR1;
}

static void test_signal_before_data(void **state)
{
    (void)state;
    watch(on_signal_note);
    run_for(20);
    assert_string_equal(w.trace, "sd");
    /* Told once: the byte in the pipe was the same signal's. */
    run_for(20);
    assert_string_equal(w.trace, "sd");
}

/* One that ends the run leaves the data, and the signals behind it, for the next one. */
static void test_stop_leaves_the_rest(void **state)
{
    (void)state;
    watch(on_signal_stop);
    assert_int_equal(loop_signal(w.loop, SIGUSR2, on_signal_note, (void *)(uintptr_t) "t"), 0);
    (void)raise(SIGUSR2);
    assert_int_equal(loop_run(w.loop), 0);
    assert_string_equal(w.trace, "s");
    run_for(20);
    assert_string_equal(w.trace, "std");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_signal_before_data),
        TEST(test_stop_leaves_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
