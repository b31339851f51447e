/* SPDX-License-Identifier: MIT */
/* Signals of the poll loop: none lost, dispositions restored, nothing left in a forked child. */
#include "loop_world.h"

#include <sys/time.h>

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

static volatile sig_atomic_t own_calls;

static void count_calls(int signo)
{
    (void)signo;
    own_calls++;
}

/* A signal that the loop has not told yet is not lost when it is given back. */
static void test_untold_signal_is_raised_again(void **state)
{
    (void)state;
    own_calls = 0;
    (void)signal(SIGUSR1, count_calls);
    assert_int_equal(loop_signal(w.loop, SIGUSR1, on_signal, NULL), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(own_calls, 0);
    assert_int_equal(loop_signal(w.loop, SIGUSR1, NULL, NULL), 0);
    assert_int_equal(own_calls, 1);
    assert_int_equal(loop_signal(w.loop, SIGUSR1, on_signal, NULL), 0);
    run_for(20);
    assert_string_equal(w.trace, "");
    assert_int_equal(loop_signal(w.loop, SIGUSR1, NULL, NULL), 0);
    assert_int_equal(own_calls, 1);
    (void)signal(SIGUSR1, SIG_DFL);
}

static void test_wait_for_a_descriptor(void **state)
{
    sigset_t ends;

    (void)state;
    (void)sigemptyset(&ends);
    assert_int_equal(loop_wait(w.loop, w.pipes[0][1], POLLOUT, &ends), 0);
    assert_int_equal(loop_wait(w.loop, 9999, POLLOUT, &ends), -EBADF);
}

static void set_alarm_ms(int ms)
{
    const struct itimerval timer = {.it_value = {.tv_usec = ms * 1000}};

    assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

/* Only the signals named end the wait; the handlers of all are called later, from the loop. */
static void test_signal_ends_a_wait(void **state)
{
    sigset_t ends;

    (void)state;
    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGALRM);
    assert_int_equal(loop_signal(w.loop, SIGALRM, on_signal, NULL), 0);
    assert_int_equal(loop_signal(w.loop, SIGUSR1, on_signal, NULL), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    int64_t begun = monotonic_ms();
    set_alarm_ms(50);
    assert_int_equal(loop_wait(w.loop, w.pipes[0][0], POLLIN, &ends), -EINTR);
    assert_true(monotonic_ms() - begun >= 45);
    assert_string_equal(w.trace, "");
    run_for(20);
    assert_string_equal(w.trace, "12");
    /* From then on nothing is waited for, but what needs no waiting is done. */
    assert_int_equal(loop_wait(w.loop, w.pipes[0][0], POLLIN, &ends), -EINTR);
    assert_int_equal(write(w.pipes[0][1], "x", 1), 1);
    assert_int_equal(loop_wait(w.loop, w.pipes[0][0], POLLIN, &ends), 0);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_signals),
        TEST(test_signal_storm_loses_nothing),
        TEST(test_handler_keeps_errno),
        TEST(test_dispositions_come_back),
        TEST(test_untold_signal_is_raised_again),
        TEST(test_wait_for_a_descriptor),
        TEST(test_signal_ends_a_wait),
        TEST(test_one_loop_per_process),
        TEST(test_abandon),
        TEST(test_signals_default),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
