/* SPDX-License-Identifier: MIT */
/*
 * Frames in and out of two bounded buffers. This file owns the header (magic, type, length), the
 * limits and the economy of copies: reads go in large pieces straight into the buffer, messages are
 * handed out where they lie and made where they leave, and one write sends all that is pending.
 * What a payload means is message.c's.
 */
#include <vsock-shell/message_queue.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vsock-shell/error.h>
#include <vsock-shell/protocol.h>

#include "base/buffer.h"
#include "base/wire.h"
#include "lib/message_queue_pass.h"

/* Two frames of 256 KiB of data and the reserve; untouched pages cost nothing. */
#define CAPACITY_MIN (544u * 1024u)
/* Pending bytes that may be moved to the front of the buffer for the sake of bulk room. */
#define MOVE_MAX (64u * 1024u)

struct vsh_queue {
    struct buffer in;
    struct buffer out;
    int in_fd;
    int out_fd;
    bool out_is_socket; /* assumed until send(2) says ENOTSOCK */
    int broken;         /* the final error of next, or 0 */
    size_t taken;       /* bytes at the head of in that the last next handed out */
    uint32_t receive_max;
    uint32_t send_max;
    uint64_t bytes_in;
    uint64_t bytes_out;
};

static size_t capacity_for(uint32_t payload_max)
{
    size_t two_frames = 2 * ((size_t)payload_max + VSH_HEADER_SIZE) + VSH_QUEUE_RESERVE;

    return two_frames > CAPACITY_MIN ? two_frames : CAPACITY_MIN;
}

int vsh_queue_new(int in_fd, int out_fd, struct vsh_queue **ret)
{
    struct vsh_queue *queue = calloc(1, sizeof(*queue));

    if (!queue) {
        return -ENOMEM;
    }
    queue->in_fd = in_fd;
    queue->out_fd = out_fd;
    queue->out_is_socket = true;
    queue->receive_max = VSH_V2_PAYLOAD_DEFAULT;
    queue->send_max = VSH_V1_PAYLOAD_MAX;
    if (buffer_init(&queue->in, capacity_for(queue->receive_max)) < 0 ||
        buffer_init(&queue->out, capacity_for(queue->send_max)) < 0) {
        vsh_queue_free(queue);
        return -ENOMEM;
    }
    *ret = queue;
    return 0;
}

void vsh_queue_free(struct vsh_queue *queue)
{
    if (!queue) {
        return;
    }
    buffer_done(&queue->in);
    buffer_done(&queue->out);
    free(queue);
}

static int grow(struct buffer *buffer, size_t capacity)
{
    return capacity > buffer->capacity ? buffer_resize(buffer, capacity) : 0;
}

int vsh_queue_set_limits(struct vsh_queue *queue, uint32_t receive_max, uint32_t send_max)
{
    if (receive_max > VSH_V2_PAYLOAD_MAX || send_max > VSH_V2_PAYLOAD_MAX) {
        return -EINVAL;
    }
    /* A buffer that grew before the other one failed stays so: only the limits count. */
    if (grow(&queue->in, capacity_for(receive_max)) < 0 ||
        grow(&queue->out, capacity_for(send_max)) < 0) {
        return -ENOMEM;
    }
    queue->receive_max = receive_max;
    queue->send_max = send_max;
    return 0;
}

uint32_t vsh_queue_send_max(const struct vsh_queue *queue)
{
    return queue->send_max;
}

/* Lets go of the message that the last next handed out. */
static void release_taken(struct vsh_queue *queue)
{
    buffer_consume(&queue->in, queue->taken);
    queue->taken = 0;
}

static int gone_or(int error)
{
    switch (error) {
    case EPIPE:
    case ECONNRESET:
    case ECONNABORTED:
    case ENOTCONN:
    case ESHUTDOWN:
        return VSH_E_GONE;
    default:
        return -error;
    }
}

/*
 * How much to ask of read(2): the room behind the content as long as the frame that has begun fits
 * there, so that bulk data is not moved; else all room there is, which moves that one torn frame.
 */
