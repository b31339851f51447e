/* SPDX-License-Identifier: MIT */
/* The spawn: what the child sees of us (nothing), and its exit status. */
#include "harness.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include "session/account.h"

/* Runs a command with pipes and gives its stdout; the caller frees the harness. */
static struct harness *run(const char *command)
{
    struct harness *h = harness_start(command, false);

    harness_finish(h);
    return h;
}

static void expect_output(const char *command, const char *expected)
{
    struct harness *h = run(command);

    assert_string_equal(h->data[VSH_STREAM_STDERR], "");
    assert_string_equal(h->data[VSH_STREAM_STDOUT], expected);
    harness_free(h);
}

static void test_every_exit_status(void **state)
{
    (void)state;
    for (int code = 0; code <= 255; code++) {
        char command[32];
        (void)snprintf(command, sizeof(command), "exit %d", code);
        struct harness *h = run(command);
        assert_false(h->result.signalled);
        assert_int_equal(h->result.code, code);
        harness_free(h);
    }
}

static void test_signals_that_end(void **state)
{
    static const int signals[] = {SIGHUP, SIGINT, SIGTERM, SIGKILL, SIGSEGV, SIGPIPE, SIGUSR1};

    (void)state;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        char command[48];
        (void)snprintf(command, sizeof(command), "ulimit -c 0; kill -%d $$", signals[i]);
        struct harness *h = run(command);
        assert_true(h->result.signalled);
        assert_false(h->result.core_dumped);
        assert_int_equal(h->result.code, signals[i]);
        harness_free(h);
    }
}

/* Descriptors of ours, close-on-exec or not, never reach a session. */
static void test_no_descriptor_leaks(void **state)
{
    int plain = open("/dev/null", O_RDONLY);
    int high = fcntl(plain, F_DUPFD, 300);

    (void)state;
    assert_true(plain > 2 && high >= 300);
    /* ls has one of its own on the folder it reads. */
    expect_output("exec ls -1 /proc/self/fd", "0\n1\n2\n3\n");
    close(plain);
    close(high);
}

static void test_standard_descriptors_may_be_closed_here(void **state)
{
    int saved_in = dup(0);
    int saved_err = dup(2);

    (void)state;
    close(0);
    close(2);
    struct harness *h = run("echo out; echo err >&2; exec ls -1 /proc/self/fd");
    dup2(saved_in, 0);
    dup2(saved_err, 2);
    close(saved_in);
    close(saved_err);
    assert_string_equal(h->data[VSH_STREAM_STDOUT], "out\n0\n1\n2\n3\n");
    assert_string_equal(h->data[VSH_STREAM_STDERR], "err\n");
    harness_free(h);
}

static void ignore_signal(int signo)
{
    (void)signo;
}

static void test_signals_are_as_for_a_fresh_program(void **state)
{
    sigset_t blocked, before, after;

    (void)state;
    (void)signal(SIGTERM, SIG_IGN);
    (void)signal(SIGUSR1, ignore_signal);
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGUSR2);
    (void)sigprocmask(SIG_SETMASK, &blocked, &before);
    expect_output("exec sed -n '/^Sig[BIC]/p' /proc/self/status",
                  "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"
                  "SigCgt:\t0000000000000000\n");
    /* And ours are what they were. */
    (void)sigprocmask(SIG_SETMASK, &before, &after);
    assert_true(sigismember(&after, SIGUSR2));
    assert_false(sigismember(&after, SIGHUP));
    assert_true(signal(SIGTERM, SIG_DFL) == SIG_IGN);
    assert_true(signal(SIGUSR1, SIG_DFL) == ignore_signal);
    assert_true(signal(SIGPIPE, SIG_IGN) == SIG_IGN);
}

static void test_umask_is_022(void **state)
{
    mode_t before = umask(077);

    (void)state;
    expect_output("umask", "0022\n");
    (void)umask(before);
}

static void test_environment_is_the_given_one(void **state)
{
    (void)state;
    setenv("VSH_TEST_SECRET", "1", 1);
    expect_output("env | LC_ALL=C sort",
                  "HOME=/\nPATH=/usr/local/bin:/usr/bin:/bin\nPWD=/\nTERM=dumb\n");
    unsetenv("VSH_TEST_SECRET");
}

