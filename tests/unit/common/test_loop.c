/* SPDX-License-Identifier: MIT */
/* The poll loop: which descriptors fire and which must not, with changes from inside callbacks. */
#include "loop_world.h"

static void test_reads_and_stops(void **state)
{
    (void)state;
    assert_int_equal(loop_watch(w.loop, w.pipes[0][0], POLLIN, on_read, (void *)(uintptr_t) "a"),
                     0);
    assert_int_equal(loop_watch(w.loop, w.pipes[1][0], POLLIN, on_read, (void *)(uintptr_t) "b"),
                     0);
    assert_int_equal(write(w.pipes[1][1], "xx", 2), 2);
    run_for(20);
    assert_string_equal(w.trace, "bb");
    assert_int_equal(write(w.pipes[0][1], "x", 1), 1);
    run_for(20);
    assert_string_equal(w.trace, "bba");
}

static void test_result_and_early_stop(void **state)
{
    (void)state;
    loop_stop(w.loop, 42);
    assert_int_equal(loop_run(w.loop), 42);
    loop_stop(w.loop, -EPIPE);
    assert_int_equal(loop_run(w.loop), -EPIPE);
}

static void on_read_remove_others(int fd, short revents, void *data)
{
    on_read(fd, revents, data);
    for (int i = 0; i < 4; i++) {
        loop_unwatch(w.loop, w.pipes[i][0]);
    }
    loop_unwatch(w.loop, 99999);
    loop_unwatch(w.loop, -1);
}

/* All are ready in one round; the first to run removes all, itself included. */
static void test_removed_watch_does_not_fire(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(loop_watch(w.loop, w.pipes[i][0], POLLIN, on_read_remove_others,
                                    (void *)(uintptr_t) "r"),
                         0);
        assert_int_equal(write(w.pipes[i][1], "xx", 2), 2);
    }
    run_for(20);
    assert_string_equal(w.trace, "r");
}

static void on_never(int fd, short revents, void *data)
{
    (void)fd;
    (void)revents;
    (void)data;
    note('!');
}

/* Closes the other pipe, whose number comes back as an idle one that is watched afresh. */
static void on_read_recycle(int fd, short revents, void *data)
{
    int fresh[2];

    on_read(fd, revents, data);
    loop_unwatch(w.loop, w.pipes[1][0]);
    close(w.pipes[1][0]);
    assert_int_equal(pipe2(fresh, O_CLOEXEC), 0);
    assert_int_equal(fresh[0], w.pipes[1][0]);
    close(w.pipes[1][1]);
    w.pipes[1][1] = fresh[1];
    assert_int_equal(loop_watch(w.loop, fresh[0], POLLIN, on_never, NULL), 0);
}

static void test_recycled_number_does_not_fire(void **state)
{
    (void)state;
    assert_int_equal(
        loop_watch(w.loop, w.pipes[0][0], POLLIN, on_read_recycle, (void *)(uintptr_t) "r"), 0);
    assert_int_equal(loop_watch(w.loop, w.pipes[1][0], POLLIN, on_never, NULL), 0);
    assert_int_equal(write(w.pipes[0][1], "x", 1), 1);
    assert_int_equal(write(w.pipes[1][1], "x", 1), 1);
    run_for(20);
    assert_string_equal(w.trace, "r");
}

static void on_read_deafen(int fd, short revents, void *data)
{
    on_read(fd, revents, data);
    assert_int_equal(loop_watch_events(w.loop, w.pipes[1][0], 0), 0);
}

static void test_lost_interest_does_not_fire(void **state)
{
    (void)state;
    assert_int_equal(
        loop_watch(w.loop, w.pipes[0][0], POLLIN, on_read_deafen, (void *)(uintptr_t) "d"), 0);
    assert_int_equal(loop_watch(w.loop, w.pipes[1][0], POLLIN, on_never, NULL), 0);
    assert_int_equal(write(w.pipes[0][1], "x", 1), 1);
    assert_int_equal(write(w.pipes[1][1], "x", 1), 1);
    run_for(20);
    assert_string_equal(w.trace, "d");
    assert_int_equal(loop_watch_events(w.loop, w.pipes[2][0], POLLIN), -ENOENT);
    assert_int_equal(loop_watch(w.loop, -1, POLLIN, on_never, NULL), -EBADF);
}

static int64_t cpu_ms(void)
{
    struct rusage usage;

    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

/* A hang-up that nobody wants to hear of must not turn the loop into a busy one. */
static void test_hangup_without_interest_rests(void **state)
{
    (void)state;
    assert_int_equal(loop_watch(w.loop, w.pipes[0][0], 0, on_never, NULL), 0);
    close(w.pipes[0][1]);
    w.pipes[0][1] = -1;
    int64_t before = cpu_ms();
    run_for(300);
    assert_true(cpu_ms() - before < 100);
    assert_string_equal(w.trace, "");
}

static void on_hangup(int fd, short revents, void *data)
{
    (void)data;
    assert_true(revents & POLLHUP);
    note('h');
    loop_unwatch(w.loop, fd);
}

static void test_hangup_with_interest_is_told(void **state)
{
    (void)state;
    assert_int_equal(loop_watch(w.loop, w.pipes[0][0], POLLIN, on_hangup, NULL), 0);
    close(w.pipes[0][1]);
    w.pipes[0][1] = -1;
    run_for(20);
    assert_string_equal(w.trace, "h");
}

static void on_invalid(int fd, short revents, void *data)
{
    (void)fd;
    (void)data;
    assert_true(revents & POLLNVAL);
    note('n');
}

static void test_forgotten_descriptor_is_told_once(void **state)
{
    (void)state;
    int fd = dup(w.pipes[0][0]);
    assert_int_equal(loop_watch(w.loop, fd, POLLIN, on_invalid, NULL), 0);
    close(fd);
    run_for(50);
    assert_string_equal(w.trace, "n");
}

static void on_count(int fd, short revents, void *data)
{
    on_read(fd, revents, data);
    w.trace[0] = '\0';
    w.fires++;
}

/* As many as a busy server has. */
static void test_a_thousand_descriptors(void **state)
{
    enum { COUNT = 500 };
    struct rlimit limit;
    int fds[COUNT][2];

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < 2 * COUNT + 100) {
        limit.rlim_cur = 2 * COUNT + 100;
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0) {
            skip();
        }
    }
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds[i]), 0);
        assert_int_equal(loop_watch(w.loop, fds[i][0], POLLIN, on_count, (void *)(uintptr_t) "."),
                         0);
        assert_int_equal(loop_watch(w.loop, fds[i][1], POLLIN, on_count, (void *)(uintptr_t) "."),
                         0);
    }
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(write(fds[i][0], "x", 1), 1);
        assert_int_equal(write(fds[i][1], "x", 1), 1);
    }
    run_for(50);
    assert_int_equal(w.fires, 2 * COUNT);
    for (int i = 0; i < COUNT; i++) {
        for (int k = 0; k < 2; k++) {
            loop_unwatch(w.loop, fds[i][k]);
            close(fds[i][k]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_reads_and_stops),
        TEST(test_result_and_early_stop),
        TEST(test_removed_watch_does_not_fire),
        TEST(test_recycled_number_does_not_fire),
        TEST(test_lost_interest_does_not_fire),
        TEST(test_hangup_without_interest_rests),
        TEST(test_hangup_with_interest_is_told),
        TEST(test_forgotten_descriptor_is_told_once),
        TEST(test_a_thousand_descriptors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
