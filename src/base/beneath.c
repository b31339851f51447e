/* SPDX-License-Identifier: MIT */
/*
 * Opening beneath a folder: openat2(2) where the kernel has it, else the walk of beneath_walk.c.
 */
#include "base/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/beneath_walk.h"

/* Attempts while others rename in the tree; the kernel answers EAGAIN when it cannot be sure. */
#define OPENAT2_TRIES 32

static bool use_fallback;

void beneath_use_fallback(bool on)
{
    use_fallback = on;
}

static int open_kernel(int root_fd, const char *path, int flags, mode_t mode)
{
    struct open_how how = {
        .flags = (unsigned)flags,
        .mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? mode & 07777 : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    int fd = -1;
    for (int i = 0; i < OPENAT2_TRIES; i++) {
        fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) {
            break;
        }
    }
    return fd >= 0 ? fd : -errno;
}

int beneath_open(int root_fd, const char *path, int flags, mode_t mode)
{
    flags |= O_CLOEXEC;
    if (root_fd < 0) {
        int fd = open(path, flags, mode);
        return fd >= 0 ? fd : -errno;
    }
    if (*path == '\0') {
        return -ENOENT;
    }
    path += strspn(path, "/");
    if (*path == '\0') {
        path = ".";
    }
    int fd = use_fallback ? -ENOSYS : open_kernel(root_fd, path, flags, mode);
    /* EPERM may be a container's filter; if it is the file's, the walk says so again. */
    if (fd == -ENOSYS || fd == -EPERM) {
        fd = beneath_walk(root_fd, path, flags, mode);
    }
    return fd;
}

int beneath_open_parent(int root_fd, const char *path, char *name)
{
    size_t end = strlen(path);
    while (end > 0 && path[end - 1] == '/') {
        end--;
    }
    size_t start = end;
    while (start > 0 && path[start - 1] != '/') {
        start--;
    }
    size_t length = end - start;
    if (*path == '\0') {
        return -ENOENT;
    }
    if (length == 0 || (length <= 2 && strspn(path + start, ".") >= length)) {
        return -EISDIR;
    }
    if (length > NAME_MAX || start >= PATH_MAX) {
        return -ENAMETOOLONG;
    }
    char parent[PATH_MAX] = ".";
    if (start > 0) {
        memcpy(parent, path, start);
        parent[start] = '\0';
    }
    int fd = beneath_open(root_fd, parent, O_PATH | O_DIRECTORY, 0);
    if (fd >= 0) {
        memcpy(name, path + start, length);
        name[length] = '\0';
    }
    return fd;
}
