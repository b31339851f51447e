/* SPDX-License-Identifier: MIT */
/* Every decoder of message.h behind one signature, for tests and fuzzers that run them all. */
#ifndef MESSAGE_DECODERS_H
#define MESSAGE_DECODERS_H

#include <vsock-shell/message.h>

typedef int decoder_fn(const struct vsh_message *message);

static inline int decode_hello(const struct vsh_message *message)
{
    struct vsh_hello ret;
    return vsh_get_hello(message, &ret);
}

static inline int decode_exec(const struct vsh_message *message)
{
    static struct vsh_exec ret;
    return vsh_get_exec(message, &ret);
}

static inline int decode_started(const struct vsh_message *message)
{
    uint32_t ret;
    return vsh_get_started(message, &ret);
}

static inline int decode_data(const struct vsh_message *message)
{
    struct vsh_data ret;
    return vsh_get_data(message, &ret);
}

static inline int decode_stream(const struct vsh_message *message)
{
    enum vsh_stream ret;
    return vsh_get_stream(message, &ret);
}

static inline int decode_window(const struct vsh_message *message)
{
    struct vsh_window ret;
    return vsh_get_window(message, &ret);
}

static inline int decode_winsize(const struct vsh_message *message)
{
    struct vsh_winsize ret;
    return vsh_get_winsize(message, &ret);
}

static inline int decode_signal(const struct vsh_message *message)
{
    const char *ret;
    return vsh_get_signal(message, &ret);
}

static inline int decode_exit(const struct vsh_message *message)
{
    struct vsh_exit ret;
    return vsh_get_exit(message, &ret);
}

static inline int decode_error(const struct vsh_message *message)
{
    struct vsh_error_message ret;
    return vsh_get_error(message, &ret);
}

static inline int decode_ping(const struct vsh_message *message)
{
    uint64_t ret;
    return vsh_get_ping(message, &ret);
}

static inline int decode_text(const struct vsh_message *message)
{
    const char *ret;
    return vsh_get_text(message, &ret);
}

static inline int decode_pair(const struct vsh_message *message)
{
    char source[VSH_V1_PAYLOAD_MAX];
    char destination[VSH_V1_PAYLOAD_MAX];
    return vsh_get_pair(message, source, destination);
}

#endif
