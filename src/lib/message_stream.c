/* SPDX-License-Identifier: MIT */
/*
 * Payloads of the streams of a session: DATA, EOF, CLOSE, WINDOW, and the size of the terminal.
 * DATA is made in place in the queue, so that output travels from read(2) to the socket without a
 * copy.
 */
#include <vsock-shell/message.h>

#include "lib/message_wire.h"

static bool stream_is_valid(uint32_t stream)
{
    return stream < VSH_STREAMS;
}

int vsh_reserve_data(struct vsh_queue *queue, enum vsh_stream stream, size_t size,
                     uint8_t **ret_bytes)
{
    uint8_t *payload;

    if (!stream_is_valid(stream) || size == 0) {
        return -EINVAL;
    }
    if (size > VSH_V2_PAYLOAD_MAX - VSH_DATA_PREFIX) {
        return VSH_E_TOO_BIG;
    }

    int rc = vsh_queue_reserve(queue, VSH_V2_DATA, VSH_DATA_PREFIX + size, &payload);
    if (rc < 0) {
        return rc;
    }
    wire_store_u32(payload, stream);
    *ret_bytes = payload + VSH_DATA_PREFIX;
    return 0;
}

void vsh_commit_data(struct vsh_queue *queue, size_t length)
{
    vsh_queue_commit(queue, length == 0 ? SIZE_MAX : VSH_DATA_PREFIX + length);
}

int vsh_put_data(struct vsh_queue *queue, enum vsh_stream stream, const void *bytes, size_t length)
{
    uint8_t *place;
    int rc = vsh_reserve_data(queue, stream, length, &place);

    if (rc < 0) {
        return rc;
    }
    memcpy(place, bytes, length);
    vsh_commit_data(queue, length);
    return 0;
}

int vsh_get_data(const struct vsh_message *message, struct vsh_data *ret)
{
    struct wire_reader r = message_reader(message);
    uint32_t stream = wire_get_u32(&r);

    /* Empty DATA would be traffic without credit: no correct peer sends it. */
    if (r.failed || !stream_is_valid(stream) || message->length == VSH_DATA_PREFIX) {
        return VSH_E_MALFORMED;
    }
    ret->stream = (enum vsh_stream)stream;
    ret->bytes = message->payload + VSH_DATA_PREFIX;
    ret->length = message->length - VSH_DATA_PREFIX;
    return 0;
}

int vsh_put_stream(struct vsh_queue *queue, uint32_t type, enum vsh_stream stream)
{
    uint8_t payload[4];

    if (!stream_is_valid(stream)) {
        return -EINVAL;
    }
    wire_store_u32(payload, stream);
    return vsh_queue_put(queue, type, payload, sizeof(payload));
}

int vsh_get_stream(const struct vsh_message *message, enum vsh_stream *ret)
{
    struct wire_reader r = message_reader(message);
    uint32_t stream = wire_get_u32(&r);

    if (message_end(&r) < 0 || !stream_is_valid(stream)) {
        return VSH_E_MALFORMED;
    }
    *ret = (enum vsh_stream)stream;
    return 0;
}

int vsh_put_window(struct vsh_queue *queue, enum vsh_stream stream, uint32_t credit)
{
    uint8_t payload[8];

    if (!stream_is_valid(stream) || credit == 0) {
        return -EINVAL;
    }
    wire_store_u32(payload, stream);
    wire_store_u32(payload + 4, credit);
    return vsh_queue_put(queue, VSH_V2_WINDOW, payload, sizeof(payload));
}

int vsh_get_window(const struct vsh_message *message, struct vsh_window *ret)
{
    struct wire_reader r = message_reader(message);
    uint32_t stream = wire_get_u32(&r);
    uint32_t credit = wire_get_u32(&r);

    if (message_end(&r) < 0 || !stream_is_valid(stream) || credit == 0) {
        return VSH_E_MALFORMED;
    }
    ret->stream = (enum vsh_stream)stream;
    ret->credit = credit;
    return 0;
}

int vsh_put_winsize(struct vsh_queue *queue, uint32_t type, const struct vsh_winsize *size)
{
    uint8_t payload[8];
    struct wire_writer w = {.data = payload, .capacity = sizeof(payload)};

    wire_put_u16(&w, size->rows);
    wire_put_u16(&w, size->columns);
    wire_put_u16(&w, size->x_pixels);
    wire_put_u16(&w, size->y_pixels);
    return vsh_queue_put(queue, type, payload, sizeof(payload));
}

int vsh_get_winsize(const struct vsh_message *message, struct vsh_winsize *ret)
{
    struct wire_reader r = message_reader(message);

    ret->rows = wire_get_u16(&r);
    ret->columns = wire_get_u16(&r);
    ret->x_pixels = wire_get_u16(&r);
    ret->y_pixels = wire_get_u16(&r);
    return message_end(&r);
}
