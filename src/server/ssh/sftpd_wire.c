/* SPDX-License-Identifier: MIT */
/* SSH's integers and strings. Every length is compared with what is left before it is used. */
#include "server/ssh/sftpd_wire.h"

#include <errno.h>
#include <string.h>

uint32_t sftpd_load_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

void sftpd_store_u32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

static const uint8_t *get_bytes(struct sftpd_reader *r, size_t length)
{
    if (r->error != 0 || length > r->length - r->offset) {
        r->error = r->error != 0 ? r->error : -EBADMSG;
        return NULL;
    }
    const uint8_t *at = r->data + r->offset;
    r->offset += length;
    return at;
}

uint32_t sftpd_get_u32(struct sftpd_reader *r)
{
    const uint8_t *at = get_bytes(r, 4);
    return at != NULL ? sftpd_load_u32(at) : 0;
}

uint64_t sftpd_get_u64(struct sftpd_reader *r)
{
    const uint8_t *at = get_bytes(r, 8);
    return at != NULL ? (uint64_t)sftpd_load_u32(at) << 32 | sftpd_load_u32(at + 4) : 0;
}

const uint8_t *sftpd_get_string(struct sftpd_reader *r, size_t *ret_length)
{
    size_t length = sftpd_get_u32(r);
    *ret_length = 0;
    const uint8_t *at = get_bytes(r, length);
    if (at != NULL) {
        *ret_length = length;
    }
    return at;
}

void sftpd_get_text(struct sftpd_reader *r, char *buf, size_t size)
{
    size_t length = 0;
    const uint8_t *at = sftpd_get_string(r, &length);
    buf[0] = '\0';
    if (at == NULL) {
        return;
    }
    /* "a\0b" would name another file for us than for the peer. */
    if (memchr(at, '\0', length) != NULL) {
        r->error = -EBADMSG;
        return;
    }
    if (length >= size) {
        r->error = -ENAMETOOLONG;
        return;
    }
    memcpy(buf, at, length);
    buf[length] = '\0';
}

static uint8_t *put_bytes(struct sftpd_writer *w, size_t length)
{
    if (w->error != 0 || length > w->capacity - w->length) {
        w->error = -EMSGSIZE;
        return NULL;
    }
    uint8_t *at = w->data + w->length;
    w->length += length;
    return at;
}

void sftpd_put_u32(struct sftpd_writer *w, uint32_t value)
{
    uint8_t *at = put_bytes(w, 4);
    if (at != NULL) {
        sftpd_store_u32(at, value);
    }
}

void sftpd_put_u64(struct sftpd_writer *w, uint64_t value)
{
    sftpd_put_u32(w, (uint32_t)(value >> 32));
    sftpd_put_u32(w, (uint32_t)value);
}

void sftpd_put_string(struct sftpd_writer *w, const void *bytes, size_t length)
{
    if (length > UINT32_MAX) {
        w->error = -EMSGSIZE;
        return;
    }
    sftpd_put_u32(w, (uint32_t)length);
    uint8_t *at = put_bytes(w, length);
    if (at != NULL && length > 0) {
        memcpy(at, bytes, length);
    }
}

void sftpd_put_text(struct sftpd_writer *w, const char *text)
{
    sftpd_put_string(w, text, strlen(text));
}