static void test_own_session_and_group(void **state)
{
    (void)state;
    expect_output("set -- $(cut -d' ' -f1,5,6 /proc/$$/stat); "
                  "test $1 = $$ && test $2 = $$ && test $3 = $$ && echo own",
                  "own\n");
}

static void test_open_files_limit_is_the_usual_one(void **state)
{
    struct rlimit before, raised;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    raised = before;
    raised.rlim_cur = before.rlim_max < 4096 ? before.rlim_max : 4096;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &raised), 0);
    expect_output("ulimit -n", "1024\n");
    raised.rlim_cur = 100;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &raised), 0);
    expect_output("ulimit -n", "100\n");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static gid_t user_groups[] = {60001, 60002};
static char user_name[] = "vsh-test", user_home[] = "/usr", user_shell[] = "/bin/sh";
static const struct account user = {
    .name = user_name,
    .home = user_home,
    .shell = user_shell,
    .uid = 60000,
    .gid = 60001,
    .group_count = 2,
    .groups = user_groups,
};

/* As `id` and the kernel see it from inside; a terminal belongs to the user, too. */
static void test_session_of_another_user(void **state)
{
    static const char command[] =
        "id -u; id -g; id -G; pwd; sed -n '/^Cap[IPEA]/p' /proc/self/status";
    static const char expected[] = "60000\n60001\n60001 60002\n/usr\n"
                                   "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n"
                                   "CapEff:\t0000000000000000\nCapAmb:\t0000000000000000\n";

    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    struct harness *h = harness_start_as(command, false, &user);
    harness_finish(h);
    assert_string_equal(h->data[VSH_STREAM_STDERR], "");
    assert_string_equal(h->data[VSH_STREAM_STDOUT], expected);
    harness_free(h);
}

/* A child that cannot become the user must not run as somebody else. */
static void test_account_that_we_may_not_become(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        struct account other = user;
        char *argv[] = {user_name, NULL};
        struct process_spec spec = {.path = "/bin/true", .argv = argv, .account = &other};
        struct process process;
        enum process_stage stage = PROCESS_STAGE_FORK;

        if (geteuid() == 0 && account_become(&user) != 0) {
            _exit(1);
        }
        other.uid = 60010;
        int r = process_spawn(&spec, &process, &stage);
        _exit(r == -EPERM && stage == PROCESS_STAGE_ACCOUNT ? 0 : 2);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_shell_argv(void **state)
{
    char **argv;

    (void)state;
    assert_int_equal(process_shell_argv("/bin/bash", NULL, &argv), 0);
    assert_string_equal(argv[0], "-bash");
    assert_null(argv[1]);
    free(argv);
    assert_int_equal(process_shell_argv("/usr/bin/zsh", "a 'b' c", &argv), 0);
    assert_string_equal(argv[0], "zsh");
    assert_string_equal(argv[1], "-c");
    assert_string_equal(argv[2], "a 'b' c");
    assert_null(argv[3]);
    free(argv);
    assert_int_equal(process_shell_argv("sh", "", &argv), 0);
    assert_string_equal(argv[0], "sh");
    assert_string_equal(argv[2], "");
    free(argv);
}

static void test_reap_without_a_status(void **state)
{
    struct harness *h = harness_start("exec sleep 30", false);

    (void)state;
    assert_false(process_reap(&h->process));
    assert_int_equal(process_signal(&h->process, -1, SIGKILL), 0);
    assert_int_equal(waitpid(h->process.pid, NULL, 0), h->process.pid);
    assert_true(process_reap(&h->process));
    assert_int_equal(process_result(&h->process).code, 255);
    assert_int_equal(process_signal(&h->process, -1, SIGKILL), -ESRCH);
    harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_exit_status),
        cmocka_unit_test(test_signals_that_end),
        cmocka_unit_test(test_no_descriptor_leaks),
        cmocka_unit_test(test_standard_descriptors_may_be_closed_here),
        cmocka_unit_test(test_signals_are_as_for_a_fresh_program),
        cmocka_unit_test(test_umask_is_022),
        cmocka_unit_test(test_environment_is_the_given_one),
        cmocka_unit_test(test_own_session_and_group),
        cmocka_unit_test(test_open_files_limit_is_the_usual_one),
        cmocka_unit_test(test_session_of_another_user),
        cmocka_unit_test(test_account_that_we_may_not_become),
        cmocka_unit_test(test_shell_argv),
        cmocka_unit_test(test_reap_without_a_status),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
