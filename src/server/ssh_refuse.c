/* SPDX-License-Identifier: MIT */
/*
 * Before any key exchange a packet is plain text: length, padding length, payload, padding. A
 * disconnect packet is a payload like any other, so the client shows its sentence.
 */
#include "server/ssh_refuse.h"

#include <string.h>

#include "base/fd.h"
#include "server/native/native_refuse.h"

#define SSH_MSG_DISCONNECT      1
#define SSH_DISCONNECT_BY_APP   11
#define SSH_DISCONNECT_TOO_MANY 12
#define SSH_BLOCK               8
#define SSH_PADDING_MIN         4
#define SSH_PACKET_HEADER       5 /* u32 length, u8 padding length */
#define SSH_DISCONNECT_FIXED_BYTES                                                                 \
    13 /* type, reason, length of the text, length of the language                                 \
        */

/* SSH's integers are big-endian, unlike our own wire's. */
static uint8_t *put_u32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
    return at + 4;
}

size_t ssh_refusal(uint8_t buf[SSH_REFUSAL_MAX], enum vsh_error_code code, const char *text)
{
    static const char version[] = "SSH-2.0-vsock-shell_" VSH_VERSION "\r\n";
    const size_t version_length = sizeof(version) - 1;
    size_t overhead = version_length + SSH_PACKET_HEADER + SSH_DISCONNECT_FIXED_BYTES +
                      SSH_PADDING_MIN + SSH_BLOCK;
    size_t length = strnlen(text, SSH_REFUSAL_MAX - overhead);
    size_t payload = SSH_DISCONNECT_FIXED_BYTES + length;
    size_t padding = SSH_BLOCK - (SSH_PACKET_HEADER + payload) % SSH_BLOCK;
    if (padding < SSH_PADDING_MIN) {
        padding += SSH_BLOCK;
    }

    memset(buf, 0, SSH_REFUSAL_MAX);
    memcpy(buf, version, version_length);
    uint8_t *at = put_u32(buf + version_length, (uint32_t)(1 + payload + padding));
    *at++ = (uint8_t)padding;
    *at++ = SSH_MSG_DISCONNECT;
    at = put_u32(at, code == VSH_ERROR_LIMIT ? SSH_DISCONNECT_TOO_MANY : SSH_DISCONNECT_BY_APP);
    at = put_u32(at, (uint32_t)length);
    memcpy(at, text, length);
    at = put_u32(at + length, 0);
    return (size_t)(at + padding - buf);
}

void ssh_refuse(int fd, enum vsh_error_code code, const char *text, int64_t deadline_ms)
{
    uint8_t bytes[SSH_REFUSAL_MAX];
    size_t length = ssh_refusal(bytes, code, text);
    if (fd_write_full(fd, bytes, length, deadline_ms) == 0) {
        refuse_linger(fd, deadline_ms);
    }
}
