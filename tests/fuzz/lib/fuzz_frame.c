/* SPDX-License-Identifier: MIT */
/*
 * The frame parser: the same bytes whole and cut into pieces must give the same messages. The first
 * byte chooses the limit and the size of the pieces.
 */
#include <stdint.h>
#include <stdlib.h>

#include <vsock-shell/message_queue.h>
#include <vsock-shell/protocol.h>

struct tally {
    uint64_t messages;
    uint64_t digest;
    int result;
};

static struct tally run(const uint8_t *data, size_t size, size_t piece, uint32_t limit)
{
    struct tally tally = {.digest = 14695981039346656037u};
    struct vsh_queue *queue = NULL;
    struct vsh_message message;

    if (vsh_queue_new(-1, -1, &queue) < 0 || vsh_queue_set_limits(queue, limit, limit) < 0) {
        abort();
    }
    for (size_t offset = 0; offset < size; offset += piece) {
        size_t length = size - offset < piece ? size - offset : piece;
        if (vsh_queue_feed(queue, data + offset, length) < 0) {
            break;
        }
        while ((tally.result = vsh_queue_next(queue, &message)) == 1) {
            tally.messages++;
            tally.digest = (tally.digest ^ message.type) * 1099511628211u;
            for (uint32_t i = 0; i < message.length; i++) {
                tally.digest = (tally.digest ^ message.payload[i]) * 1099511628211u;
            }
        }
    }
    vsh_queue_free(queue);
    return tally;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }

    uint32_t limit = data[0] & 0x80 ? VSH_V2_PAYLOAD_DEFAULT : 16;
    size_t piece = 1 + (data[0] & 0x7f);
    struct tally whole = run(data + 1, size - 1, size, limit);
    struct tally pieces = run(data + 1, size - 1, piece, limit);
    if (whole.messages != pieces.messages || whole.digest != pieces.digest ||
        whole.result != pieces.result) {
        abort();
    }
    return 0;
}
