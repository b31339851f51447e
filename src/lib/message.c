/* SPDX-License-Identifier: MIT */
/*
 * Payloads that frame a session: HELLO, STARTED, EXIT, ERROR, END, PING. What may grow later is
 * tagged fields behind a fixed part; everything else has one exact length. The byte tables are in
 * PROTOCOL.md.
 */
#include <vsock-shell/message.h>

#include "lib/message_wire.h"

enum hello_field { HELLO_SOFTWARE = 1 };
enum exit_field { EXIT_SIGNAL = 1 };
enum error_field { ERROR_TEXT = 1 };

#define EXIT_FLAG_SIGNALLED 0x1u
#define EXIT_FLAG_CORE      0x2u
#define EXIT_SIGNAL_LIMIT   127u /* 128+N must stay a byte */

#define HELLO_FIXED         10u
#define SOFTWARE_MAX        128u  /* bytes of the software text sent, the NUL included */
#define ERROR_TEXT_LIMIT    2048u /* the same of an error's sentence */

/* Copies a text for the wire and cuts it at a whole UTF-8 character if it is too long. */
static const char *cut_text(const char *text, char *buf, size_t size)
{
    size_t length = strnlen(text_or_empty(text), size);

    if (length == size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) {
            length--;
        }
    }
    memcpy(buf, text_or_empty(text), length);
    buf[length] = '\0';
    return buf;
}

int vsh_put_hello(struct vsh_queue *queue, const struct vsh_hello *hello)
{
    char software[SOFTWARE_MAX];
    uint8_t payload[HELLO_FIXED + WIRE_FIELD_HEADER + SOFTWARE_MAX];
    struct wire_writer w = {.data = payload, .capacity = sizeof(payload)};

    wire_put_u16(&w, hello->version);
    wire_put_u32(&w, hello->features);
    wire_put_u32(&w, hello->max_payload);
    wire_put_field_string(&w, HELLO_SOFTWARE,
                          cut_text(hello->software, software, sizeof(software)));
    return w.failed ? -EINVAL : vsh_queue_put(queue, VSH_V2_HELLO, payload, w.length);
}

/* The fields behind a fixed part that has one of its own to offer: a text. */
static int get_text_field(struct wire_reader *r, uint16_t tag, const char **ret)
{
    struct wire_field field;
    bool seen = false;
    int rc;

    while ((rc = wire_get_field(r, &field)) > 0) {
        rc = (field.tag & ~WIRE_REQUIRED) == tag ? message_text_once(&field, &seen, ret)
                                                 : message_unknown_field(&field);
        if (rc < 0) {
            return rc;
        }
    }
    return rc < 0 ? VSH_E_MALFORMED : 0;
}

int vsh_get_hello(const struct vsh_message *message, struct vsh_hello *ret)
{
    struct wire_reader r = message_reader(message);

    *ret = (struct vsh_hello){.software = ""};
    ret->version = wire_get_u16(&r);
    ret->features = wire_get_u32(&r);
    ret->max_payload = wire_get_u32(&r);
    if (r.failed || ret->version < VSH_V2_VERSION || ret->max_payload < VSH_V1_PAYLOAD_MAX) {
        return VSH_E_MALFORMED;
    }
    return get_text_field(&r, HELLO_SOFTWARE, &ret->software);
}

int vsh_put_started(struct vsh_queue *queue, uint32_t pid)
{
    uint8_t payload[4];

    wire_store_u32(payload, pid);
    return vsh_queue_put(queue, VSH_V2_STARTED, payload, sizeof(payload));
}

int vsh_get_started(const struct vsh_message *message, uint32_t *ret_pid)
{
    struct wire_reader r = message_reader(message);

    *ret_pid = wire_get_u32(&r);
    return message_end(&r);
}

