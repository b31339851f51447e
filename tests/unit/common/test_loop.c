/* SPDX-License-Identifier: MIT */
/* The poll loop: what fires, what must not, and in which order, with changes from inside callbacks.
 */
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

/* A loop, some pipes and a trace of what was called. */
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

static void note(char letter)
{
    size_t length = strlen(w.trace);

    assert_true(length + 1 < sizeof(w.trace));
    w.trace[length] = letter;
}

static void on_limit(void *data)
{
    (void)data;
    loop_stop(w.loop, -ETIMEDOUT);
}

static int set_up(void **state)
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
    loop_timer_set(w.loop, &w.limit, 5000, on_limit, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    loop_free(w.loop);
    for (int i = 0; i < 4; i++) {
        close(w.pipes[i][0]);
        close(w.pipes[i][1]);
    }
    return 0;
}

static void on_stop_timer(void *data)
{
    (void)data;
    loop_stop(w.loop, 0);
}

/* Runs for some milliseconds. */
static void run_for(int64_t ms)
{
    struct loop_timer timer = {0};

    loop_timer_set(w.loop, &timer, ms, on_stop_timer, NULL);
    assert_int_equal(loop_run(w.loop), 0);
}

static void on_read(int fd, short revents, void *data)
{
    char byte;

    assert_true(revents & POLLIN);
    assert_int_equal(read(fd, &byte, 1), 1);
    note(*(const char *)data);
}

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

static void on_timer(void *data)
{
    note(*(const char *)data);
}

static void on_timer_cross(void *data)
{
    (void)data;
    note('x');
    loop_timer_clear(w.loop, &w.timers[1]);
}

static void test_timers_in_order(void **state)
{
    (void)state;
    loop_timer_set(w.loop, &w.timers[0], 30, on_timer, (void *)(uintptr_t) "3");
    loop_timer_set(w.loop, &w.timers[1], 10, on_timer, (void *)(uintptr_t) "1");
    loop_timer_set(w.loop, &w.timers[2], 20, on_timer, (void *)(uintptr_t) "2");
    loop_timer_set(w.loop, &w.timers[3], -5, on_timer, (void *)(uintptr_t) "0");
    run_for(60);
    assert_string_equal(w.trace, "0123");
    assert_true(w.timers[0].deadline_ms == 0);
}

static void test_timers_move_and_clear(void **state)
{
    (void)state;
    loop_timer_set(w.loop, &w.timers[0], 10, on_timer, (void *)(uintptr_t) "a");
    loop_timer_set(w.loop, &w.timers[1], 10, on_timer, (void *)(uintptr_t) "b");
    loop_timer_set(w.loop, &w.timers[2], 10, on_timer, (void *)(uintptr_t) "c");
    loop_timer_set(w.loop, &w.timers[0], 30, on_timer, (void *)(uintptr_t) "A");
    loop_timer_clear(w.loop, &w.timers[1]);
    loop_timer_clear(w.loop, &w.timers[1]);
    loop_timer_clear(w.loop, &w.timers[3]);
    run_for(60);
    assert_string_equal(w.trace, "cA");
}

/* Both are due in the same round; the first takes the second away. */
static void test_timer_clears_another_that_is_due(void **state)
{
    (void)state;
    loop_timer_set(w.loop, &w.timers[0], 0, on_timer_cross, NULL);
    loop_timer_set(w.loop, &w.timers[1], 0, on_timer, (void *)(uintptr_t) "!");
    loop_timer_set(w.loop, &w.timers[2], 0, on_timer, (void *)(uintptr_t) "z");
    poll(NULL, 0, 3);
    run_for(20);
    assert_string_equal(w.trace, "xz");
}

static void on_timer_again(void *data)
{
    (void)data;
    if (++w.fires < 1000) {
        loop_timer_set(w.loop, &w.timers[0], 0, on_timer_again, NULL);
    }
}

/* A timer that sets itself at once does not starve descriptors. */
static void test_timer_again_lets_others_run(void **state)
{
    (void)state;
    assert_int_equal(loop_watch(w.loop, w.pipes[0][0], POLLIN, on_read, (void *)(uintptr_t) "r"),
                     0);
    assert_int_equal(write(w.pipes[0][1], "x", 1), 1);
    loop_timer_set(w.loop, &w.timers[0], 0, on_timer_again, NULL);
    loop_timer_set(w.loop, &w.timers[1], 0, on_stop_timer, NULL);
    poll(NULL, 0, 3);
    assert_int_equal(loop_run(w.loop), 0);
    assert_string_equal(w.trace, "r");
    assert_int_equal(w.fires, 1);
}

/* Stopped between two due timers: the second is still set, and fires in the next run. */
static void test_stop_keeps_due_timers(void **state)
{
    (void)state;
    loop_timer_set(w.loop, &w.timers[0], 0, on_stop_timer, NULL);
    loop_timer_set(w.loop, &w.timers[1], 0, on_timer, (void *)(uintptr_t) "k");
    poll(NULL, 0, 3);
    assert_int_equal(loop_run(w.loop), 0);
    assert_string_equal(w.trace, "");
    assert_true(w.timers[1].deadline_ms != 0);
    run_for(20);
    assert_string_equal(w.trace, "k");
}

static void on_signal(int signo, void *data)
{
    (void)data;
    note(signo == SIGUSR1 ? '1' : '2');
}

