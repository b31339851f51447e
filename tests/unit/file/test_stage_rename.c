/* SPDX-License-Identifier: MIT */
/*
 * Putting a file in its place where no rename promises to replace nothing: by the file system, or
 * because a filter of system calls forbids it. The filter is a real one, in a process of its own.
 */
#include "copy_helper.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "file/stage.h"

/* A rename that must not replace fails with error from now on; any other works. */
static bool forbid_no_replace(int error)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[4])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]), .filter = filter};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static int put(int dir_fd, const char *name, const char *text)
{
    struct file_stage stage;
    int rc = file_stage_open(&stage, dir_fd, name, FILE_STAGE_ALONE);

    if (rc == 0) {
        rc = file_stage_write(&stage, text, strlen(text));
    }
    return rc < 0 ? rc : file_stage_publish(&stage, NULL);
}

/* Returns how far it came; 4 is the end. */
static int put_where_it_is_forbidden(int dir_fd, int error)
{
    if (!forbid_no_replace(error)) {
        return 0;
    }
    if (put(dir_fd, "t", "new") < 0) {
        return 1;
    }
    if (put(dir_fd, "t", "again") < 0) {
        return 2;
    }
    return put(dir_fd, "folder", "new") == -EISDIR ? 4 : 3;
}

static void a_rename_that_promises_nothing_will_do(void **state)
{
    (void)state;
    static const int errors[] = {EINVAL, ENOSYS, EPERM, EOPNOTSUPP};
    int dir_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int status;

    make_dir("folder", 0755);
    assert_true(file_stage_lock_folder(dir_fd));
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        pid_t child = fork();
        if (child == 0) {
            _exit(put_where_it_is_forbidden(dir_fd, errors[i]));
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 4);
        expect_text("t", "again");
        assert_int_equal(unlink("t"), 0);
        assert_int_equal(partials_left(), 0);
    }
    (void)close(dir_fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_rename_that_promises_nothing_will_do, scratch_setup,
                                        scratch_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
