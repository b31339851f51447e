/* SPDX-License-Identifier: MIT */
/*
 * A file system far away: every fstatat(2) takes 5 ms longer. For LD_PRELOAD in front of the
 * client, to see what it does while it looks at a large tree.
 */
#include <dlfcn.h>
#include <sys/stat.h>
#include <time.h>

typedef int stat_fn(int fd, const char *path, void *status, int flags);

static int slow_stat(const char *name, int fd, const char *path, void *status, int flags)
{
    const struct timespec delay = {.tv_nsec = 5 * 1000 * 1000};
    stat_fn *next = (stat_fn *)dlsym(RTLD_NEXT, name);

    (void)nanosleep(&delay, NULL);
    return next(fd, path, status, flags);
}

int fstatat(int fd, const char *path, struct stat *status, int flags)
{
    return slow_stat("fstatat", fd, path, status, flags);
}

int fstatat64(int fd, const char *path, struct stat64 *status, int flags)
{
    return slow_stat("fstatat64", fd, path, status, flags);
}