static void on_signal_stop(int signo, void *data)
{
    (void)data;
    loop_stop(w.loop, signo);
}

static void test_signals(void **state)
{
    (void)state;
    assert_int_equal(loop_signal(w.loop, SIGUSR1, on_signal, NULL), 0);
    assert_int_equal(loop_signal(w.loop, SIGUSR2, on_signal, NULL), 0);
    assert_int_equal(loop_signal(w.loop, SIGKILL, on_signal, NULL), -EINVAL);
    assert_int_equal(loop_signal(w.loop, 0, on_signal, NULL), -EINVAL);
    assert_int_equal(loop_signal(w.loop, NSIG, on_signal, NULL), -EINVAL);
    assert_int_equal(raise(SIGUSR2), 0);
    run_for(20);
    assert_string_equal(w.trace, "2");
    assert_int_equal(loop_signal(w.loop, SIGUSR1, on_signal_stop, NULL), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(loop_run(w.loop), SIGUSR1);
}

/* More signals than the pipe holds bytes: the other one is not lost among them. */
static void test_signal_storm_loses_nothing(void **state)
{
    (void)state;
    assert_int_equal(loop_signal(w.loop, SIGUSR1, on_signal, NULL), 0);
    assert_int_equal(loop_signal(w.loop, SIGUSR2, on_signal, NULL), 0);
    for (int i = 0; i < 70000; i++) {
        (void)raise(SIGUSR1);
    }
    (void)raise(SIGUSR2);
    errno = 0;
    run_for(20);
    assert_string_equal(w.trace, "12");
}

static void test_handler_keeps_errno(void **state)
{
    (void)state;
    assert_int_equal(loop_signal(w.loop, SIGUSR1, on_signal, NULL), 0);
    for (int i = 0; i < 70000; i++) {
        errno = ENOTTY;
        (void)raise(SIGUSR1);
        assert_int_equal(errno, ENOTTY);
    }
}

static void own_handler(int signo)
{
    (void)signo;
}

static void test_dispositions_come_back(void **state)
{
    (void)state;
    (void)signal(SIGUSR1, own_handler);
    (void)signal(SIGUSR2, SIG_IGN);
    assert_int_equal(loop_signal(w.loop, SIGUSR1, on_signal, NULL), 0);
    assert_int_equal(loop_signal(w.loop, SIGUSR2, on_signal, NULL), 0);
    assert_int_equal(loop_signal(w.loop, SIGUSR2, NULL, NULL), 0);
    assert_true(signal(SIGUSR2, SIG_DFL) == SIG_IGN);
    loop_free(w.loop);
    assert_true(signal(SIGUSR1, SIG_DFL) == own_handler);
    assert_int_equal(loop_new(&w.loop), 0);
}

static void test_one_loop_per_process(void **state)
{
    struct loop *second = NULL;

    (void)state;
    assert_int_equal(loop_new(&second), -EBUSY);
    assert_null(second);
}

/* The forked child lets go without a trace in its parent, and may have a loop of its own. */
static void test_abandon(void **state)
{
    int status = 0;

    (void)state;
    assert_int_equal(loop_signal(w.loop, SIGUSR1, on_signal, NULL), 0);
    assert_int_equal(loop_watch(w.loop, w.pipes[0][0], POLLIN, on_read, (void *)(uintptr_t) "p"),
                     0);
    pid_t pid = fork();
    if (pid == 0) {
        struct loop *own = NULL;
        (void)raise(SIGUSR1); /* still the parent's handler: its pipe, not its flag */
        loop_abandon(w.loop);
        int r = loop_run(w.loop) == -ECANCELED && signal(SIGUSR1, SIG_IGN) == SIG_DFL &&
                        loop_new(&own) == 0
                    ? 7
                    : 1;
        loop_free(own);
        loop_free(w.loop);
        _exit(r);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 7 << 8);
    run_for(20);
    assert_string_equal(w.trace, "");
    assert_int_equal(write(w.pipes[0][1], "x", 1), 1);
    assert_int_equal(raise(SIGUSR1), 0);
    run_for(20);
    assert_string_equal(w.trace, "1p");
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

static void test_signals_default(void **state)
{
    sigset_t set, old;

    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        (void)signal(SIGTERM, SIG_IGN);
        (void)signal(SIGPIPE, own_handler);
        (void)sigfillset(&set);
        (void)sigprocmask(SIG_SETMASK, &set, NULL);
        loop_signals_default();
        (void)sigprocmask(SIG_SETMASK, NULL, &old);
        for (int signo = 1; signo < NSIG; signo++) {
            struct sigaction action;
            if (sigismember(&old, signo) == 1 ||
                (sigaction(signo, NULL, &action) == 0 && action.sa_handler != SIG_DFL)) {
                _exit(signo);
            }
        }
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
        TEST(test_timers_in_order),
        TEST(test_timers_move_and_clear),
        TEST(test_timer_clears_another_that_is_due),
        TEST(test_timer_again_lets_others_run),
        TEST(test_stop_keeps_due_timers),
        TEST(test_signals),
        TEST(test_signal_storm_loses_nothing),
        TEST(test_handler_keeps_errno),
        TEST(test_dispositions_come_back),
        TEST(test_one_loop_per_process),
        TEST(test_abandon),
        TEST(test_a_thousand_descriptors),
        TEST(test_signals_default),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
