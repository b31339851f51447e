/* SPDX-License-Identifier: MIT */
/*
 * A bounded byte queue in one piece of memory: append at the tail, consume at the head. Readers and
 * writers may work in place: reserve room, let read(2) fill it, commit.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct buffer {
    uint8_t *data;
    size_t capacity; /* never grows by itself */
    size_t head;     /* first byte to consume */
    size_t tail;     /* one past the last */
};

int buffer_init(struct buffer *buffer, size_t capacity); /* 0 or -ENOMEM */
void buffer_done(struct buffer *buffer);
int buffer_resize(struct buffer *buffer,
                  size_t capacity); /* -EINVAL when the content would not fit */

size_t buffer_length(const struct buffer *buffer);
size_t buffer_room(const struct buffer *buffer); /* capacity minus length */
const uint8_t *buffer_head(const struct buffer *buffer);

/*
 * Gives the place for size more bytes in one piece (moves the content down if it must), or NULL
 * when size is above buffer_room(). Valid until the next call; buffer_commit() makes length <= size
 * of them content.
 */
uint8_t *buffer_reserve(struct buffer *buffer, size_t size);
void buffer_commit(struct buffer *buffer, size_t length);

int buffer_append(struct buffer *buffer, const void *bytes, size_t length); /* 0 or -ENOBUFS */
void buffer_consume(struct buffer *buffer, size_t length);
void buffer_clear(struct buffer *buffer);

#endif
