/* SPDX-License-Identifier: MIT */
/* Non-blocking connect under a deadline and a cancel descriptor, the same for every transport. */
#include "lib/transport.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

#include "base/fd.h"

int socket_open(int domain)
{
    int fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd >= 0 ? fd : -errno;
}

int attempt_wait(const struct attempt *attempt, int fd, short events)
{
    for (;;) {
        /* poll(2) skips the entries that are negative. */
        struct pollfd entries[] = {
            {.fd = fd, .events = events},
            {.fd = attempt->cancel_fd, .events = POLLIN},
        };
        int64_t left = attempt->deadline_ms - monotonic_ms();
        int timeout = left <= 0 ? 0 : (int)(left < INT_MAX ? left : INT_MAX);
        int ready = poll(entries, 2, timeout);
        if (ready < 0 && errno != EINTR && errno != EAGAIN) {
            return -errno;
        }
        if (ready > 0 && entries[1].revents != 0) {
            return -ECANCELED;
        }
        if (ready > 0) {
            return 0;
        }
        if (ready == 0 && left <= timeout) {
            return -ETIMEDOUT;
        }
    }
}

int attempt_connect(const struct attempt *attempt, int fd, const struct sockaddr *name,
                    socklen_t length)
{
    if (connect(fd, name, length) == 0) {
        return 0;
    }
    /* EINTR leaves the connect going on in the background, as EINPROGRESS does. */
    if (errno != EINPROGRESS && errno != EINTR) {
        return -errno;
    }
    int rc = attempt_wait(attempt, fd, POLLOUT);
    if (rc < 0) {
        return rc;
    }
    int error = 0;
    socklen_t size = sizeof(error);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0) {
        return -errno;
    }
    return -error;
}
