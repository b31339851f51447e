/* SPDX-License-Identifier: MIT */
/*
 * Local output. O_NONBLOCK belongs to the open file description, which the shell and its other
 * programs share: setting it would break them. A pipe or a terminal is opened again through /proc,
 * which gives a description of our own; where that fails, writes are kept so small that poll(2)'s
 * POLLOUT covers them.
 */
#include "output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

/* POLLOUT on a pipe promises one free page; a terminal says less, and is slow anyway. */
#define SHARED_PIPE_BYTES     PIPE_BUF
#define SHARED_TERMINAL_BYTES 256u

int output_open_again(int fd)
{
    struct stat status = {0};

    if (fstat(fd, &status) < 0 || (!S_ISFIFO(status.st_mode) && isatty(fd) != 1)) {
        return -1;
    }
    return fd_open_again(fd);
}

int output_init(struct output *output, int fd, size_t capacity)
{
    struct stat status = {0};

    *output = (struct output){.fd = fd, .kind = OUTPUT_DIRECT};
    if (buffer_init(&output->buffer, capacity) < 0) {
        return -ENOMEM;
    }
    (void)fstat(fd, &status);
    output->is_pipe = S_ISFIFO(status.st_mode);
    if (S_ISSOCK(status.st_mode)) {
        output->kind = OUTPUT_SOCKET;
    } else if (output->is_pipe || isatty(fd) == 1) {
        int again = output_open_again(fd);
        output->kind = again >= 0 ? OUTPUT_PRIVATE : OUTPUT_SHARED;
        output->fd = again >= 0 ? again : fd;
    }
    return 0;
}

void output_done(struct output *output)
{
    if (output->kind == OUTPUT_PRIVATE) {
        (void)close(output->fd);
    }
    buffer_done(&output->buffer);
}

static ssize_t write_shared(int fd, const void *bytes, size_t length)
{
    struct pollfd wanted = {.fd = fd, .events = POLLOUT};
    size_t most = isatty(fd) == 1 ? SHARED_TERMINAL_BYTES : SHARED_PIPE_BYTES;

    /* Another writer, our own stderr perhaps, may have filled the pipe since the loop's poll. */
    if (poll(&wanted, 1, 0) <= 0) {
        errno = EAGAIN;
        return -1;
    }
    return write(fd, bytes, length < most ? length : most);
}

static ssize_t write_once(const struct output *output, const void *bytes, size_t length)
{
    switch (output->kind) {
    case OUTPUT_SOCKET:
        return send(output->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    case OUTPUT_SHARED:
        return write_shared(output->fd, bytes, length);
    case OUTPUT_DIRECT:
    case OUTPUT_PRIVATE:
        break;
    }
    return write(output->fd, bytes, length);
}

/* Writes until everything is out or the descriptor takes no more. Returns the count or an errno. */
static ssize_t write_some(const struct output *output, const uint8_t *bytes, size_t length)
{
    size_t done = 0;

    while (done < length) {
        ssize_t n = write_once(output, bytes + done, length - done);
        if (n > 0) {
            done += (size_t)n;
            continue;
        }
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno != EAGAIN) {
            return -errno;
        }
        break;
    }
    return (ssize_t)done;
}

void output_close(struct output *output)
{
    output->closed = true;
    buffer_clear(&output->buffer);
}

/* A socket's reader that went away with data unread shows as a reset. */
static int closed_by(struct output *output, ssize_t error)
{
    output_close(output);
    return error == -ECONNRESET || error == -EIO ? -EPIPE : (int)error;
}

int output_put(struct output *output, const void *bytes, size_t length, size_t *ret_disposed)
{
    size_t held = output_pending(output);
    ssize_t written = 0;

    *ret_disposed = length;
    if (output->closed) {
        return 0;
    }
    if (held == 0) {
        written = write_some(output, bytes, length);
        if (written < 0) {
            return closed_by(output, written);
        }
    }
    *ret_disposed = (size_t)written;
    return buffer_append(&output->buffer, (const uint8_t *)bytes + written,
                         length - (size_t)written);
}

int output_flush(struct output *output, size_t *ret_disposed)
{
    size_t held = output_pending(output);
    ssize_t written = write_some(output, buffer_head(&output->buffer), held);

    *ret_disposed = held;
    if (written < 0) {
        return closed_by(output, written);
    }
    buffer_consume(&output->buffer, (size_t)written);
    *ret_disposed = (size_t)written;
    return 0;
}

size_t output_pending(const struct output *output)
{
    return buffer_length(&output->buffer);
}
