/* SPDX-License-Identifier: MIT */
/* The guard of a session. */
#include "process_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "session/process.h"

#define STAT_START_BRK 47 /* the field's number in proc(5) */

/* Where the heap begins, or 0. The name before the fields may hold blanks and parentheses. */
static uintptr_t heap_begin(void)
{
    char text[1024];
    int field = 2;

    cleanup_close int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (n <= 0) {
        return 0;
    }
    text[n] = '\0';
    const char *at = strrchr(text, ')');
    while (at && field < STAT_START_BRK) {
        at = strchr(at + 1, ' ');
        field++;
    }
    return at ? (uintptr_t)strtoull(at + 1, NULL, 10) : 0;
}

/*
 * The copy of the session's heap: its keys and what else it knows are nothing that a second process
 * needs, and every page that the session writes to would be there twice. From here on nothing may
 * allocate, see process_terminate.c. The system call, which cannot move anything but the heap's
 * end, since not every C library has the function for it. A static program may have its thread's
 * own data there, and a heap that begins above its end is one of valgrind's.
 */
static void give_heap_back(void)
{
    uintptr_t begin = heap_begin();
    uintptr_t end = (uintptr_t)syscall(SYS_brk, 0);
    uintptr_t thread = (uintptr_t)&errno;

    if (begin != 0 && begin < end && (thread < begin || thread >= end)) {
        (void)syscall(SYS_brk, begin);
    }
}

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
    give_heap_back();
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
