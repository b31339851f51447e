/* SPDX-License-Identifier: MIT */
/*
 * LD_PRELOAD: a socket that is full at every other large send and has room again at once, as one is
 * whose reader is just as fast as its writer.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
    static unsigned large;

    if (length > 65536 && large++ % 2 == 0) {
        errno = EAGAIN;
        return -1;
    }
    return sendto(fd, bytes, length, flags, NULL, 0);
}
