/* SPDX-License-Identifier: MIT */
/* Descriptors: flags, whole reads and writes under a deadline, passing over a unix socket. */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* CLOCK_MONOTONIC in milliseconds. */
int64_t monotonic_ms(void);

/* Each returns 0 or a negative errno. */
int fd_set_nonblock(int fd, bool on);
int fd_set_cloexec(int fd, bool on);

/*
 * Opens what fd writes to once more, non-blocking and close-on-exec. O_NONBLOCK belongs to the open
 * file description, which other programs share: this gives a description of our own. For pipes and
 * terminals, by way of /proc. Returns the new descriptor or a negative errno.
 */
int fd_open_again(int fd);

/*
 * Waits until fd is ready for events (POLLIN, POLLOUT) or deadline_ms on monotonic_ms()'s clock has
 * come
 * (-1 = for ever). Returns 0, -ETIMEDOUT or a negative errno; restarts after EINTR.
 */
int fd_wait(int fd, short events, int64_t deadline_ms);

/*
 * Reads or writes exactly length bytes, waiting where the descriptor would block. Return 0,
 * -ETIMEDOUT, -EPIPE when the stream ends early, or a negative errno. Never for a loop process.
 */
int fd_read_full(int fd, void *buf, size_t length, int64_t deadline_ms);
int fd_write_full(int fd, const void *buf, size_t length, int64_t deadline_ms);

/* Reads a whole small file (at most max bytes) and NUL-terminates it. The caller frees *ret. */
int fd_read_file(const char *path, size_t max, char **ret, size_t *ret_length);

/* The same from a descriptor, from where it stands. */
int fd_read_all(int fd, size_t max, char **ret, size_t *ret_length);

bool fd_is_socket(int fd);

/* Do both lead to the same file, socket or pipe? */
bool fd_is_same(int a, int b);

/* How many descriptors one message carries at the most. */
#define FD_MESSAGE_MAX 3

/*
 * One message over a unix socket: some bytes, at least one, and count descriptors (SCM_RIGHTS).
 * Sending never waits (-EAGAIN) and closes nothing; receiving waits if the socket does. What is
 * received is close-on-exec. Both return the number of bytes or a negative errno; receiving, 0 at
 * the end of the stream, and -EBADMSG for a message that is cut or has another number of
 * descriptors: those are closed.
 */
ssize_t fd_send_message(int socket, const void *data, size_t length, const int *fds, size_t count);
ssize_t fd_receive_message(int socket, void *buf, size_t capacity, int *ret_fds, size_t count);

/* Passes one descriptor with one byte of data, and the reverse. Both wait; 0 or negative errno. */
int fd_send(int socket, int fd);
int fd_receive(int socket, int *ret_fd);

/*
 * renameat2(2) with RENAME_NOREPLACE, which not every C library has: 0, -EEXIST, or -EINVAL or
 * -ENOSYS where kernel or file system cannot promise it.
 */
int rename_without_replacing(int from_fd, const char *from, int to_fd, const char *to);

/* Closes every descriptor >= first (close_range(2), or /proc/self/fd without it). */
void fd_close_from(int first);

/* Makes sure that 0, 1 and 2 are open, on /dev/null if need be: a daemon's first act. */
int fd_open_standard(void);

#endif
