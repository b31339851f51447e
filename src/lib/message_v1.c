/* SPDX-License-Identifier: MIT */
/*
 * Texts of version 1, as the deployed program speaks it: NUL-terminated, at most one v1 frame, two
 * names parted by the one blank between them.
 */
#include <vsock-shell/message.h>

#include "lib/message_wire.h"

int vsh_put_text(struct vsh_queue *queue, uint32_t type, const char *text)
{
    size_t length = strlen(text) + 1;

    if (length > VSH_V1_PAYLOAD_MAX) {
        return VSH_E_TOO_BIG;
    }
    return vsh_queue_put(queue, type, text, length);
}

int vsh_get_text(const struct vsh_message *message, const char **ret_text)
{
    const char *text = (const char *)message->payload;

    if (message->length == 0 || message->length > VSH_V1_PAYLOAD_MAX ||
        memchr(text, '\0', message->length) != text + message->length - 1) {
        return VSH_E_MALFORMED;
    }
    *ret_text = text;
    return 0;
}

static bool name_is_valid(const char *name)
{
    return name[0] != '\0' && !strchr(name, ' ');
}

int vsh_put_pair(struct vsh_queue *queue, uint32_t type, const char *source,
                 const char *destination)
{
    char text[VSH_V1_PAYLOAD_MAX];
    size_t source_length = strlen(source);
    size_t destination_length = strlen(destination);

    if (!name_is_valid(source) || !name_is_valid(destination)) {
        return -EINVAL;
    }
    if (source_length >= sizeof(text) || destination_length >= sizeof(text) ||
        source_length + destination_length + 2 > sizeof(text)) {
        return VSH_E_TOO_BIG;
    }
    memcpy(text, source, source_length);
    text[source_length] = ' ';
    memcpy(text + source_length + 1, destination, destination_length + 1);
    return vsh_queue_put(queue, type, text, source_length + destination_length + 2);
}

int vsh_get_pair(const struct vsh_message *message, char *source, char *destination)
{
    const char *text;

    if (vsh_get_text(message, &text) < 0) {
        return VSH_E_MALFORMED;
    }

    const char *blank = strchr(text, ' ');
    if (!blank || blank == text || !name_is_valid(blank + 1)) {
        return VSH_E_MALFORMED;
    }

    size_t source_length = (size_t)(blank - text);
    memcpy(source, text, source_length);
    source[source_length] = '\0';
    memcpy(destination, blank + 1, message->length - source_length - 1);
    return 0;
}