static bool exit_is_valid(const struct vsh_exit *status)
{
    if (!status->signalled) {
        return !status->core_dumped && status->code <= 255 && status->signal[0] == '\0';
    }
    return status->code >= 1 && status->code <= EXIT_SIGNAL_LIMIT &&
           (status->signal[0] == '\0' || message_signal_form(status->signal));
}

int vsh_put_exit(struct vsh_queue *queue, const struct vsh_exit *status)
{
    struct vsh_exit value = *status;
    uint8_t payload[8 + WIRE_FIELD_HEADER + SIGNAL_NAME_MAX];
    struct wire_writer w = {.data = payload, .capacity = sizeof(payload)};

    value.signal = text_or_empty(value.signal);
    if (!exit_is_valid(&value)) {
        return -EINVAL;
    }
    wire_put_u32(&w, (value.signalled ? EXIT_FLAG_SIGNALLED : 0) |
                         (value.core_dumped ? EXIT_FLAG_CORE : 0));
    wire_put_u32(&w, value.code);
    if (value.signal[0]) {
        wire_put_field_string(&w, EXIT_SIGNAL, value.signal);
    }
    return w.failed ? -EINVAL : vsh_queue_put(queue, VSH_V2_EXIT, payload, w.length);
}

int vsh_get_exit(const struct vsh_message *message, struct vsh_exit *ret)
{
    struct wire_reader r = message_reader(message);
    struct wire_field field;
    bool signal_seen = false;
    uint32_t flags = wire_get_u32(&r);
    int rc;

    *ret = (struct vsh_exit){
        .signalled = flags & EXIT_FLAG_SIGNALLED,
        .core_dumped = flags & EXIT_FLAG_CORE,
        .code = wire_get_u32(&r),
        .signal = "",
    };
    if (r.failed || flags & ~(EXIT_FLAG_SIGNALLED | EXIT_FLAG_CORE)) {
        return VSH_E_MALFORMED;
    }
    while ((rc = wire_get_field(&r, &field)) > 0) {
        rc = (field.tag & ~WIRE_REQUIRED) == EXIT_SIGNAL
                 ? message_text_once(&field, &signal_seen, &ret->signal)
                 : message_unknown_field(&field);
        if (rc < 0) {
            return rc;
        }
    }
    return rc < 0 || !exit_is_valid(ret) ? VSH_E_MALFORMED : 0;
}

int vsh_put_error(struct vsh_queue *queue, uint32_t code, const char *text)
{
    char sentence[ERROR_TEXT_LIMIT];
    uint8_t payload[4 + WIRE_FIELD_HEADER + ERROR_TEXT_LIMIT];
    struct wire_writer w = {.data = payload, .capacity = sizeof(payload)};

    wire_put_u32(&w, code);
    wire_put_field_string(&w, ERROR_TEXT, cut_text(text, sentence, sizeof(sentence)));
    return w.failed ? -EINVAL : vsh_queue_put(queue, VSH_V2_ERROR, payload, w.length);
}

int vsh_get_error(const struct vsh_message *message, struct vsh_error_message *ret)
{
    struct wire_reader r = message_reader(message);

    *ret = (struct vsh_error_message){.code = wire_get_u32(&r), .text = ""};
    if (r.failed) {
        return VSH_E_MALFORMED;
    }
    return get_text_field(&r, ERROR_TEXT, &ret->text);
}

int vsh_put_end(struct vsh_queue *queue)
{
    return vsh_queue_put(queue, VSH_V2_END, NULL, 0);
}

int vsh_put_ping(struct vsh_queue *queue, uint32_t type, uint64_t token)
{
    uint8_t payload[8];
    struct wire_writer w = {.data = payload, .capacity = sizeof(payload)};

    wire_put_u64(&w, token);
    return vsh_queue_put(queue, type, payload, sizeof(payload));
}

int vsh_get_ping(const struct vsh_message *message, uint64_t *ret_token)
{
    struct wire_reader r = message_reader(message);

    *ret_token = wire_get_u64(&r);
    return message_end(&r);
}
