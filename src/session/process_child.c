/* SPDX-License-Identifier: MIT */
/*
 * What happens between fork and exec. The daemon's memory is a copy here and its locks may be held
 * for ever, so nothing below allocates, logs or formats; a failure goes to the parent as two
 * numbers.
 */
#include "process_child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "common/loop.h"
#include "session/account.h"
#include "session/pty.h"

#define FIRST_FREE_FD 3

/* The parent reaps this status unseen: the pipe says what happened. */
__attribute__((noreturn)) static void fail(int error_fd, enum process_stage stage, int error)
{
    struct process_failure failure = {.stage = stage, .error = error};
    ssize_t ignored = write(error_fd, &failure, sizeof(failure));

    (void)ignored;
    _exit(255);
}

/* A daemon without 0, 1 and 2 gets its pipes there, and dup2() would write over one of them. */
static int lift(int fd)
{
    return fd >= FIRST_FREE_FD ? fd : fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
}

/* Returns the error pipe's new place: the only descriptor above 2 that is left. */
static int arrange_fds(const struct process_plan *plan)
{
    int error_fd = lift(plan->error_fd);
    int stdio[3];

    if (error_fd < 0) {
        fail(plan->error_fd, PROCESS_STAGE_FORK, errno);
    }
    for (int i = 0; i < 3; i++) {
        stdio[i] = lift(plan->stdio[i]);
        if (stdio[i] < 0) {
            fail(error_fd, PROCESS_STAGE_FORK, errno);
        }
    }
    for (int i = 0; i < 3; i++) {
        if (dup2(stdio[i], i) < 0) {
            fail(error_fd, PROCESS_STAGE_FORK, errno);
        }
    }
    if (error_fd != FIRST_FREE_FD && dup3(error_fd, FIRST_FREE_FD, O_CLOEXEC) < 0) {
        fail(error_fd, PROCESS_STAGE_FORK, errno);
    }
    fd_close_from(FIRST_FREE_FD + 1);
    return FIRST_FREE_FD;
}

/* The server raises its own limit for many sessions; programs that use select(2) break above it. */
static void restore_limits(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > PROCESS_NOFILE_SOFT) {
        limit.rlim_cur = PROCESS_NOFILE_SOFT;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void enter_folder(const struct process_plan *plan, int error_fd)
{
    const char *cwd = plan->spec->cwd;

    if (cwd && cwd[0] != '\0') {
        if (chdir(cwd) < 0) {
            fail(error_fd, PROCESS_STAGE_CWD, errno);
        }
        return;
    }
    /* As login(1) does: a missing home is no reason to refuse a session. */
    if (chdir(plan->home) < 0 && chdir("/") < 0) {
        fail(error_fd, PROCESS_STAGE_CWD, errno);
    }
}

/* execve, and as every shell does: a file without an interpreter line is a script for sh. */
static int execute(const struct process_plan *plan, const char *file)
{
    const struct process_spec *spec = plan->spec;

    (void)execve(file, spec->argv, spec->envp);
    if (errno == ENOEXEC) {
        plan->script_argv[1] = (char *)(uintptr_t)file;
        (void)execve("/bin/sh", plan->script_argv, spec->envp);
    }
    return errno;
}

/* Goes through PATH; "not allowed" somewhere tells more than "not found" elsewhere. */
static int search_and_execute(const struct process_plan *plan)
{
    size_t name_length = strlen(plan->spec->path);
    const char *folder = plan->search;
    int error = ENOENT;

    if (name_length == 0) {
        return ENOENT;
    }
    for (;;) {
        size_t length = strcspn(folder, ":");
        char *end = plan->candidate;
        if (length > 0) {
            memcpy(end, folder, length);
            end += length;
            *end++ = '/';
        }
        memcpy(end, plan->spec->path, name_length + 1);
        int r = execute(plan, plan->candidate);
        if (r != ENOENT && r != ENOTDIR) {
            if (r != EACCES) {
                return r;
            }
            error = EACCES;
        }
        if (folder[length] == '\0') {
            return error;
        }
        folder += length + 1;
    }
}

void process_child_run(const struct process_plan *plan)
{
    const struct process_spec *spec = plan->spec;

    (void)setsid();
    int r = process_guard_name_session(plan->guard);
    if (r < 0) {
        fail(plan->error_fd, PROCESS_STAGE_FORK, -r);
    }
    int error_fd = arrange_fds(plan);
    if (spec->pty && ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0) {
        fail(error_fd, PROCESS_STAGE_FORK, errno);
    }
    (void)umask(022);
    restore_limits();
    if (spec->account) {
        r = account_become(spec->account);
        if (r < 0) {
            fail(error_fd, PROCESS_STAGE_ACCOUNT, -r);
        }
    }
    enter_folder(plan, error_fd);
    /* Last: until here a signal from outside must not run the daemon's handlers. */
    loop_signals_default();
    int error = plan->search ? search_and_execute(plan) : execute(plan, spec->path);
    fail(error_fd, PROCESS_STAGE_EXEC, error);
}
