/* SPDX-License-Identifier: MIT */
/*
 * The near side of a copy in protocol version 1: which file or stream it is, reading and writing it
 * without ever waiting. Messages are copy_v1.c's.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arguments.h"
#include "copy_request.h"
#include "copy_v1.h"
#include "file/path.h"

static bool is_standard(const char *path)
{
    return strcmp(path, "-") == 0;
}

static int open_source(struct v1_copy *copy, const char *path)
{
    struct stat status;

    /* A FIFO that nobody writes to yet is waited for in the loop, not in open(2). */
    copy->fd = is_standard(path) ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                 : open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (copy->fd < 0 || fstat(copy->fd, &status) < 0) {
        return -errno;
    }
    copy->is_stream = !S_ISREG(status.st_mode);
    copy->item.size = copy->is_stream ? 0 : (uint64_t)status.st_size;
    if (S_ISDIR(status.st_mode)) {
        return -EISDIR;
    }
    return loop_watch(copy->loop, copy->fd, 0, v1_copy_on_local, copy);
}

static int open_stdout(struct v1_copy *copy)
{
    int rc = output_init(&copy->output, STDOUT_FILENO, VSH_V1_PAYLOAD_MAX);

    if (rc < 0) {
        return rc;
    }
    copy->to_stdout = true;
    return loop_watch(copy->loop, copy->output.fd, 0, v1_copy_on_local, copy);
}

static int open_destination(struct v1_copy *copy)
{
    const char *path = copy->request->destination;
    uint32_t flags = (copy->arguments->no_clobber ? FILE_STAGE_NEW : 0) |
                     (copy->arguments->sync ? FILE_STAGE_SYNC : 0);
    struct stat status;
    char joined[VSH_FILE_PATH_MAX + 1];
    char name[VSH_FILE_NAME_MAX + 1];

    if (is_standard(path)) {
        return open_stdout(copy);
    }
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        if (file_base_name(copy->request->source, name) < 0 ||
            snprintf(joined, sizeof(joined), "%s/%s", path, name) >= (int)sizeof(joined)) {
            return -ENAMETOOLONG;
        }
        path = joined;
    }
    return file_stage_open_path(&copy->stage, -1, path, flags);
}

int v1_local_open(struct v1_copy *copy)
{
    return copy->request->upload ? open_source(copy, copy->request->source)
                                 : open_destination(copy);
}

ssize_t v1_local_read(struct v1_copy *copy, void *place, size_t room)
{
    struct pollfd wanted = {.fd = copy->fd, .events = POLLIN};
    ssize_t count = 0;

    copy->starving = copy->is_stream && poll(&wanted, 1, 0) == 0;
    if (!copy->starving) {
        count = read(copy->fd, place, room);
        int error = count < 0 ? errno : 0;
        /* Somebody else who reads the same pipe was faster. */
        copy->starving = error == EAGAIN || error == EINTR;
        count = error != 0 ? -error : count;
    }
    return copy->starving ? -EAGAIN : count;
}

int v1_local_write(struct v1_copy *copy, const void *bytes, size_t length)
{
    size_t disposed;

    return copy->to_stdout ? output_put(&copy->output, bytes, length, &disposed)
                           : file_stage_write(&copy->stage, bytes, length);
}

int v1_local_flush(struct v1_copy *copy)
{
    size_t disposed;

    return output_pending(&copy->output) > 0 ? output_flush(&copy->output, &disposed) : 0;
}

bool v1_local_full(const struct v1_copy *copy)
{
    return output_pending(&copy->output) > 0;
}

int v1_local_publish(struct v1_copy *copy)
{
    return copy->to_stdout ? 0 : file_stage_publish(&copy->stage, NULL);
}

void v1_local_update(struct v1_copy *copy)
{
    bool moving = copy->state == V1_MOVING;

    if (copy->fd >= 0) {
        (void)loop_watch_events(copy->loop, copy->fd, moving && copy->starving ? POLLIN : 0);
    }
    if (copy->to_stdout) {
        (void)loop_watch_events(copy->loop, copy->output.fd,
                                moving && v1_local_full(copy) ? POLLOUT : 0);
    }
}

void v1_local_discard(struct v1_copy *copy)
{
    file_stage_discard(&copy->stage);
    output_close(&copy->output);
    v1_local_update(copy);
}

void v1_local_close(struct v1_copy *copy)
{
    file_stage_discard(&copy->stage);
    if (copy->fd >= 0) {
        loop_unwatch(copy->loop, copy->fd);
        (void)close(copy->fd);
        copy->fd = -1;
    }
    if (copy->to_stdout) {
        loop_unwatch(copy->loop, copy->output.fd);
        output_done(&copy->output);
        copy->to_stdout = false;
    }
}
