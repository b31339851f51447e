/* SPDX-License-Identifier: MIT */
/*
 * The one line that a hybrid-vsock multiplexer answers CONNECT with: "OK ", a decimal u32, "\n".
 * Fed byte by byte, because the byte behind the newline is already the guest's. Private to lib/.
 */
#ifndef LIB_MUX_REPLY_H
#define LIB_MUX_REPLY_H

#include <stdint.h>

struct mux_reply {
    unsigned length; /* bytes taken so far; never above "OK 4294967295\n" */
    uint32_t port;   /* the multiplexer's own port number, valid when the line is whole */
};

/* Starts as {0}. Returns 1 when byte was the newline, 0 to go on, -EBADMSG for another answer. */
int mux_reply_feed(struct mux_reply *reply, uint8_t byte);

#endif
