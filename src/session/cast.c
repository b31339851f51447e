/* SPDX-License-Identifier: MIT */
/*
 * Lines of asciicast v2. Owns the splitting of a byte stream at the boundaries of UTF-8 characters
 * and the escapes of JSON.
 */
#include "cast.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* By the first byte: how many bytes a character has, and what the second may be. */
static const struct form {
    uint8_t first, last;
    uint8_t length;
    uint8_t second_min, second_max;
} forms[] = {
    {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf}, {0xe1, 0xec, 3, 0x80, 0xbf},
    {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf}, {0xf0, 0xf0, 4, 0x90, 0xbf},
    {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

static const struct form *find_form(uint8_t first)
{
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (first >= forms[i].first && first <= forms[i].last) {
            return &forms[i];
        }
    }
    return NULL;
}

static void append(struct cast_line *line, const void *bytes, size_t length)
{
    if (length <= line->size - line->length) {
        memcpy(line->data + line->length, bytes, length);
        line->length += length;
    }
}

static void append_text(struct cast_line *line, const char *text)
{
    append(line, text, strlen(text));
}

static bool is_plain(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

static void put_ascii(struct cast_line *line, uint8_t byte)
{
    static const char named[] = "\"\"\\\\\nn\rr\tt";
    char text[8] = {(char)byte};

    for (size_t i = 0; i + 1 < sizeof(named); i += 2) {
        if ((uint8_t)named[i] == byte) {
            text[0] = '\\';
            text[1] = named[i + 1];
        }
    }
    if (text[0] != '\\' && !is_plain(byte)) {
        (void)snprintf(text, sizeof(text), "\\u%04x", byte);
    }
    append_text(line, text);
}

/* Does byte continue the character that has begun? */
static bool continues(const struct cast *cast, const struct form *form, uint8_t byte)
{
    if (cast->length == 1) {
        return byte >= form->second_min && byte <= form->second_max;
    }
    return (byte & 0xc0) == 0x80;
}

static void put_byte(struct cast *cast, struct cast_line *line, uint8_t byte)
{
    if (cast->length > 0) {
        const struct form *form = find_form(cast->partial[0]);
        if (continues(cast, form, byte)) {
            cast->partial[cast->length++] = byte;
            if (cast->length == form->length) {
                append(line, cast->partial, cast->length);
                cast->length = 0;
            }
            return;
        }
        append_text(line, REPLACEMENT);
        cast->length = 0;
    }
    if (byte < 0x80) {
        put_ascii(line, byte);
    } else if (find_form(byte)) {
        cast->partial[cast->length++] = byte;
    } else {
        append_text(line, REPLACEMENT);
    }
}

static void put_bytes(struct cast *cast, struct cast_line *line, const uint8_t *bytes,
                      size_t length)
{
    size_t i = 0;

    while (i < length) {
        size_t run = 0;
        while (cast->length == 0 && i + run < length && is_plain(bytes[i + run])) {
            run++;
        }
        if (run > 0) {
            append(line, bytes + i, run);
            i += run;
        } else {
            put_byte(cast, line, bytes[i++]);
        }
    }
}

static void put_string(struct cast_line *line, const char *name, const char *text)
{
    struct cast cast = {0};

    append_text(line, "\"");
    append_text(line, name);
    append_text(line, "\": \"");
    put_bytes(&cast, line, (const uint8_t *)text, strlen(text));
    if (cast.length > 0) {
        append_text(line, REPLACEMENT);
    }
    append_text(line, "\"");
}

void cast_put_header(struct cast_line *line, const struct cast_header *header)
{
    char text[128];

    (void)snprintf(text, sizeof(text),
                   "{\"version\": 2, \"width\": %u, \"height\": %u, \"timestamp\": %lld, ",
                   header->columns, header->rows, (long long)header->time);
    append_text(line, text);
    put_string(line, "title", header->title);
    append_text(line, ", ");
    if (header->command && header->command[0] != '\0') {
        put_string(line, "command", header->command);
        append_text(line, ", ");
    }
    append_text(line, "\"env\": {");
    put_string(line, "SHELL", header->shell);
    append_text(line, ", ");
    put_string(line, "TERM", header->term);
    append_text(line, "}}\n");
}

static void begin_event(struct cast_line *line, int64_t us, const char *code)
{
    char text[64];

    (void)snprintf(text, sizeof(text), "[%lld.%06d, \"%s\", \"", (long long)(us / 1000000),
                   (int)(us % 1000000), code);
    append_text(line, text);
}

void cast_put_output(struct cast *cast, struct cast_line *line, int64_t us, const void *bytes,
                     size_t length)
{
    size_t before = line->length;

    begin_event(line, us, "o");
    size_t empty = line->length;
    put_bytes(cast, line, bytes, length);
    if (line->length == empty) {
        line->length = before;
        return;
    }
    append_text(line, "\"]\n");
}

void cast_put_end(struct cast *cast, struct cast_line *line, int64_t us)
{
    if (cast->length == 0) {
        return;
    }
    cast->length = 0;
    begin_event(line, us, "o");
    append_text(line, REPLACEMENT "\"]\n");
}

void cast_put_resize(struct cast_line *line, int64_t us, unsigned columns, unsigned rows)
{
    char text[64];

    begin_event(line, us, "r");
    (void)snprintf(text, sizeof(text), "%ux%u\"]\n", columns, rows);
    append_text(line, text);
}
