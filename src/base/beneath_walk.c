/* SPDX-License-Identifier: MIT */
/*
 * The walk beneath a folder without openat2(2). Each component is opened with O_NOFOLLOW; a link's
 * text is put in front of what is left to walk. ".." does not ask the kernel, which would follow a
 * folder that somebody moved away: the walk starts again at the root with one name less.
 */
#include "base/beneath_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define LINKS_MAX 40 /* the kernel's own limit */

struct walk {
    int root_fd;            /* the caller's */
    int dir_fd;             /* ours: where the walk stands */
    unsigned links;         /* followed so far */
    char walked[PATH_MAX];  /* names from root_fd to dir_fd, real folders only, each with a "/" */
    char pending[PATH_MAX]; /* still to walk */
};

static int open_folder(int dir_fd, const char *name)
{
    int fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 ? fd : -errno;
}

static void stand_in(struct walk *walk, int fd)
{
    if (walk->dir_fd >= 0) {
        (void)close(walk->dir_fd);
    }
    walk->dir_fd = fd;
}

/* Goes from the root to walk->walked again. */
static int walk_again(struct walk *walk)
{
    int fd = open_folder(walk->root_fd, ".");
    if (fd < 0) {
        return fd;
    }
    stand_in(walk, fd);
    const char *at = walk->walked;
    while (*at != '\0') {
        char name[NAME_MAX + 1];
        size_t length = strcspn(at, "/");
        memcpy(name, at, length);
        name[length] = '\0';
        fd = open_folder(walk->dir_fd, name);
        if (fd < 0) {
            return fd;
        }
        stand_in(walk, fd);
        at += length + 1;
    }
    return 0;
}

static int go_up(struct walk *walk)
{
    size_t length = strlen(walk->walked);
    if (length == 0) {
        return -EXDEV;
    }
    length--;
    while (length > 0 && walk->walked[length - 1] != '/') {
        length--;
    }
    walk->walked[length] = '\0';
    return walk_again(walk);
}

static int go_down(struct walk *walk, const char *name)
{
    int fd = open_folder(walk->dir_fd, name);
    if (fd < 0) {
        return fd;
    }
    stand_in(walk, fd);
    size_t length = strlen(walk->walked);
    int put = snprintf(walk->walked + length, sizeof(walk->walked) - length, "%s/", name);
    return (size_t)put < sizeof(walk->walked) - length ? 0 : -ENAMETOOLONG;
}

/* Cuts the next component off pending. Returns its length, 0 at the end. */
static int next_name(struct walk *walk, char name[static NAME_MAX + 1], size_t *ret_length)
{
    const char *start = walk->pending + strspn(walk->pending, "/");
    size_t length = strcspn(start, "/");
    if (length > NAME_MAX) {
        return -ENAMETOOLONG;
    }
    memcpy(name, start, length);
    name[length] = '\0';
    memmove(walk->pending, start + length, strlen(start + length) + 1);
    *ret_length = length;
    return 0;
}

/* Puts the text of link name in front of pending. -EINVAL: it is no link. */
static int follow_link(struct walk *walk, const char *name)
{
    char target[PATH_MAX];
    ssize_t length = readlinkat(walk->dir_fd, name, target, sizeof(target));
    if (length < 0) {
        return -errno;
    }
    if (++walk->links > LINKS_MAX) {
        return -ELOOP;
    }
    size_t rest = strlen(walk->pending) + 1;
    if ((size_t)length + rest > sizeof(walk->pending)) {
        return -ENAMETOOLONG;
    }
    if (length == 0 || target[0] == '/') {
        return length == 0 ? -ENOENT : -EXDEV;
    }
    /* pending is "" or starts with a slash, so the two join as they are. */
    memmove(walk->pending + length, walk->pending, rest);
    memcpy(walk->pending, target, (size_t)length);
    return 0;
}

static int open_here(const struct walk *walk, const char *name, int flags, mode_t mode)
{
    int fd = openat(walk->dir_fd, name, flags | O_NOFOLLOW, mode);
    return fd >= 0 ? fd : -errno;
}

static int open_last(struct walk *walk, const char *name, int flags, mode_t mode)
{
    bool slashes = walk->pending[0] != '\0'; /* "name/" must be a folder */
    if (slashes && (flags & O_CREAT) != 0) {
        return -EISDIR;
    }
    return open_here(walk, name, slashes ? flags | O_DIRECTORY : flags, mode);
}

/* One component. Returns 1 and the result in *ret_fd at the last one, 0 to go on, or an errno. */
static int step(struct walk *walk, int flags, mode_t mode, int *ret_fd)
{
    char name[NAME_MAX + 1];
    size_t length;
    int rc = next_name(walk, name, &length);
    if (rc < 0) {
        return rc;
    }
    if (length == 0) {
        *ret_fd = open_here(walk, ".", flags, mode);
        return 1;
    }
    if (strcmp(name, ".") == 0) {
        return 0;
    }
    if (strcmp(name, "..") == 0) {
        return go_up(walk);
    }
    bool last = walk->pending[strspn(walk->pending, "/")] == '\0';
    bool keep_link =
        last && walk->pending[0] == '\0' &&
        ((flags & O_NOFOLLOW) != 0 || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL));
    if (!keep_link) {
        rc = follow_link(walk, name);
        if (rc == 0) {
            return 0;
        }
        /* No link, or nothing there yet: what that means is for the open to say. */
        if (rc != -EINVAL && rc != -ENOENT) {
            return rc;
        }
    }
    if (!last) {
        return go_down(walk, name);
    }
    *ret_fd = open_last(walk, name, flags, mode);
    return 1;
}

int beneath_walk(int root_fd, const char *path, int flags, mode_t mode)
{
    struct walk walk = {.root_fd = root_fd, .dir_fd = -1};
    if (strlen(path) >= sizeof(walk.pending)) {
        return -ENAMETOOLONG;
    }
    memcpy(walk.pending, path, strlen(path) + 1);
    int fd = -1;
    int rc = walk_again(&walk);
    while (rc == 0) {
        rc = step(&walk, flags, mode, &fd);
    }
    stand_in(&walk, -1);
    return rc < 0 ? rc : fd;
}
