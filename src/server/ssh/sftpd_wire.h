/* SPDX-License-Identifier: MIT */
/*
 * SSH's own encoding (RFC 4251, big-endian) in and out of memory, with a sticky error: make all the
 * calls, look at .error once.
 */
#ifndef SERVER_SSH_SFTPD_WIRE_H
#define SERVER_SSH_SFTPD_WIRE_H

#include <stddef.h>
#include <stdint.h>

struct sftpd_reader {
    const uint8_t *data;
    size_t length;
    size_t offset;
    int error; /* 0, -EBADMSG (short, or a NUL in a text), -ENAMETOOLONG */
};

struct sftpd_writer {
    uint8_t *data;
    size_t capacity;
    size_t length;
    int error; /* 0 or -EMSGSIZE */
};

uint32_t sftpd_load_u32(const uint8_t *at);
void sftpd_store_u32(uint8_t *at, uint32_t value);

uint32_t sftpd_get_u32(struct sftpd_reader *r);
uint64_t sftpd_get_u64(struct sftpd_reader *r);
/* A counted string, borrowed from the packet; NULL on failure. */
const uint8_t *sftpd_get_string(struct sftpd_reader *r, size_t *ret_length);
/* A counted string as a C string in buf; buf is always NUL-terminated. */
void sftpd_get_text(struct sftpd_reader *r, char *buf, size_t size);

void sftpd_put_u32(struct sftpd_writer *w, uint32_t value);
void sftpd_put_u64(struct sftpd_writer *w, uint64_t value);
void sftpd_put_string(struct sftpd_writer *w, const void *bytes, size_t length);
void sftpd_put_text(struct sftpd_writer *w, const char *text);

#endif
