/* SPDX-License-Identifier: MIT */
/* AF_UNIX streams: socket files, and "@name" for the abstract namespace (unix(7)). */
#include "lib/transport.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

#define BUFFER_BYTES    (1024 * 1024)
#define FULL_BACKLOG_MS 20 /* between two tries while the server's queue is full */

static int make_name(const char *path, struct sockaddr_un *name, socklen_t *ret_length)
{
    size_t length = strlen(path);
    *name = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (length >= sizeof(name->sun_path)) {
        return -ENAMETOOLONG;
    }
    memcpy(name->sun_path, path, length);
    if (path[0] == '@') {
        /* An abstract name is as long as the length says: no NUL at its end. */
        name->sun_path[0] = '\0';
        *ret_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    } else {
        *ret_length = (socklen_t)sizeof(*name);
    }
    return 0;
}

void unix_grow_buffers(int fd)
{
    int bytes = BUFFER_BYTES;
    /* FORCE passes the system's limit, for root; the other takes what the limit allows. */
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
    }
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    }
}

/* A socket, and the name that it is for. Returns the descriptor or a negative errno. */
static int open_for(const char *path, struct sockaddr_un *name, socklen_t *ret_length)
{
    int rc = make_name(path, name, ret_length);
    return rc < 0 ? rc : socket_open(AF_UNIX);
}

/*
 * A full backlog is EAGAIN and nothing to poll for, so the wait is a short sleep; with it a
 * non-blocking connect behaves like the blocking one.
 */
int unix_connect(const char *path, const struct attempt *attempt, int *ret_fd)
{
    struct sockaddr_un name;
    socklen_t length;
    cleanup_close int fd = open_for(path, &name, &length);
    if (fd < 0) {
        return fd;
    }
    int rc;
    unix_grow_buffers(fd);
    while ((rc = attempt_connect(attempt, fd, (const struct sockaddr *)&name, length)) == -EAGAIN) {
        struct attempt nap = *attempt;
        nap.deadline_ms = monotonic_ms() + FULL_BACKLOG_MS;
        if (nap.deadline_ms >= attempt->deadline_ms) {
            return -EAGAIN;
        }
        rc = attempt_wait(&nap, -1, 0);
        if (rc != -ETIMEDOUT) {
            return rc;
        }
    }
    if (rc == 0) {
        *ret_fd = take_fd(&fd);
    }
    return rc;
}

static int connect_unix(const struct vsh_address *address, const struct attempt *attempt,
                        int *ret_fd)
{
    return unix_connect(address->path, attempt, ret_fd);
}

/* Nobody answers on a socket file: its server died without removing it. */
static bool is_stale(const char *path)
{
    struct stat st;
    const struct attempt now = {.deadline_ms = monotonic_ms(), .cancel_fd = -1};
    cleanup_close int fd = -1;
    return path[0] != '@' && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) &&
           unix_connect(path, &now, &fd) == -ECONNREFUSED;
}

/* bind(2) makes the file 0777 minus the umask; a socket has no use for the execute bits. */
static void drop_execute_bits(const char *path)
{
    struct stat st;
    if (path[0] != '@' && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode)) {
        (void)chmod(path, st.st_mode & 0666);
    }
}

int unix_listen(const char *path, int backlog, int *ret_fd)
{
    struct sockaddr_un name;
    socklen_t length;
    cleanup_close int fd = open_for(path, &name, &length);
    if (fd < 0) {
        return fd;
    }
    int rc = bind(fd, (const struct sockaddr *)&name, length) < 0 ? -errno : 0;
    if (rc == -EADDRINUSE && is_stale(path) && unlink(path) == 0) {
        rc = bind(fd, (const struct sockaddr *)&name, length) < 0 ? -errno : 0;
    }
    if (rc < 0) {
        return rc;
    }
    drop_execute_bits(path);
    if (listen(fd, backlog) < 0) {
        return -errno;
    }
    *ret_fd = take_fd(&fd);
    return 0;
}

static int listen_unix(const struct vsh_address *address, int backlog, int *ret_fd)
{
    return unix_listen(address->path, backlog, ret_fd);
}

const struct transport transport_unix = {VSH_FAMILY_UNIX, connect_unix, listen_unix};
