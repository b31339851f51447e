/* SPDX-License-Identifier: MIT */
/* The end of a whole session: stubborn processes, jobs in groups of their own, stopped ones. */
#include "harness.h"

#include <termios.h>

/* How many living processes have this session id, by the kernel's own account. */
static int living(pid_t session)
{
    char command[160], text[32] = "";

    (void)snprintf(command, sizeof(command),
                   "cat /proc/[0-9]*/stat 2>/dev/null | sed 's/.*) //' |"
                   " awk '$4 == %d && $1 != \"Z\"' | wc -l",
                   (int)session);
    FILE *pipe = popen(command, "r"); /* NOLINT(cert-env33-c) */
    assert_non_null(pipe);
    assert_non_null(fgets(text, sizeof(text), pipe));
    assert_int_equal(pclose(pipe), 0);
    return atoi(text); /* NOLINT(cert-err34-c) */
}

static int64_t terminate(struct harness *h)
{
    int64_t start = monotonic_ms();

    process_terminate(&h->process);
    int64_t passed = monotonic_ms() - start;
    assert_true(passed < 5000);
    assert_true(h->process.exited);
    assert_int_equal(living(h->process.pid), 0);
    return passed;
}

static void test_ordinary_process_ends_on_hup(void **state)
{
    struct harness *h = harness_start("echo go; exec sleep 60", false);

    (void)state;
    harness_expect(h, VSH_STREAM_STDOUT, "go");
    (void)terminate(h);
    /* And no TERM was needed. */
    assert_int_equal(process_result(&h->process).code, SIGHUP);
    harness_free(h);
}

static void test_process_that_ignores_hup_gets_term(void **state)
{
    struct harness *h = harness_start("trap '' HUP; echo go; exec sleep 60", false);

    (void)state;
    harness_expect(h, VSH_STREAM_STDOUT, "go");
    assert_true(terminate(h) >= 1000);
    assert_int_equal(process_result(&h->process).code, SIGTERM);
    harness_free(h);
}

/* The tree of the acceptance test: HUP and TERM ignored, jobs in groups of their own, one stopped.
 */
static void stubborn_tree(bool terminal)
{
    struct harness *h = harness_start("set -m; trap '' HUP TERM INT\n"
                                      "sleep 60 & (sleep 60; :) & sleep 60 & kill -STOP $!\n"
                                      "sh -c 'sleep 60 & sleep 60' &\n"
                                      "sleep 0.2; echo go; while :; do sleep 1; done",
                                      terminal);

    harness_expect(h, VSH_STREAM_STDOUT, "go");
    assert_true(living(h->process.pid) >= 7);
    assert_true(terminate(h) >= 3000);
    assert_int_equal(process_result(&h->process).code, SIGKILL);
    harness_free(h);
}

static void test_stubborn_tree_on_pipes(void **state)
{
    (void)state;
    stubborn_tree(false);
}

static void test_stubborn_tree_on_a_terminal(void **state)
{
    (void)state;
    stubborn_tree(true);
}

/* A stopped process sees HUP only when it is continued. */
static void test_stopped_process_ends_on_hup(void **state)
{
    struct harness *h = harness_start("echo go; kill -STOP $$; sleep 60", false);

    (void)state;
    harness_expect(h, VSH_STREAM_STDOUT, "go");
    poll(NULL, 0, 50);
    (void)terminate(h);
    assert_int_equal(process_result(&h->process).code, SIGHUP);
    harness_free(h);
}

static void test_leader_gone_jobs_left(void **state)
{
    struct harness *h = harness_start("sleep 60 & sleep 60 & echo go", false);

    (void)state;
    harness_finish(h);
    assert_true(h->process.exited);
    assert_int_equal(living(h->process.pid), 2);
    (void)terminate(h);
    assert_int_equal(process_result(&h->process).code, 0);
    harness_free(h);
}

/* Reaped, and the number belongs to somebody else by now: hands off. */
static void test_recycled_number_is_left_alone(void **state)
{
    pid_t stranger = fork();

    (void)state;
    if (stranger == 0) {
        (void)setsid();
        for (;;) {
            pause();
        }
    }
    poll(NULL, 0, 50);
    struct process process = {
        .pid = stranger, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1, .exited = true};
    process_terminate(&process);
    assert_int_equal(waitpid(stranger, NULL, WNOHANG), 0);
    assert_int_equal(process_signal(&process, -1, SIGTERM), -ESRCH);
    assert_int_equal(kill(stranger, SIGKILL), 0);
    assert_int_equal(waitpid(stranger, NULL, 0), stranger);
}

static void test_signal_goes_to_the_group(void **state)
{
    struct harness *h = harness_start("trap 'echo parent' USR1\n"
                                      "sh -c 'trap \"echo child; exit\" USR1; echo go;"
                                      " while :; do sleep 0.05; done'; sleep 0.2; exit 0",
                                      false);

    (void)state;
    harness_expect(h, VSH_STREAM_STDOUT, "go");
    assert_int_equal(process_signal(&h->process, -1, SIGUSR1), 0);
    harness_finish(h);
    assert_non_null(strstr(h->data[1], "child\n"));
    assert_non_null(strstr(h->data[1], "parent\n"));
    harness_free(h);
}

/* On a terminal the job in front gets it, the shell behind it does not. */
static void test_signal_goes_to_the_foreground(void **state)
{
    struct harness *h = harness_start("set -m; trap 'echo shell; exit 99' TERM\n"
                                      "sh -c 'echo go; exec sleep 60'; echo status $?; exit 0",
                                      true);

    (void)state;
    harness_expect(h, VSH_STREAM_STDOUT, "go\r\n");
    poll(NULL, 0, 50);
    assert_true(tcgetpgrp(pump_pty_fd(h->pump)) != h->process.pid);
    assert_int_equal(process_signal(&h->process, pump_pty_fd(h->pump), SIGTERM), 0);
    harness_finish(h);
    assert_non_null(strstr(h->data[1], "status 143\r\n"));
    assert_null(strstr(h->data[1], "shell"));
    assert_int_equal(h->result.code, 0);
    harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ordinary_process_ends_on_hup),
        cmocka_unit_test(test_process_that_ignores_hup_gets_term),
        cmocka_unit_test(test_stubborn_tree_on_pipes),
        cmocka_unit_test(test_stubborn_tree_on_a_terminal),
        cmocka_unit_test(test_stopped_process_ends_on_hup),
        cmocka_unit_test(test_leader_gone_jobs_left),
        cmocka_unit_test(test_recycled_number_is_left_alone),
        cmocka_unit_test(test_signal_goes_to_the_group),
        cmocka_unit_test(test_signal_goes_to_the_foreground),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
