/* SPDX-License-Identifier: MIT */
/* Saying no to an SSH client so that it prints the sentence: no library, no keys. */
#ifndef SERVER_SSH_REFUSE_H
#define SERVER_SSH_REFUSE_H

#include <stddef.h>
#include <stdint.h>

#include <vsock-shell/protocol.h>

#define SSH_REFUSAL_MAX 512

/*
 * Writes our version line and an unencrypted SSH_MSG_DISCONNECT (RFC 4253 section 11.1) with text
 * into buf; a text that does not fit is cut. Returns the number of bytes.
 */
size_t ssh_refusal(uint8_t buf[SSH_REFUSAL_MAX], enum vsh_error_code code, const char *text);

/* Sends it and waits until the peer has closed, both within the deadline. Blocks. */
void ssh_refuse(int fd, enum vsh_error_code code, const char *text, int64_t deadline_ms);

#endif
