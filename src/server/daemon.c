/* SPDX-License-Identifier: MIT */
/* Daemonizing with a result, and the pid file's life. */
#include "server/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

/* The parent: leaves with what became of the child. */
static __attribute__((noreturn)) void wait_for_child(pid_t child, int from_child)
{
    char byte;
    if (fd_read_full(from_child, &byte, 1, -1) == 0) {
        _exit(0);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    _exit(WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : 1);
}

int daemon_start(void)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) {
        return -errno;
    }
    pid_t child = fork();
    if (child < 0) {
        int r = -errno;
        (void)close(ends[0]);
        (void)close(ends[1]);
        return r;
    }
    if (child > 0) {
        (void)close(ends[1]);
        wait_for_child(child, ends[0]);
    }
    (void)close(ends[0]);
    (void)setsid();
    return ends[1];
}

int daemon_ready(int ready_fd)
{
    cleanup_close int done = ready_fd;
    cleanup_close int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (null_fd < 0) {
        return -errno;
    }
    for (int fd = 0; fd <= 2; fd++) {
        if (dup2(null_fd, fd) < 0) {
            return -errno;
        }
    }
    /* Nobody's file system is kept busy; the settings hold no relative path. */
    if (chdir("/") < 0) {
        return -errno;
    }
    return fd_write_full(done, "", 1, -1);
}

int pid_file_write(const char *path)
{
    cleanup_free char *temporary = NULL;
    if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
        temporary = NULL;
        return -ENOMEM;
    }
    cleanup_close int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    char text[24];
    int length = snprintf(text, sizeof(text), "%d\n", (int)getpid());
    int r = fd_write_full(fd, text, (size_t)length, -1);
    if (r == 0 && (fchmod(fd, 0644) < 0 || rename(temporary, path) < 0)) {
        r = -errno;
    }
    if (r < 0) {
        (void)unlink(temporary);
    }
    return r;
}

void pid_file_remove(const char *path)
{
    cleanup_free char *text = NULL;
    size_t length = 0;
    if (fd_read_file(path, 32, &text, &length) < 0) {
        return;
    }
    char own[24];
    (void)snprintf(own, sizeof(own), "%d\n", (int)getpid());
    if (strcmp(text, own) == 0) {
        (void)unlink(path);
    }
}
