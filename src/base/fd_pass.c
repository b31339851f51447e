/* SPDX-License-Identifier: MIT */
/* Passing one descriptor over a unix socket (unix(7), SCM_RIGHTS). */
#include "base/fd.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/cleanup.h"

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};

/* After a call that failed: 0 = try again, else its negative errno. */
static int may_retry(int socket, short events)
{
    if (errno == EAGAIN) {
        return fd_wait(socket, events, -1);
    }
    return errno == EINTR ? 0 : -errno;
}

int fd_send(int socket, int fd)
{
    char byte = 0;
    struct iovec iov = {.iov_base = &byte, .iov_len = 1};
    union control control = {0};
    struct msghdr message = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof(int));
    int rc = 0;
    while (rc == 0 && sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
        rc = may_retry(socket, POLLOUT);
    }
    return rc;
}

int fd_receive(int socket, int *ret_fd)
{
    char byte;
    struct iovec iov = {.iov_base = &byte, .iov_len = 1};
    /*
     * Room for exactly one, which CMSG_SPACE with its padding is not: the kernel keeps any further
     * descriptor to itself and sets MSG_CTRUNC.
     */
    union control control = {0};
    struct msghdr message = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = CMSG_LEN(sizeof(int)),
    };
    ssize_t got;
    while ((got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0) {
        int rc = may_retry(socket, POLLIN);
        if (rc < 0) {
            return rc;
        }
    }
    cleanup_close int fd = -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof(int))) {
        memcpy(&fd, CMSG_DATA(header), sizeof(int));
    }
    if (got == 0) {
        return -EPIPE;
    }
    if (fd < 0 || (message.msg_flags & MSG_CTRUNC) != 0) {
        return -EBADMSG;
    }
    *ret_fd = take_fd(&fd);
    return 0;
}
