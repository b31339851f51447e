/* SPDX-License-Identifier: MIT */
/*
 * The unix socket that a process listens on, from what the kernel tells of it: its descriptors give
 * the inodes, net/unix their paths and which of them listen.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "lib/resolve_process.h"

#define INODES_MAX 1024 /* descriptors of one hypervisor that are sockets */
#define TABLE_MAX  ((size_t)4 * 1024 * 1024)
#define LISTENS    0x10000u /* __SO_ACCEPTCON in the column of flags */
#define STREAM     1u

struct inodes {
    unsigned long items[INODES_MAX];
    bool seen[INODES_MAX];
    size_t count;
};

static int read_inodes(const struct process *process, struct inodes *inodes)
{
    static const char prefix[] = "socket:[";
    int fd = openat(process->dir_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (folder == NULL) {
        int error = -errno;
        if (fd >= 0) {
            (void)close(fd);
        }
        return error;
    }
    struct dirent *entry;
    while ((entry = readdir(folder)) != NULL && inodes->count < INODES_MAX) {
        char target[64];
        ssize_t length = readlinkat(fd, entry->d_name, target, sizeof(target) - 1);
        target[length > 0 ? length : 0] = '\0';
        if (strncmp(target, prefix, sizeof(prefix) - 1) == 0) {
            inodes->items[inodes->count++] = strtoul(target + sizeof(prefix) - 1, NULL, 10);
        }
    }
    (void)closedir(folder);
    return 0;
}

/* One line of the table. */
struct row {
    unsigned long inode;
    bool listens;
    const char *path; /* "" = none */
};

/*
 * "ffff0000: 00000002 00000000 00010000 0001 01 12345 /run/x". Returns false for any other line,
 * the heading for one.
 */
static bool read_row(char *line, struct row *ret)
{
    unsigned long numbers[6] = {0}; /* references, protocol, flags, type, state, inode */
    char *at = strchr(line, ':');
    if (at == NULL) {
        return false;
    }
    at++;
    for (size_t i = 0; i < 6; i++) {
        char *end = NULL;
        numbers[i] = strtoul(at, &end, i == 5 ? 10 : 16);
        if (end == at) {
            return false;
        }
        at = end;
    }
    ret->inode = numbers[5];
    ret->listens = (numbers[2] & LISTENS) != 0 && numbers[3] == STREAM;
    ret->path = at + strspn(at, " ");
    return true;
}

/*
 * The kernel writes paths as they are, so somebody's path with a newline can look like a line of
 * the process. Its own line is there as well: an inode that comes twice gives nothing away.
 */
static bool take_inode(struct inodes *inodes, unsigned long inode, bool *ret_twice)
{
    for (size_t i = 0; i < inodes->count; i++) {
        if (inodes->items[i] == inode) {
            *ret_twice = *ret_twice || inodes->seen[i];
            inodes->seen[i] = true;
            return true;
        }
    }
    return false;
}

/* Returns 0 with the path in buf, -ENOENT or -EEXIST. */
static int find_listener(struct inodes *inodes, char *text, const char *except, char *buf,
                         size_t size)
{
    bool found = false;
    bool twice = false;
    while (text != NULL) {
        struct row row;
        bool is_row = read_row(strsep(&text, "\n"), &row);
        if (!is_row || !take_inode(inodes, row.inode, &twice) || !row.listens ||
            row.path[0] == '\0' || row.path[0] == '@' || /* abstract: no hypervisor's */
            (except != NULL && strcmp(row.path, except) == 0)) {
            continue;
        }
        if (found || strlen(row.path) >= size) {
            return -EEXIST;
        }
        memcpy(buf, row.path, strlen(row.path) + 1);
        found = true;
    }
    if (twice) {
        return -EEXIST;
    }
    return found ? 0 : -ENOENT;
}

int process_listener(const struct process *process, const char *except, char *buf, size_t size)
{
    struct inodes inodes = {.count = 0};
    cleanup_free char *text = NULL;
    size_t length = 0;
    int rc = process->believed ? read_inodes(process, &inodes) : -EACCES;
    if (rc < 0) {
        return rc;
    }
    cleanup_close int fd = openat(process->dir_fd, "net/unix", O_RDONLY | O_CLOEXEC);
    rc = fd < 0 ? -errno : fd_read_all(fd, TABLE_MAX, &text, &length);
    return rc < 0 ? rc : find_listener(&inodes, text, except, buf, size);
}