static size_t fill_size(const struct vsh_queue *queue)
{
    const struct buffer *in = &queue->in;
    size_t length = buffer_length(in);
    size_t behind = in->capacity - in->tail;
    size_t frame = VSH_HEADER_SIZE;

    if (length == 0) {
        return in->capacity;
    }
    if (length >= VSH_HEADER_SIZE) {
        frame += wire_load_u32(buffer_head(in) + 8);
    }
    if (frame > length && frame - length <= behind) {
        return behind;
    }
    return buffer_room(in);
}

/* size bytes at most, for which there is room. */
static ssize_t read_some(struct vsh_queue *queue, size_t size)
{
    uint8_t *place = buffer_reserve(&queue->in, size);
    ssize_t count;

    do {
        count = read(queue->in_fd, place, size);
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        return gone_or(errno);
    }
    buffer_commit(&queue->in, (size_t)count);
    queue->bytes_in += (uint64_t)count;
    return count;
}

ssize_t vsh_queue_fill(struct vsh_queue *queue)
{
    release_taken(queue);

    size_t size = fill_size(queue);
    return size > 0 ? read_some(queue, size) : -ENOBUFS;
}

ssize_t vsh_queue_fill_frame(struct vsh_queue *queue, size_t prefix)
{
    release_taken(queue);

    size_t have = buffer_length(&queue->in);
    size_t wanted = VSH_HEADER_SIZE + prefix;
    if (have >= VSH_HEADER_SIZE) {
        wanted = VSH_HEADER_SIZE + (size_t)wire_load_u32(buffer_head(&queue->in) + 8);
    }
    size_t size = fill_size(queue);
    /* A frame that is here already waits for its reader, and says nothing about the next one. */
    if (wanted > have && wanted - have < size) {
        size = wanted - have;
    }
    return size > 0 ? read_some(queue, size) : -ENOBUFS;
}

size_t vsh_queue_begun(const struct vsh_queue *queue, uint32_t type, const void *prefix,
                       size_t prefix_length)
{
    const uint8_t *head = buffer_head(&queue->in) + queue->taken;

    if (vsh_queue_partial(queue) != VSH_HEADER_SIZE + prefix_length || queue->broken ||
        wire_load_u32(head) != VSH_MAGIC || wire_load_u32(head + 4) != type ||
        memcmp(head + VSH_HEADER_SIZE, prefix, prefix_length) != 0) {
        return 0;
    }
    uint32_t length = wire_load_u32(head + 8);
    return length > prefix_length && length <= queue->receive_max ? length - prefix_length : 0;
}

bool vsh_queue_passed(struct vsh_queue *queue, size_t length)
{
    release_taken(queue);

    size_t here = buffer_length(&queue->in) - VSH_HEADER_SIZE;
    uint8_t *at = queue->in.data + queue->in.head + 8;
    size_t left = wire_load_u32(at) - length;
    queue->bytes_in += length;
    if (left == here) {
        buffer_clear(&queue->in);
        return true;
    }
    wire_store_u32(at, (uint32_t)left);
    return false;
}

int vsh_queue_feed(struct vsh_queue *queue, const void *bytes, size_t length)
{
    release_taken(queue);

    int rc = buffer_append(&queue->in, bytes, length);
    if (rc == 0) {
        queue->bytes_in += length;
    }
    return rc;
}

int vsh_queue_next(struct vsh_queue *queue, struct vsh_message *ret)
{
    if (queue->broken) {
        return queue->broken;
    }
    release_taken(queue);

    const uint8_t *head = buffer_head(&queue->in);
    size_t have = buffer_length(&queue->in);
    /* A wrong magic is told from its four bytes alone: an HTTP client need not finish a header. */
    if (have >= 4 && wire_load_u32(head) != VSH_MAGIC) {
        queue->broken = VSH_E_MALFORMED;
        return queue->broken;
    }
    if (have < VSH_HEADER_SIZE) {
        return 0;
    }

    uint32_t length = wire_load_u32(head + 8);
    if (length > queue->receive_max) {
        queue->broken = VSH_E_TOO_BIG;
        return queue->broken;
    }
    if (have - VSH_HEADER_SIZE < length) {
        return 0;
    }
    ret->type = wire_load_u32(head + 4);
    ret->length = length;
    ret->payload = head + VSH_HEADER_SIZE;
    queue->taken = VSH_HEADER_SIZE + (size_t)length;
    return 1;
}

