/* SPDX-License-Identifier: MIT */
/*
 * The relay: two directions, each with one bounded buffer and an end of its own. Blocking
 * descriptors stay blocking (a terminal or a pipe is shared with other processes), so each kind of
 * descriptor has its own way of not getting stuck.
 */
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/fd.h"

#define DIRECTION_BYTES (256u * 1024u)
#define READ_MIN        (16u * 1024u) /* less room than this is not worth a wake-up */

struct direction {
    int in_fd;
    int out_fd;
    int own_fd; /* the pipe out_fd, opened again: writing to it never waits; -1 = write to out_fd */
    bool in_socket;
    bool out_socket;
    bool out_shared;   /* out_fd is also read from: it cannot be closed */
    bool half_close;   /* of the side written to */
    bool input_ended;  /* nothing more to read */
    bool output_ended; /* everything is written and told, or the reader is gone */
    int error;         /* what ended the input, when it was not a plain end */
    size_t write_max;
    struct buffer buffer;
};

static bool is_kind(int fd, mode_t kind)
{
    struct stat st;

    return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == kind;
}

static int direction_init(struct direction *d, const struct relay_side *from,
                          const struct relay_side *to)
{
    *d = (struct direction){
        .in_fd = from->in_fd,
        .out_fd = to->out_fd,
        .own_fd = -1,
        .in_socket = is_kind(from->in_fd, S_IFSOCK),
        .out_socket = is_kind(to->out_fd, S_IFSOCK),
        .out_shared = to->in_fd == to->out_fd,
        .half_close = to->half_close,
    };
    int flags = fcntl(d->out_fd, F_GETFL);
    if (flags < 0) {
        return -errno;
    }
    if (!(flags & O_NONBLOCK) && is_kind(d->out_fd, S_IFIFO)) {
        d->own_fd = fd_open_again(d->out_fd);
    }
    /*
     * POLLOUT on a blocking descriptor promises PIPE_BUF bytes and no more; a larger write would
     * wait there while the other direction starves.
     */
    bool whole = d->out_socket || (flags & O_NONBLOCK) || d->own_fd >= 0;
    d->write_max = whole ? DIRECTION_BYTES : 4096;
    return buffer_init(&d->buffer, DIRECTION_BYTES);
}

static int output_fd(const struct direction *d)
{
    return d->own_fd >= 0 ? d->own_fd : d->out_fd;
}

static void direction_done(struct direction *d)
{
    if (d->own_fd >= 0) {
        (void)close(take_fd(&d->own_fd));
    }
    buffer_done(&d->buffer);
}

/* Tells the reader that no more comes, as far as its kind allows. */
static void finish_output(struct direction *d)
{
    d->output_ended = true;
    if (!d->half_close) {
        return;
    }
    if (d->out_socket) {
        (void)shutdown(d->out_fd, SHUT_WR);
    } else if (!d->out_shared) {
        if (d->own_fd >= 0) {
            (void)close(take_fd(&d->own_fd));
        }
        /* Closed by putting /dev/null in its place: the number stays the caller's. */
        cleanup_close int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (null_fd >= 0) {
            (void)dup2(null_fd, d->out_fd);
        }
    }
}

/* The reader is gone: what is left can reach nobody, and reading on makes no sense. */
static void drop_output(struct direction *d)
{
    d->output_ended = true;
    d->input_ended = true;
    buffer_clear(&d->buffer);
}

static void move_in(struct direction *d)
{
    uint8_t *place = buffer_reserve(&d->buffer, buffer_room(&d->buffer));
    size_t room = buffer_room(&d->buffer);
    ssize_t n =
        d->in_socket ? recv(d->in_fd, place, room, MSG_DONTWAIT) : read(d->in_fd, place, room);

    if (n > 0) {
        buffer_commit(&d->buffer, (size_t)n);
        return;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    /* EIO is a terminal's way to say that the other side has hung up. */
    d->error = n < 0 && errno != EIO ? -errno : 0;
    d->input_ended = true;
}

static void move_out(struct direction *d)
{
    size_t length = buffer_length(&d->buffer);
    const uint8_t *head = buffer_head(&d->buffer);
    ssize_t n;

    if (length > d->write_max) {
        length = d->write_max;
    }
    n = d->out_socket ? send(d->out_fd, head, length, MSG_DONTWAIT | MSG_NOSIGNAL)
                      : write(output_fd(d), head, length);
    if (n >= 0) {
        buffer_consume(&d->buffer, (size_t)n);
    } else if (errno != EAGAIN && errno != EINTR) {
        drop_output(d);
    }
}

/* Fills the poll entries of one direction: [0] its input, [1] its output. -1 = not now. */
static void want(const struct direction *d, struct pollfd polls[2])
{
    bool pending = buffer_length(&d->buffer) > 0;

    polls[0] = (struct pollfd){.fd = -1};
    polls[1] = (struct pollfd){.fd = -1};
    if (!d->input_ended && buffer_room(&d->buffer) >= READ_MIN) {
        polls[0] = (struct pollfd){.fd = d->in_fd, .events = POLLIN};
    }
    if (!d->output_ended) {
        /* Without anything to write this notices a reader that has gone (POLLERR, POLLHUP). */
        polls[1] = (struct pollfd){.fd = output_fd(d), .events = pending ? POLLOUT : 0};
    }
}

static int step(struct direction *d, const struct pollfd polls[2])
{
    if ((polls[0].revents | polls[1].revents) & POLLNVAL) {
        return -EBADF;
    }
    if (polls[0].revents && !d->input_ended) {
        move_in(d);
    }
    if (polls[1].revents & (POLLOUT | POLLERR | POLLHUP) && !d->output_ended) {
        if (buffer_length(&d->buffer) > 0) {
            move_out(d);
        } else if (polls[1].revents & (POLLERR | POLLHUP)) {
            drop_output(d);
        }
    }
    if (d->input_ended && !d->output_ended && buffer_length(&d->buffer) == 0) {
        finish_output(d);
    }
    return 0;
}

/*
 * A socket that cannot be half-closed has ended as a whole when its stream ends: once its bytes are
 * written there is nobody left to relay for.
 */
static bool is_over(const struct direction *d, const struct relay_side *from)
{
    return d->input_ended && d->output_ended && d->in_socket && from->in_fd == from->out_fd &&
           !from->half_close;
}

static int relay_loop(struct direction d[2], const struct relay_side *left,
                      const struct relay_side *right)
{
    struct pollfd polls[4];

    while (!(d[0].output_ended && d[1].output_ended) && !is_over(&d[0], left) &&
           !is_over(&d[1], right)) {
        want(&d[0], polls);
        want(&d[1], polls + 2);
        if (poll(polls, 4, -1) < 0) {
            if (errno == EINTR) {
                continue;
            }
            return -errno;
        }
        int r = step(&d[0], polls);
        if (r == 0) {
            r = step(&d[1], polls + 2);
        }
        if (r < 0) {
            return r;
        }
    }
    return d[1].error ? d[1].error : d[0].error;
}

int relay_run(const struct relay_side *left, const struct relay_side *right)
{
    struct direction d[2] = {{.own_fd = -1}, {.own_fd = -1}};
    int r = direction_init(&d[0], left, right);

    if (r == 0) {
        r = direction_init(&d[1], right, left);
    }
    if (r == 0) {
        r = relay_loop(d, left, right);
    }
    direction_done(&d[0]);
    direction_done(&d[1]);
    return r;
}
