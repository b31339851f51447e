/* SPDX-License-Identifier: MIT */
/* What the files message*.c share: a reader over a message's payload, and the question at its end.
 */
#ifndef LIB_MESSAGE_WIRE_H
#define LIB_MESSAGE_WIRE_H

#include <stdbool.h>
#include <string.h>

#include <vsock-shell/error.h>
#include <vsock-shell/message.h>

#include "base/wire.h"

#define SIGNAL_NAME_MAX 16u /* bytes of a signal's name on the wire, with the NUL */

static inline struct wire_reader message_reader(const struct vsh_message *message)
{
    return (struct wire_reader){.data = message->payload, .length = message->length};
}

/* For payloads of a fixed form: whole, and nothing left over. */
static inline int message_end(const struct wire_reader *r)
{
    return r->failed || r->offset != r->length ? VSH_E_MALFORMED : 0;
}

/* A field that the decoder does not know: an older reader may skip it unless it is required. */
static inline int message_unknown_field(const struct wire_field *field)
{
    return field->tag & WIRE_REQUIRED ? VSH_E_MALFORMED : 0;
}

/* Takes a text field that may come once; *seen is the decoder's own note. */
static inline int message_text_once(const struct wire_field *field, bool *seen, const char **ret)
{
    if (*seen) {
        return VSH_E_MALFORMED;
    }
    *seen = true;
    return wire_field_string(field, ret) < 0 ? VSH_E_MALFORMED : 0;
}

static inline const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

/* Bytes that a text takes as a tagged field. */
static inline size_t text_field_size(const char *text)
{
    return WIRE_FIELD_HEADER + strlen(text) + 1;
}

/* Capital letters, digits and "+-", as KILL and RTMIN+3: safe to print, short enough to send. */
bool message_signal_form(const char *name);

#endif
