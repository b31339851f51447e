/* SPDX-License-Identifier: MIT */
/* Decides for each turn whether the next bytes of the socket are read or spliced. */
#include "server/native/native_input.h"

#include <errno.h>

#include "base/wire.h"
#include "lib/message_queue_pass.h"

/* Below this a header of its own costs more than the copy that it saves. */
#define BULK_MIN (32u * 1024u)

void native_input_came(struct native_input *input, size_t length)
{
    input->bulk = length >= BULK_MIN;
}

/* Payload of a DATA of stdin, of which only the beginning has been read; 0 = something else. */
static size_t payload_left(const struct native *native)
{
    uint8_t stream[VSH_DATA_PREFIX];

    wire_store_u32(stream, VSH_STREAM_STDIN);
    return vsh_queue_begun(native->queue, VSH_V2_DATA, stream, sizeof(stream));
}

/*
 * Moves what is there of a payload. What cannot be moved is left to the queue, so that a signal
 * behind it is met even while the process reads nothing.
 */
static ssize_t splice_payload(struct native *native, struct pump *pump, struct native_input *input,
                              size_t left)
{
    ssize_t count = pump_input_splice(pump, native->fd, left);

    if (count > 0) {
        input->stuck = false;
        native_touch(native);
        native->bytes_taken += (uint64_t)count;
        if (vsh_queue_passed(native->queue, (size_t)count)) {
            native->bytes_taken += VSH_HEADER_SIZE + VSH_DATA_PREFIX;
        }
        return count;
    }
    if (count == -EAGAIN && !input->stuck) {
        input->stuck = true; /* the socket may be what is empty: poll(2) knows */
        return count;
    }
    input->stuck = false;
    input->bulk = false;
    input->refused = input->refused || count == -EINVAL;
    return vsh_queue_fill(native->queue);
}

ssize_t native_input_read(struct native *native, struct pump *pump, struct native_input *input)
{
    if (!input->bulk || input->refused || !pump_input_is_direct(pump)) {
        return vsh_queue_fill(native->queue);
    }
    size_t left = payload_left(native);
    if (left == 0) {
        ssize_t count = vsh_queue_fill_frame(native->queue, VSH_DATA_PREFIX);
        left = count > 0 ? payload_left(native) : 0;
        if (left < BULK_MIN) {
            input->bulk = left == 0; /* the rest of a frame says nothing about the next one */
            return count;
        }
    }
    return splice_payload(native, pump, input, left);
}
