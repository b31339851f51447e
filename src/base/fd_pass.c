/* SPDX-License-Identifier: MIT */
/*
 * Passing descriptors over a unix socket (unix(7), SCM_RIGHTS). The one place that does: a message
 * carries one control message, so its header is where the buffer begins.
 */
#include "base/fd.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(FD_MESSAGE_MAX * sizeof(int))];
};

ssize_t fd_send_message(int socket, const void *data, size_t length, const int *fds, size_t count)
{
    union control control = {0};
    if (count > FD_MESSAGE_MAX) {
        return -EINVAL;
    }
    struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = length};
    struct msghdr message = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = CMSG_SPACE(count * sizeof(int)),
    };
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
    ssize_t sent;
    do {
        sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

/* Whatever came along is ours to close from here on, expected or not. Returns how many. */
static size_t take_fds(const struct msghdr *message, union control *control, int *ret_fds,
                       size_t count)
{
    if (message->msg_controllen < CMSG_LEN(0) || control->header.cmsg_level != SOL_SOCKET ||
        control->header.cmsg_type != SCM_RIGHTS) {
        return 0;
    }
    size_t taken = (control->header.cmsg_len - CMSG_LEN(0)) / sizeof(int);
    taken = taken < count ? taken : count;
    memcpy(ret_fds, CMSG_DATA(&control->header), taken * sizeof(int));
    return taken;
}

ssize_t fd_receive_message(int socket, void *buf, size_t capacity, int *ret_fds, size_t count)
{
    union control control = {0};
    if (count > FD_MESSAGE_MAX) {
        return -EINVAL;
    }
    struct iovec iov = {.iov_base = buf, .iov_len = capacity};
    /*
     * Room for exactly so many, which CMSG_SPACE with its padding may not be: the kernel keeps any
     * further descriptor to itself and sets MSG_CTRUNC.
     */
    struct msghdr message = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = CMSG_LEN(count * sizeof(int)),
    };
    ssize_t got;
    do {
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return -errno;
    }
    size_t taken = take_fds(&message, &control, ret_fds, count);
    bool whole = (message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) == 0;
    if (got > 0 && taken == count && whole) {
        return got;
    }
    for (size_t i = 0; i < taken; i++) {
        (void)close(ret_fds[i]);
    }
    return got == 0 && taken == 0 && whole ? 0 : -EBADMSG;
}

int fd_send(int socket, int fd)
{
    ssize_t sent;
    while ((sent = fd_send_message(socket, "", 1, &fd, 1)) == -EAGAIN) {
        int rc = fd_wait(socket, POLLOUT, -1);
        if (rc < 0) {
            return rc;
        }
    }
    return sent < 0 ? (int)sent : 0;
}

int fd_receive(int socket, int *ret_fd)
{
    char byte;
    int fd = -1;
    ssize_t got;
    while ((got = fd_receive_message(socket, &byte, 1, &fd, 1)) == -EAGAIN) {
        int rc = fd_wait(socket, POLLIN, -1);
        if (rc < 0) {
            return rc;
        }
    }
    if (got <= 0) {
        return got < 0 ? (int)got : -EPIPE;
    }
    *ret_fd = fd;
    return 0;
}
