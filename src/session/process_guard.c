/* SPDX-License-Identifier: MIT */
/* The guard of a session. */
#include "process_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "session/process.h"

/*
 * Every signal is blocked here; release ends us by SIGKILL, which also meets a stopped process.
 * Only one descriptor stays open: another's terminal or pipe would not end as long as we hold it.
 */
static __attribute__((noreturn)) void run(int fd)
{
    pid_t session = 0;
    char byte;

    if (dup2(fd, STDIN_FILENO) < 0) {
        _exit(1);
    }
    fd_close_from(STDIN_FILENO + 1);
    bool named = read(STDIN_FILENO, &session, sizeof(session)) == (ssize_t)sizeof(session);
    if (named && read(STDIN_FILENO, &byte, 1) == 0) {
        process_terminate_orphans(session);
    }
    _exit(0);
}

void process_guard_start(struct process_guard *ret)
{
    sigset_t all, before;
    int ends[2];

    *ret = (struct process_guard){0};
    if (pipe2(ends, O_CLOEXEC) < 0) {
        return;
    }
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0) {
        run(ends[0]);
    }
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    (void)close(ends[0]);
    if (pid < 0) {
        (void)close(ends[1]);
        return;
    }
    *ret = (struct process_guard){.fd = ends[1], .pid = pid};
}

int process_guard_name_session(const struct process_guard *guard)
{
    pid_t session = getpid();

    if (guard->pid <= 0) {
        return 0;
    }
    return write(guard->fd, &session, sizeof(session)) == (ssize_t)sizeof(session) ? 0 : -errno;
}

void process_guard_release(struct process_guard *guard)
{
    if (guard->pid <= 0) {
        return;
    }
    /* First: the end of the pipe would tell it that we are dead. */
    (void)kill(guard->pid, SIGKILL);
    (void)close(take_fd(&guard->fd));
    while (waitpid(guard->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    guard->pid = 0;
}
