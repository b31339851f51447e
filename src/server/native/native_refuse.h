/* SPDX-License-Identifier: MIT */
/* Saying no to a native client, in the version that it speaks. */
#ifndef SERVER_NATIVE_REFUSE_H
#define SERVER_NATIVE_REFUSE_H

#include <stdint.h>

#include <vsock-shell/protocol.h>

/*
 * Reads the first frame's header to learn the version, says the sentence (v2: HELLO and ERROR; v1:
 * PTY_DATA and CLIENT_END) and waits until the peer has closed. A peer that does not get as far as
 * a header by the deadline is spoken to in v2. Blocks up to the deadline and no longer.
 */
void native_refuse(int fd, enum vsh_error_code code, const char *text, int64_t deadline_ms);

/* The same for a server that serves SSH alone: HELLO says so, for those who list. */
void native_refuse_to_ssh(int fd, const char *text, int64_t deadline_ms);

/*
 * Reads and drops what the peer still sends until it closes or the deadline has come. Closing with
 * unread bytes would reset the stream, and the reset may overtake the sentence.
 */
void refuse_linger(int fd, int64_t deadline_ms);

#endif
