/* SPDX-License-Identifier: MIT */
/* The buffer, and the two functions of libc's that it stands in for. */
/* The checked variants of these two are inline functions of the same names. */
#undef _FORTIFY_SOURCE
#include "server/ssh/ssh_read_ahead.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define AHEAD_BYTES (256u * 1024u)

/* libssh passes nothing of ours into these calls: there is one connection, and one of this. */
static struct {
    int fd;
    char *bytes; /* NULL = off */
    size_t head, length;
} ahead = {.fd = -1};

void ssh_read_ahead_start(int fd)
{
    ahead.bytes = malloc(AHEAD_BYTES);
    ahead.fd = fd;
}

void ssh_read_ahead_stop(void)
{
    free(ahead.bytes);
    ahead.bytes = NULL;
    ahead.fd = -1;
    ahead.length = 0;
}

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): libc's names are reserved
__attribute__((visibility("default"))) ssize_t recv(int fd, void *buffer, size_t length, int flags)
{
    if (ahead.bytes == NULL || fd != ahead.fd || (flags & ~MSG_DONTWAIT) != 0) {
        return recvfrom(fd, buffer, length, flags, NULL, NULL);
    }
    if (ahead.length == 0) {
        ssize_t n = recvfrom(fd, ahead.bytes, AHEAD_BYTES, flags, NULL, NULL);
        if (n <= 0) {
            return n;
        }
        ahead.head = 0;
        ahead.length = (size_t)n;
    }
    size_t taken = length < ahead.length ? length : ahead.length;
    memcpy(buffer, ahead.bytes + ahead.head, taken);
    ahead.head += taken;
    ahead.length -= taken;
    return (ssize_t)taken;
}

static int wait_for(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    const struct timespec timeout = {
        .tv_sec = timeout_ms / 1000,
        .tv_nsec = timeout_ms % 1000 * 1000000L,
    };
    return ppoll(fds, count, timeout_ms < 0 ? NULL : &timeout, NULL);
}

int ssh_read_ahead_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    struct pollfd *mine = NULL;
    for (nfds_t i = 0; ahead.length > 0 && i < count; i++) {
        if (fds[i].fd == ahead.fd && (fds[i].events & POLLIN) != 0) {
            mine = &fds[i];
        }
    }
    if (mine == NULL) {
        return wait_for(fds, count, timeout_ms);
    }
    /* Nobody else is to be forgotten over it, so with others the kernel is asked all the same.
       Alone it is libssh between two of its 4 KiB: that it may write, too, can wait until it has
       read. */
    int n = 0;
    mine->revents = 0;
    if (count > 1) {
        n = wait_for(fds, count, 0);
    }
    if (n >= 0) {
        n += mine->revents == 0;
        mine->revents |= POLLIN;
    }
    return n;
}

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): libc's names are reserved
__attribute__((visibility("default"))) int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    return ssh_read_ahead_poll(fds, count, timeout_ms);
}
