/* SPDX-License-Identifier: MIT */
/* Starting a program: where it is found, and how a failed start comes back. */
#include "harness.h"

#include <sys/resource.h>
#include <sys/stat.h>

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
        tight.rlim_cur = (rlim_t)lowest + (rlim_t)more;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failed_starts),
        cmocka_unit_test(test_search_path),
        cmocka_unit_test(test_script_without_interpreter),
        cmocka_unit_test(test_home_that_is_missing),
        cmocka_unit_test(test_no_descriptors_left_is_an_error),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
