/* SPDX-License-Identifier: MIT */
/*
 * A queue of native protocol messages over a pair of descriptors: header and payload in and out of
 * two bounded buffers, never blocking.
 *
 * Order of calls, driven by the caller's poll(2):
 *   readable:  vsh_queue_fill(), then vsh_queue_next() until it returns 0;
 *   to send:   vsh_queue_put() or vsh_queue_reserve() + vsh_queue_commit(), as far as
 *              vsh_queue_room() or, for bulk data, vsh_queue_bulk_room() allow;
 *   writable:  vsh_queue_flush() while vsh_queue_pending() is not 0.
 * Stop filling when an answer would not fit: the kernel then stops the peer. Not thread-safe.
 */
#ifndef VSOCK_SHELL_MESSAGE_QUEUE_H
#define VSOCK_SHELL_MESSAGE_QUEUE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vsh_queue;

struct vsh_message {
    uint32_t type;
    uint32_t length;
    /* Borrowed: good until the next call of fill, feed, next or set_limits. Never NULL. */
    const uint8_t *payload;
};

/*
 * Makes a queue that reads in_fd and writes out_fd (they may be equal). The descriptors stay the
 * caller's, who sets O_NONBLOCK. Payload limits start at VSH_V1_PAYLOAD_MAX to send and
 * VSH_V2_PAYLOAD_DEFAULT to receive. Returns 0 or -ENOMEM.
 */
int vsh_queue_new(int in_fd, int out_fd, struct vsh_queue **ret);

/* Frees the queue and what it holds; closes nothing. NULL is fine. */
void vsh_queue_free(struct vsh_queue *queue);

/*
 * Sets the largest payload to accept and to send, both at most VSH_V2_PAYLOAD_MAX; buffers grow to
 * hold two frames and VSH_QUEUE_RESERVE bytes, or 544 KiB, whichever is more. The limits hold for
 * every message that is not yet taken. Returns 0, -EINVAL or -ENOMEM (limits unchanged).
 */
int vsh_queue_set_limits(struct vsh_queue *queue, uint32_t receive_max, uint32_t send_max);
uint32_t vsh_queue_send_max(const struct vsh_queue *queue);

/*
 * One read(2) into the free room of the input buffer. Returns the bytes read, 0 at the end of the
 * stream, -EAGAIN when nothing is there, -ENOBUFS when the buffer is full (call vsh_queue_next()
 * first), VSH_E_GONE after a reset, or another negative errno.
 */
ssize_t vsh_queue_fill(struct vsh_queue *queue);

/* Takes bytes that were read elsewhere, before the first fill. Returns 0 or -ENOBUFS. */
int vsh_queue_feed(struct vsh_queue *queue, const void *bytes, size_t length);

/*
 * Takes the next whole message. Returns 1 and *ret, 0 when more bytes are needed, VSH_E_MALFORMED
 * on a wrong magic or VSH_E_TOO_BIG on a length above the limit; these two are final for the queue.
 */
int vsh_queue_next(struct vsh_queue *queue, struct vsh_message *ret);

/* Bytes of an incomplete message in the input buffer; not 0 at the end of the stream = cut short.
 */
size_t vsh_queue_partial(const struct vsh_queue *queue);

/*
 * Appends a message. Returns 0, VSH_E_TOO_BIG above the send limit, or -ENOBUFS without effect when
 * the output buffer has no room: flush and try again, or check vsh_queue_room() first.
 */
int vsh_queue_put(struct vsh_queue *queue, uint32_t type, const void *payload, size_t length);

/*
 * Reserves a message with up to size payload bytes and gives the place for them, so that a read(2)
 * can go straight into the frame. vsh_queue_commit() with the true length (<= size; SIZE_MAX =
 * abandon) must follow before any other call that sends. Returns 0, VSH_E_TOO_BIG or -ENOBUFS.
 */
int vsh_queue_reserve(struct vsh_queue *queue, uint32_t type, size_t size, uint8_t **ret_payload);
void vsh_queue_commit(struct vsh_queue *queue, size_t length);

/*
 * The largest payload that put and reserve take now, at most the send limit; 0 when not even an
 * empty message fits: so it is the answer for messages with a payload.
 */
size_t vsh_queue_room(const struct vsh_queue *queue);
#define VSH_QUEUE_RESERVE 16384u
/*
 * The largest payload of a bulk message now, at most the send limit: it leaves VSH_QUEUE_RESERVE
 * bytes of the buffer to control messages, and is 0 while the queue would have to move much pending
 * data to make room (flush, then ask again).
 */
size_t vsh_queue_bulk_room(const struct vsh_queue *queue);

/*
 * Writes what is pending as far as the descriptor takes it. Returns 0 when nothing is left, 1 when
 * some is, VSH_E_GONE when the peer has gone, or another negative errno. Never raises SIGPIPE on a
 * socket (MSG_NOSIGNAL).
 */
int vsh_queue_flush(struct vsh_queue *queue);
size_t vsh_queue_pending(const struct vsh_queue *queue);

/* Totals since birth, headers included: for audit lines and statistics. */
uint64_t vsh_queue_bytes_in(const struct vsh_queue *queue);
uint64_t vsh_queue_bytes_out(const struct vsh_queue *queue);

#ifdef __cplusplus
}
#endif
#endif
