/* SPDX-License-Identifier: MIT */
/* The spawn: what the child sees of us (nothing), how a failed start comes back, exit statuses. */
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

struct start {
    const char *path;
    const char *cwd;
    const char *env_path; /* NULL = no PATH */
    int error;
    enum process_stage stage;
    int status;
};

static int start(const struct start *start, struct process *process, enum process_stage *stage)
{
    char path[256];
    char *envp[3] = {NULL};
    char *argv[] = {(char *)(uintptr_t)start->path, (char *)(uintptr_t) "argument", NULL};

    envp[0] = (char *)(uintptr_t) "HOME=/nowhere";
    if (start->env_path) {
        (void)snprintf(path, sizeof(path), "PATH=%s", start->env_path);
        envp[1] = path;
    }
    struct process_spec spec = {.path = start->path, .argv = argv, .envp = envp, .cwd = start->cwd};
    return process_spawn(&spec, process, stage);
}

/* Folder with what a start can stumble over. */
static char folder[] = "/tmp/vsh-process-XXXXXX";

static void write_file(const char *name, const char *text, mode_t mode)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) {
        return -1;
    }
    write_file("plain", "echo not executable\n", 0644);
    write_file("script", "echo \"$0 $1\"\n", 0755);
    write_file("interpreter", "#!/no/such/interpreter\n", 0755);
    return 0;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"plain", "script", "interpreter"};
    char path[128];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    return rmdir(folder);
}

static void test_failed_starts(void **state)
{
    char plain[128], interpreter[128], below[128];
    const struct start starts[] = {
        {"/no/such/program", NULL, "/bin", -ENOENT, PROCESS_STAGE_EXEC, 127},
        {"no-such-program", NULL, "/usr/bin:/bin", -ENOENT, PROCESS_STAGE_EXEC, 127},
        {"", NULL, "/usr/bin:/bin", -ENOENT, PROCESS_STAGE_EXEC, 127},
        {plain, NULL, "/bin", -EACCES, PROCESS_STAGE_EXEC, 126},
        {interpreter, NULL, "/bin", -ENOENT, PROCESS_STAGE_EXEC, 127},
        {below, NULL, "/bin", -ENOTDIR, PROCESS_STAGE_EXEC, 127},
        {"/", NULL, "/bin", -EACCES, PROCESS_STAGE_EXEC, 126},
        /* Not executable in one folder says more than not found in the next. */
        {"plain", NULL, folder, -EACCES, PROCESS_STAGE_EXEC, 126},
        {"/bin/true", "/no/such/folder", "/bin", -ENOENT, PROCESS_STAGE_CWD, 127},
        {"/bin/true", "/dev/null", "/bin", -ENOTDIR, PROCESS_STAGE_CWD, 127},
    };

    (void)state;
    (void)snprintf(plain, sizeof(plain), "%s/plain", folder);
    (void)snprintf(interpreter, sizeof(interpreter), "%s/interpreter", folder);
    (void)snprintf(below, sizeof(below), "%s/plain/below", folder);
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        struct process process = {.pid = -7};
        enum process_stage stage = PROCESS_STAGE_FORK;

        assert_int_equal(start(&starts[i], &process, &stage), starts[i].error);
        assert_int_equal(stage, starts[i].stage);
        assert_int_equal(process_exec_status(starts[i].error), starts[i].status);
        assert_int_equal(process.pid, -7);
        /* Nothing is left to reap. */
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
    }
}

static int run_to_status(const struct start *what)
{
    struct process process;
    enum process_stage stage;

    assert_int_equal(start(what, &process, &stage), 0);
    process_close(&process);
    while (!process_reap(&process)) {
        poll(NULL, 0, 2);
    }
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    return process_result(&process).code;
}

static void test_search_path(void **state)
{
    char mixed[128];
    const struct start found[] = {
        {"true", NULL, "/nowhere:/usr/bin:/bin", 0, 0, 0},
        {"true", NULL, NULL, 0, 0, 0}, /* no PATH: the usual folders */
        {"true", "/bin", "", 0, 0, 0},
        {"true", "/bin", "/nowhere:", 0, 0, 0}, /* an empty element is the working directory */
        {"true", NULL, mixed, 0, 0, 0},         /* past a folder that is none */
        {"/bin/false", NULL, NULL, 0, 0, 1},
    };

    (void)state;
    (void)snprintf(mixed, sizeof(mixed), "%s/plain:/usr/bin", folder);
    for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
        assert_int_equal(run_to_status(&found[i]), found[i].status);
    }
}

/* As every shell does: an executable text without "#!" is a script for sh, arguments and all. */
static void test_script_without_interpreter(void **state)
{
    const struct start script = {"script", folder, folder, 0, 0, 0};
    struct process process;
    enum process_stage stage;
    char text[256] = "", expected[256];

    (void)state;
    assert_int_equal(start(&script, &process, &stage), 0);
    assert_int_equal(fd_wait(process.stdout_fd, POLLIN, monotonic_ms() + 5000), 0);
    ssize_t n = read(process.stdout_fd, text, sizeof(text) - 1);
    assert_true(n > 0);
    (void)snprintf(expected, sizeof(expected), "%s/script argument\n", folder);
    assert_string_equal(text, expected);
    process_close(&process);
    while (!process_reap(&process)) {
        poll(NULL, 0, 2);
    }
}

static void test_home_that_is_missing(void **state)
{
    const struct start pwd = {"pwd", NULL, "/bin:/usr/bin", 0, 0, 0};
    struct process process;
    enum process_stage stage;
    char text[64] = "";

    (void)state;
    assert_int_equal(start(&pwd, &process, &stage), 0);
    assert_int_equal(fd_wait(process.stdout_fd, POLLIN, monotonic_ms() + 5000), 0);
    assert_true(read(process.stdout_fd, text, sizeof(text) - 1) > 0);
    assert_string_equal(text, "/\n");
    process_close(&process);
    process_terminate(&process);
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

static void test_no_descriptors_left_is_an_error(void **state)
{
    const struct start starts = {"/bin/true", NULL, NULL, 0, 0, 0};
    struct rlimit before, tight;
    int lowest = open("/dev/null", O_RDONLY);

    (void)state;
    close(lowest);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    for (int more = 0; more < 8; more++) {
        struct process process;
        enum process_stage stage = PROCESS_STAGE_EXEC;

        tight = before;
        tight.rlim_cur = (rlim_t)(lowest + more);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
        int r = start(&starts, &process, &stage);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(r, -EMFILE);
        assert_int_equal(stage, PROCESS_STAGE_FORK);
        /* What was opened has been closed again. */
        int now = open("/dev/null", O_RDONLY);
        assert_int_equal(now, lowest);
        close(now);
    }
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
        cmocka_unit_test(test_failed_starts),
        cmocka_unit_test(test_search_path),
        cmocka_unit_test(test_script_without_interpreter),
        cmocka_unit_test(test_home_that_is_missing),
        cmocka_unit_test(test_shell_argv),
        cmocka_unit_test(test_no_descriptors_left_is_an_error),
        cmocka_unit_test(test_reap_without_a_status),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
