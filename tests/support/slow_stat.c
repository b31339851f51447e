/* SPDX-License-Identifier: MIT */
/*
 * A file system far away: every fstatat(2), and every openat(2) of what is there and no folder,
 * takes 5 ms longer. For LD_PRELOAD in front of the client, to see what it does while it looks at a
 * large tree.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <time.h>

typedef int stat_fn(int fd, const char *path, void *status, int flags);
typedef int open_fn(int fd, const char *path, int flags, ...);

static void delay(void)
{
    const struct timespec time = {.tv_nsec = 5 * 1000 * 1000};

    (void)nanosleep(&time, NULL);
}

static int slow_stat(const char *name, int fd, const char *path, void *status, int flags)
{
    stat_fn *next = (stat_fn *)dlsym(RTLD_NEXT, name);

    delay();
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

static int slow_open(const char *name, int fd, const char *path, int flags, va_list args)
{
    open_fn *next = (open_fn *)dlsym(RTLD_NEXT, name);

    if (flags & O_CREAT) {
        return next(fd, path, flags, va_arg(args, mode_t));
    }
    if (!(flags & O_DIRECTORY)) {
        delay();
    }
    return next(fd, path, flags);
}

int openat(int fd, const char *path, int flags, ...)
{
    va_list args;

    va_start(args, flags);
    int rc = slow_open("openat", fd, path, flags, args);
    va_end(args);
    return rc;
}

int openat64(int fd, const char *path, int flags, ...)
{
    va_list args;

    va_start(args, flags);
    int rc = slow_open("openat64", fd, path, flags, args);
    va_end(args);
    return rc;
}