size_t vsh_queue_partial(const struct vsh_queue *queue)
{
    return buffer_length(&queue->in) - queue->taken;
}

int vsh_queue_put(struct vsh_queue *queue, uint32_t type, const void *payload, size_t length)
{
    uint8_t *place = NULL;
    int rc = vsh_queue_reserve(queue, type, length, &place);

    if (rc < 0) {
        return rc;
    }
    if (length > 0) {
        memcpy(place, payload, length);
    }
    vsh_queue_commit(queue, length);
    return 0;
}

int vsh_queue_reserve(struct vsh_queue *queue, uint32_t type, size_t size, uint8_t **ret_payload)
{
    if (size > queue->send_max) {
        return VSH_E_TOO_BIG;
    }

    uint8_t *frame = buffer_reserve(&queue->out, VSH_HEADER_SIZE + size);
    if (!frame) {
        return -ENOBUFS;
    }
    wire_store_u32(frame, VSH_MAGIC);
    wire_store_u32(frame + 4, type);
    *ret_payload = frame + VSH_HEADER_SIZE;
    return 0;
}

void vsh_queue_commit(struct vsh_queue *queue, size_t length)
{
    if (length == SIZE_MAX) {
        return; /* the buffer counts committed bytes only: nothing to take back */
    }
    wire_store_u32(queue->out.data + queue->out.tail + 8, (uint32_t)length);
    buffer_commit(&queue->out, VSH_HEADER_SIZE + length);
}

static size_t payload_room(const struct vsh_queue *queue, size_t bytes, size_t keep)
{
    if (bytes <= VSH_HEADER_SIZE + keep) {
        return 0;
    }
    bytes -= VSH_HEADER_SIZE + keep;
    return bytes < queue->send_max ? bytes : queue->send_max;
}

size_t vsh_queue_room(const struct vsh_queue *queue)
{
    return payload_room(queue, buffer_room(&queue->out), 0);
}

size_t vsh_queue_bulk_room(const struct vsh_queue *queue)
{
    const struct buffer *out = &queue->out;
    size_t pending = buffer_length(out);
    size_t usable = pending > MOVE_MAX ? out->capacity - out->tail : buffer_room(out);

    return payload_room(queue, usable, VSH_QUEUE_RESERVE);
}

static ssize_t write_some(struct vsh_queue *queue, const uint8_t *bytes, size_t length)
{
    if (queue->out_is_socket) {
        ssize_t count = send(queue->out_fd, bytes, length, MSG_NOSIGNAL);
        if (count >= 0 || errno != ENOTSOCK) {
            return count;
        }
        queue->out_is_socket = false; /* standard output as a pipe: -i, inetd */
    }
    return write(queue->out_fd, bytes, length);
}

int vsh_queue_flush(struct vsh_queue *queue)
{
    size_t pending = buffer_length(&queue->out);
    ssize_t count;

    if (pending == 0) {
        return 0;
    }
    do {
        count = write_some(queue, buffer_head(&queue->out), pending);
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        return errno == EAGAIN ? 1 : gone_or(errno);
    }
    buffer_consume(&queue->out, (size_t)count);
    queue->bytes_out += (uint64_t)count;
    return (size_t)count < pending ? 1 : 0;
}

size_t vsh_queue_pending(const struct vsh_queue *queue)
{
    return buffer_length(&queue->out);
}

uint64_t vsh_queue_bytes_in(const struct vsh_queue *queue)
{
    return queue->bytes_in;
}

uint64_t vsh_queue_bytes_out(const struct vsh_queue *queue)
{
    return queue->bytes_out;
}
