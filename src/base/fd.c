/* SPDX-License-Identifier: MIT */
/*
 * Flags, waiting, and whole reads and writes under a deadline. Passing descriptors is in
 * fd_pass.c, whole-table work (closing from, opening 0 to 2) in fd_table.c.
 */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

int64_t monotonic_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int set_flag(int fd, int get, int set, int flag, bool on)
{
    int flags = fcntl(fd, get);
    if (flags < 0) {
        return -errno;
    }
    int wanted = on ? flags | flag : flags & ~flag;
    if (wanted != flags && fcntl(fd, set, wanted) < 0) {
        return -errno;
    }
    return 0;
}

int fd_set_nonblock(int fd, bool on)
{
    return set_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

int fd_set_cloexec(int fd, bool on)
{
    return set_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

int fd_open_again(int fd)
{
    char path[40];
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int again = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return again >= 0 ? again : -errno;
}

int fd_wait(int fd, short events, int64_t deadline_ms)
{
    for (;;) {
        int timeout = -1;
        if (deadline_ms >= 0) {
            int64_t left = deadline_ms - monotonic_ms();
            timeout = left <= 0 ? 0 : (int)(left < INT_MAX ? left : INT_MAX);
        }
        struct pollfd entry = {.fd = fd, .events = events};
        int ready = poll(&entry, 1, timeout);
        if (ready > 0) {
            return (entry.revents & POLLNVAL) != 0 ? -EBADF : 0;
        }
        if (ready < 0 && errno != EINTR && errno != EAGAIN) {
            return -errno;
        }
        if (ready == 0 && deadline_ms >= 0 && monotonic_ms() >= deadline_ms) {
            return -ETIMEDOUT;
        }
    }
}

/* MSG_DONTWAIT keeps the deadline even on a blocking socket; anything else was polled before. */
static ssize_t read_some(int fd, void *buf, size_t length)
{
    ssize_t got = recv(fd, buf, length, MSG_DONTWAIT);
    if (got < 0 && errno == ENOTSOCK) {
        got = read(fd, buf, length);
    }
    return got;
}

static ssize_t write_some(int fd, const void *buf, size_t length)
{
    ssize_t put = send(fd, buf, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put < 0 && errno == ENOTSOCK) {
        put = write(fd, buf, length);
    }
    return put;
}

static bool is_transient(int error)
{
    return error == EINTR || error == EAGAIN;
}

int fd_read_full(int fd, void *buf, size_t length, int64_t deadline_ms)
{
    for (size_t done = 0; done < length;) {
        int rc = fd_wait(fd, POLLIN, deadline_ms);
        if (rc < 0) {
            return rc;
        }
        ssize_t got = read_some(fd, (uint8_t *)buf + done, length - done);
        if (got == 0) {
            return -EPIPE;
        }
        if (got < 0 && !is_transient(errno)) {
            return -errno;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

int fd_write_full(int fd, const void *buf, size_t length, int64_t deadline_ms)
{
    for (size_t done = 0; done < length;) {
        int rc = fd_wait(fd, POLLOUT, deadline_ms);
        if (rc < 0) {
            return rc;
        }
        ssize_t put = write_some(fd, (const uint8_t *)buf + done, length - done);
        if (put < 0 && !is_transient(errno)) {
            return -errno;
        }
        done += put > 0 ? (size_t)put : 0;
    }
    return 0;
}

/* Files of /proc claim to be empty, so the size is what read(2) gives until the end. */
int fd_read_file(const char *path, size_t max, char **ret, size_t *ret_length)
{
    cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    return fd < 0 ? -errno : fd_read_all(fd, max, ret, ret_length);
}

int fd_read_all(int fd, size_t max, char **ret, size_t *ret_length)
{
    cleanup_free char *text = NULL;
    size_t length = 0;
    size_t capacity = 0;
    for (;;) {
        if (length == capacity) {
            capacity = capacity == 0 ? 4096 : capacity * 2;
            /* One byte over max tells "just fits" from "too big"; one more is for the NUL. */
            capacity = capacity < max ? capacity : max + 1;
            char *grown = realloc(text, capacity + 1);
            if (grown == NULL) {
                return -ENOMEM;
            }
            text = grown;
        }
        ssize_t got = read(fd, text + length, capacity - length);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -errno;
        }
        if (got == 0) {
            break;
        }
        length += (size_t)got;
        if (length > max) {
            return -EFBIG;
        }
    }
    text[length] = '\0';
    *ret_length = length;
    *ret = text;
    text = NULL;
    return 0;
}

bool fd_is_socket(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

bool fd_is_same(int a, int b)
{
    struct stat first;
    struct stat second;
    return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

int rename_without_replacing(int from_fd, const char *from, int to_fd, const char *to)
{
    const unsigned no_replace = 1; /* RENAME_NOREPLACE of <linux/fs.h> */

    return syscall(SYS_renameat2, from_fd, from, to_fd, to, no_replace) < 0 ? -errno : 0;
}
