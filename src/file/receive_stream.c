/* SPDX-License-Identifier: MIT */
/*
 * Content that goes to standard output. A pipe or terminal must not stop the owner's loop, and its
 * O_NONBLOCK flag is not ours to set (others share it): so poll(2) is asked before each write, and
 * a write is no longer than what poll promises room for.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "file/receive_state.h"

#define PIPE_PROMISE 4096u /* PIPE_BUF: POLLOUT means room for this much */
#define ZEROS_SIZE   4096u

bool receive_stream_full(const struct file_receiver *receiver)
{
    return receiver->stream.length > 0 || receiver->stream.zeros > 0;
}

/* Returns the bytes written, 0 when the stream takes none now, or a negative errno. */
static ssize_t write_some(const struct receive_stream *stream, const void *bytes, size_t length)
{
    struct pollfd pfd = {.fd = stream->fd, .events = POLLOUT};

    if (!stream->whole_writes) {
        if (poll(&pfd, 1, 0) == 0) {
            return 0;
        }
        length = length < PIPE_PROMISE ? length : PIPE_PROMISE;
    }
    ssize_t count = write(stream->fd, bytes, length);
    if (count < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    }
    return count;
}

/* Returns 0 when the backlog is as short as it gets now, or a negative errno. */
static int drain(struct receive_stream *stream)
{
    static const uint8_t zeros[ZEROS_SIZE];

    while (stream->length > 0 || stream->zeros > 0) {
        bool bytes = stream->length > 0;
        size_t size = stream->zeros < ZEROS_SIZE ? (size_t)stream->zeros : ZEROS_SIZE;
        ssize_t count = bytes ? write_some(stream, stream->bytes + stream->head, stream->length)
                              : write_some(stream, zeros, size);
        if (count <= 0) {
            return (int)count;
        }
        if (bytes) {
            stream->head += (size_t)count;
            stream->length -= (size_t)count;
        } else {
            stream->zeros -= (uint64_t)count;
        }
    }
    return 0;
}

static int failed(struct file_receiver *receiver, int rc)
{
    receiver->stream.length = 0;
    receiver->stream.zeros = 0;
    receiver->state = RECEIVE_SKIP; /* content has come, so END or ABORT has not */
    return receive_failed(receiver, "write it", rc);
}

int receive_stream_flush(struct file_receiver *receiver)
{
    int rc = drain(&receiver->stream);

    return rc < 0 ? failed(receiver, rc) : 0;
}

int receive_stream_put(struct file_receiver *receiver, const uint8_t *bytes, size_t length)
{
    struct receive_stream *stream = &receiver->stream;

    memcpy(stream->bytes, bytes, length);
    stream->head = 0;
    stream->length = length;
    return drain(stream);
}

int receive_stream_zeros(struct file_receiver *receiver, uint64_t length)
{
    receiver->stream.zeros += length;
    return drain(&receiver->stream);
}
