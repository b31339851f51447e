/* SPDX-License-Identifier: MIT */
/* The files and sockets of another process, seen from where it stands. */
#include "lib/resolve_process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/fd.h"

enum view {
    VIEW_SAME,    /* its paths are ours */
    VIEW_OTHER,   /* a chroot or a mount namespace of its own */
    VIEW_UNKNOWN, /* we may not look */
};

const char *process_option(const struct process *process, const char *option)
{
    size_t length = strlen(option);
    const char *found = NULL;
    for (const char *word = process->words; word < process->end; word += strlen(word) + 1) {
        if (strncmp(word, option, length) != 0) {
            continue;
        }
        const char *next = word + strlen(word) + 1;
        if (word[length] == '=') {
            found = word + length + 1;
        } else if (word[length] == '\0' && next < process->end) {
            found = next;
        }
    }
    return found;
}

static int read_link(int dir_fd, const char *name, char *buf, size_t size)
{
    ssize_t length = readlinkat(dir_fd, name, buf, size);
    if (length < 0) {
        return -errno;
    }
    if ((size_t)length >= size) {
        return -ENAMETOOLONG;
    }
    buf[length] = '\0';
    return 0;
}

static enum view view_of(const struct process *process)
{
    struct stat theirs;
    struct stat ours;
    char their_ns[64];
    char our_ns[64];
    if (fstatat(process->dir_fd, "root", &theirs, 0) < 0 || stat("/", &ours) < 0) {
        return VIEW_UNKNOWN;
    }
    /* PrivateTmp= and its like: the same root, another /tmp. */
    bool other_mounts = read_link(process->dir_fd, "ns/mnt", their_ns, sizeof(their_ns)) == 0 &&
                        read_link(AT_FDCWD, "/proc/self/ns/mnt", our_ns, sizeof(our_ns)) == 0 &&
                        strcmp(their_ns, our_ns) != 0;
    bool other_root = theirs.st_dev != ours.st_dev || theirs.st_ino != ours.st_ino;
    return other_root || other_mounts ? VIEW_OTHER : VIEW_SAME;
}

/* "./v.sock" reads better without its dot, and takes less of the little room. */
static const char *drop_dot(const char *path)
{
    while (path[0] == '.' && path[1] == '/') {
        path += 1 + strspn(path + 1, "/");
    }
    return path;
}

/* Puts where the process stands in front of path. */
static int join(const struct process *process, enum view view, const char *path, char *buf,
                size_t size)
{
    char cwd[PATH_MAX];
    int length = 0;
    int rc = 0;
    bool relative = *path != '/';
    path = relative ? drop_dot(path) : path;
    if (view == VIEW_OTHER) {
        length = snprintf(buf, size, "%s/%s/%s%s%s", process->proc, process->pid,
                          relative ? "cwd" : "root", relative ? "/" : "", path);
    } else if (relative) {
        rc = read_link(process->dir_fd, "cwd", cwd, sizeof(cwd));
        bool is_root = rc == 0 && strcmp(cwd, "/") == 0;
        length = rc < 0 ? 0 : snprintf(buf, size, "%s/%s", is_root ? "" : cwd, path);
    } else {
        length = snprintf(buf, size, "%s", path);
    }
    if (rc < 0) {
        return rc;
    }
    return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}

bool process_made_socket(const struct process *process, const char *path)
{
    struct stat st;
    return *path == '/' && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) &&
           st.st_uid == process->uid;
}

int process_socket_path(const struct process *process, const char *path, char ret[VSH_PATH_MAX])
{
    enum view view = view_of(process);
    if (*path == '\0') {
        return -EINVAL;
    }
    if (view == VIEW_UNKNOWN && !process_made_socket(process, path)) {
        return -EACCES;
    }
    return join(process, view, path, ret, VSH_PATH_MAX);
}

/* Opens without opening: O_PATH has no side effects, whatever the thing is. */
static int open_handle(const struct process *process, enum view view, const char *path)
{
    char full[PATH_MAX];
    if (view == VIEW_OTHER) {
        const char *base = *path == '/' ? "root" : "cwd";
        cleanup_close int base_fd = openat(process->dir_fd, base, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return base_fd < 0 ? -errno : beneath_open(base_fd, path, O_PATH, 0);
    }
    int rc = join(process, VIEW_SAME, path, full, sizeof(full));
    if (rc < 0) {
        return rc;
    }
    int fd = open(full, O_PATH | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int process_read_file(const struct process *process, const char *path, size_t max, char **ret)
{
    enum view view = view_of(process);
    struct stat st;
    char self[32];
    size_t length;
    if (!process->believed || view == VIEW_UNKNOWN) {
        return -EACCES;
    }
    cleanup_close int fd = open_handle(process, view, path);
    if (fd < 0) {
        return fd;
    }
    if (fstat(fd, &st) < 0) {
        return -errno;
    }
    bool its_own = st.st_uid == process->uid;
    bool everybodys = st.st_uid == 0 && (st.st_mode & S_IROTH) != 0;
    if (!S_ISREG(st.st_mode) || !(its_own || everybodys)) {
        return -EACCES;
    }
    (void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
    /* O_NONBLOCK: whoever holds a lease on the file does not make us wait. */
    cleanup_close int text_fd = open(self, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    return text_fd < 0 ? -errno : fd_read_all(text_fd, max, ret, &length);
}
