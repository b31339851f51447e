/* SPDX-License-Identifier: MIT */
/* The whole descriptor table: what a daemon and a child do first. */
#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Younger than some C libraries; the number is the same on every architecture. */
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

static int close_range_all(int first)
{
    return (int)syscall(SYS_close_range, (unsigned)first, UINT_MAX, 0U);
}

static void close_counted(int first)
{
    long max = sysconf(_SC_OPEN_MAX);
    for (int fd = first; fd < (max > 0 ? max : 1024); fd++) {
        (void)close(fd);
    }
}

void fd_close_from(int first)
{
    if (close_range_all(first) == 0) {
        return;
    }
    DIR *dir = opendir("/proc/self/fd");
    if (dir == NULL) {
        close_counted(first);
        return;
    }
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        char *end;
        long fd = strtol(entry->d_name, &end, 10);
        if (end != entry->d_name && *end == '\0' && fd >= first && fd != dirfd(dir)) {
            (void)close((int)fd);
        }
    }
    (void)closedir(dir);
}

int fd_open_standard(void)
{
    /* open(2) gives the lowest free number, so this ends as soon as 0, 1 and 2 are taken. */
    for (;;) {
        int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (fd < 0) {
            return -errno;
        }
        if (fd > 2) {
            (void)close(fd);
            return 0;
        }
        /* The three standard ones are meant to be inherited. */
        int rc = fd_set_cloexec(fd, false);
        if (rc < 0) {
            return rc;
        }
    }
}
