/* SPDX-License-Identifier: MIT */
/*
 * The bounded byte queue. Content moves down only when a caller needs the room at the end in one
 * piece, so a reader and a writer that keep pace never copy.
 */
#include "base/buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int buffer_init(struct buffer *buffer, size_t capacity)
{
    *buffer = (struct buffer){0};
    /* malloc(0) may be NULL, which would read as "out of memory". */
    buffer->data = malloc(capacity > 0 ? capacity : 1);
    if (buffer->data == NULL) {
        return -ENOMEM;
    }
    buffer->capacity = capacity;
    return 0;
}

void buffer_done(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}

static void move_down(struct buffer *buffer)
{
    size_t length = buffer_length(buffer);
    if (buffer->head > 0 && length > 0) {
        memmove(buffer->data, buffer->data + buffer->head, length);
    }
    buffer->head = 0;
    buffer->tail = length;
}

int buffer_resize(struct buffer *buffer, size_t capacity)
{
    if (capacity < buffer_length(buffer)) {
        return -EINVAL;
    }
    move_down(buffer);
    uint8_t *data = realloc(buffer->data, capacity > 0 ? capacity : 1);
    if (data == NULL) {
        return -ENOMEM;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return 0;
}

size_t buffer_length(const struct buffer *buffer)
{
    return buffer->tail - buffer->head;
}

size_t buffer_room(const struct buffer *buffer)
{
    return buffer->capacity - buffer_length(buffer);
}

const uint8_t *buffer_head(const struct buffer *buffer)
{
    return buffer->data + buffer->head;
}

uint8_t *buffer_reserve(struct buffer *buffer, size_t size)
{
    if (size > buffer_room(buffer)) {
        return NULL;
    }
    if (size > buffer->capacity - buffer->tail) {
        move_down(buffer);
    }
    return buffer->data + buffer->tail;
}

void buffer_commit(struct buffer *buffer, size_t length)
{
    size_t reserved = buffer->capacity - buffer->tail;
    buffer->tail += length < reserved ? length : reserved;
}

int buffer_append(struct buffer *buffer, const void *bytes, size_t length)
{
    uint8_t *at = buffer_reserve(buffer, length);
    if (at == NULL) {
        return -ENOBUFS;
    }
    if (length > 0) {
        memcpy(at, bytes, length);
    }
    buffer_commit(buffer, length);
    return 0;
}

void buffer_consume(struct buffer *buffer, size_t length)
{
    if (length >= buffer_length(buffer)) {
        /* Empty: start at the front again, which is what makes moving rare. */
        buffer_clear(buffer);
        return;
    }
    buffer->head += length;
}

void buffer_clear(struct buffer *buffer)
{
    buffer->head = 0;
    buffer->tail = 0;
}
