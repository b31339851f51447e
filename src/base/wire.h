/* SPDX-License-Identifier: MIT */
/*
 * Little-endian integers, strings and tagged fields in and out of memory, with a sticky failure:
 * make all the calls, look at .failed once.
 *
 * A tagged field is u16 tag, u32 length, bytes. A tag with WIRE_REQUIRED set must be understood by
 * the reader; any other unknown tag is skipped.
 */
#ifndef BASE_WIRE_H
#define BASE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_REQUIRED     0x8000u
#define WIRE_FIELD_HEADER 6u

struct wire_writer {
    uint8_t *data;
    size_t capacity;
    size_t length;
    bool failed; /* no room, or a length the wire cannot carry */
};

struct wire_reader {
    const uint8_t *data;
    size_t length;
    size_t offset;
    bool failed; /* ran past the end, or a string without its NUL */
};

struct wire_field {
    uint16_t tag; /* with WIRE_REQUIRED */
    const uint8_t *data;
    uint32_t length;
};

void wire_put_u8(struct wire_writer *w, uint8_t value);
void wire_put_u16(struct wire_writer *w, uint16_t value);
void wire_put_u32(struct wire_writer *w, uint32_t value);
void wire_put_u64(struct wire_writer *w, uint64_t value);
void wire_put_bytes(struct wire_writer *w, const void *bytes, size_t length);
void wire_put_field(struct wire_writer *w, uint16_t tag, const void *bytes, size_t length);
void wire_put_field_u32(struct wire_writer *w, uint16_t tag, uint32_t value);
void wire_put_field_u64(struct wire_writer *w, uint16_t tag, uint64_t value);
/* The NUL travels too, so that the reader can borrow the string. */
void wire_put_field_string(struct wire_writer *w, uint16_t tag, const char *text);

uint8_t wire_get_u8(struct wire_reader *r);
uint16_t wire_get_u16(struct wire_reader *r);
uint32_t wire_get_u32(struct wire_reader *r);
uint64_t wire_get_u64(struct wire_reader *r);
const uint8_t *wire_get_bytes(struct wire_reader *r, size_t length); /* NULL on failure */
/* 1 and *ret; 0 at the clean end; -EBADMSG on a torn field. */
int wire_get_field(struct wire_reader *r, struct wire_field *ret);

/* A field's value; each returns 0 or -EBADMSG on a wrong length or (string) a missing or inner NUL.
 */
int wire_field_u32(const struct wire_field *field, uint32_t *ret);
int wire_field_u64(const struct wire_field *field, uint64_t *ret);
int wire_field_string(const struct wire_field *field, const char **ret);

/* Fixed places, for headers. */
void wire_store_u32(uint8_t *at, uint32_t value);
uint32_t wire_load_u32(const uint8_t *at);

#endif
