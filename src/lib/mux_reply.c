/* SPDX-License-Identifier: MIT */
/* The parser of the multiplexer's answer. */
#include "lib/mux_reply.h"

#include <errno.h>

int mux_reply_feed(struct mux_reply *reply, uint8_t byte)
{
    static const char prefix[] = "OK ";
    const unsigned prefix_length = sizeof(prefix) - 1;
    const unsigned digits_max = 10; /* of 4294967295 */
    unsigned at = reply->length++;
    if (at < prefix_length) {
        return byte == (uint8_t)prefix[at] ? 0 : -EBADMSG;
    }
    unsigned digits = at - prefix_length;
    if (byte == '\n' && digits > 0) {
        return 1;
    }
    if (byte < '0' || byte > '9' || digits >= digits_max) {
        return -EBADMSG;
    }
    uint64_t port = (uint64_t)reply->port * 10 + (byte - '0');
    if (port > UINT32_MAX) {
        return -EBADMSG;
    }
    reply->port = (uint32_t)port;
    return 0;
}
