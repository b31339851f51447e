/* SPDX-License-Identifier: MIT */
/*
 * Bytes of the wire. Every put and get checks room before it touches memory and does nothing at all
 * once the sticky failure is set, so a half-written value never looks whole.
 */
#include "base/wire.h"

#include <errno.h>
#include <string.h>

static uint8_t *writer_take(struct wire_writer *w, size_t length)
{
    if (w->failed || length > w->capacity - w->length) {
        w->failed = true;
        return NULL;
    }
    uint8_t *at = w->data + w->length;
    w->length += length;
    return at;
}

static void put_integer(struct wire_writer *w, uint64_t value, size_t size)
{
    uint8_t *at = writer_take(w, size);
    if (at == NULL) {
        return;
    }
    for (size_t i = 0; i < size; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint64_t load_integer(const uint8_t *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value |= (uint64_t)at[i] << (8 * i);
    }
    return value;
}

void wire_put_u8(struct wire_writer *w, uint8_t value)
{
    put_integer(w, value, 1);
}

void wire_put_u16(struct wire_writer *w, uint16_t value)
{
    put_integer(w, value, 2);
}

void wire_put_u32(struct wire_writer *w, uint32_t value)
{
    put_integer(w, value, 4);
}

void wire_put_u64(struct wire_writer *w, uint64_t value)
{
    put_integer(w, value, 8);
}

void wire_put_bytes(struct wire_writer *w, const void *bytes, size_t length)
{
    uint8_t *at = writer_take(w, length);
    if (at != NULL && length > 0) {
        memcpy(at, bytes, length);
    }
}

void wire_put_field(struct wire_writer *w, uint16_t tag, const void *bytes, size_t length)
{
    /* All or nothing: a header without its value would be read as a torn field. */
    size_t room = w->capacity - w->length;
    if (length > UINT32_MAX || room < WIRE_FIELD_HEADER || length > room - WIRE_FIELD_HEADER) {
        w->failed = true;
        return;
    }
    wire_put_u16(w, tag);
    wire_put_u32(w, (uint32_t)length);
    wire_put_bytes(w, bytes, length);
}

void wire_put_field_u32(struct wire_writer *w, uint16_t tag, uint32_t value)
{
    uint8_t bytes[4];
    wire_store_u32(bytes, value);
    wire_put_field(w, tag, bytes, sizeof(bytes));
}

void wire_put_field_u64(struct wire_writer *w, uint16_t tag, uint64_t value)
{
    uint8_t bytes[8];
    wire_store_u32(bytes, (uint32_t)value);
    wire_store_u32(bytes + 4, (uint32_t)(value >> 32));
    wire_put_field(w, tag, bytes, sizeof(bytes));
}

void wire_put_field_string(struct wire_writer *w, uint16_t tag, const char *text)
{
    wire_put_field(w, tag, text, strlen(text) + 1);
}

const uint8_t *wire_get_bytes(struct wire_reader *r, size_t length)
{
    if (r->failed || length > r->length - r->offset) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *at = r->data + r->offset;
    r->offset += length;
    return at;
}

static uint64_t get_integer(struct wire_reader *r, size_t size)
{
    const uint8_t *at = wire_get_bytes(r, size);
    return at == NULL ? 0 : load_integer(at, size);
}

uint8_t wire_get_u8(struct wire_reader *r)
{
    return (uint8_t)get_integer(r, 1);
}

uint16_t wire_get_u16(struct wire_reader *r)
{
    return (uint16_t)get_integer(r, 2);
}

uint32_t wire_get_u32(struct wire_reader *r)
{
    return (uint32_t)get_integer(r, 4);
}

uint64_t wire_get_u64(struct wire_reader *r)
{
    return get_integer(r, 8);
}

int wire_get_field(struct wire_reader *r, struct wire_field *ret)
{
    if (!r->failed && r->offset == r->length) {
        return 0;
    }
    struct wire_field field;
    field.tag = wire_get_u16(r);
    field.length = wire_get_u32(r);
    field.data = wire_get_bytes(r, field.length);
    if (r->failed) {
        return -EBADMSG;
    }
    *ret = field;
    return 1;
}

int wire_field_u32(const struct wire_field *field, uint32_t *ret)
{
    if (field->length != 4) {
        return -EBADMSG;
    }
    *ret = (uint32_t)load_integer(field->data, 4);
    return 0;
}

int wire_field_u64(const struct wire_field *field, uint64_t *ret)
{
    if (field->length != 8) {
        return -EBADMSG;
    }
    *ret = load_integer(field->data, 8);
    return 0;
}

int wire_field_string(const struct wire_field *field, const char **ret)
{
    /* The first NUL must be the last byte: an inner one would hide the rest from C. */
    if (field->length == 0 ||
        memchr(field->data, '\0', field->length) != field->data + field->length - 1) {
        return -EBADMSG;
    }
    *ret = (const char *)field->data;
    return 0;
}

void wire_store_u32(uint8_t *at, uint32_t value)
{
    for (size_t i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

uint32_t wire_load_u32(const uint8_t *at)
{
    return (uint32_t)load_integer(at, 4);
}
