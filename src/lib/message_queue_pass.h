/* SPDX-License-Identifier: MIT */
/*
 * Payloads that go past the queue: the owner moves them from the descriptor to where they belong
 * (splice(2)), and the queue is only told. At any point it may leave the rest to vsh_queue_fill():
 * the frame that waits is then one that is as much shorter.
 */
#ifndef LIB_MESSAGE_QUEUE_PASS_H
#define LIB_MESSAGE_QUEUE_PASS_H

#include <stdbool.h>

#include <vsock-shell/message_queue.h>

/*
 * vsh_queue_fill() that reads no further than the frame that has begun, or else than the header and
 * prefix bytes of the next one.
 */
ssize_t vsh_queue_fill_frame(struct vsh_queue *queue, size_t prefix);

/*
 * Is nothing here but the header of a frame of this type and the first bytes of its payload, which
 * are the prefix? Returns how much of the payload is still to be read, 0 = something else is here.
 */
size_t vsh_queue_begun(const struct vsh_queue *queue, uint32_t type, const void *prefix,
                       size_t prefix_length);

/*
 * length bytes of what vsh_queue_begun() told have been taken from the descriptor. Returns true
 * when that was all: the frame is over and no vsh_queue_next() will name it.
 */
bool vsh_queue_passed(struct vsh_queue *queue, size_t length);

#endif
