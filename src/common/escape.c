/* SPDX-License-Identifier: MIT */
/* Escaping of foreign text: a strict UTF-8 reader and the two spellings of an escape. */
#include "escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static bool append(struct escape_line *line, const char *bytes, size_t length)
{
    if (length > line->size - line->length) {
        /* Nothing after a gap may be shown as if it followed. */
        line->size = line->length;
        line->cut = true;
        return false;
    }
    memcpy(line->data + line->length, bytes, length);
    line->length += length;
    return true;
}

void escape_raw(struct escape_line *line, const char *text)
{
    (void)append(line, text, strlen(text));
}

/*
 * Reads one character: its length in bytes, 0 when the bytes are no UTF-8 (overlong forms,
 * surrogates and numbers above U+10FFFF included). The NUL at the end stops every form.
 */
static size_t read_character(const unsigned char *s, uint32_t *ret)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

    for (size_t n = 0; n < sizeof(forms) / sizeof(forms[0]); n++) {
        if ((s[0] & forms[n].mask) != forms[n].lead) {
            continue;
        }
        uint32_t value = s[0] & (unsigned char)~forms[n].mask;
        for (size_t i = 1; i <= n; i++) {
            if ((s[i] & 0xc0) != 0x80) {
                return 0;
            }
            value = value << 6 | (s[i] & 0x3f);
        }
        *ret = value;
        bool surrogate = value >= 0xd800 && value <= 0xdfff;
        return value < forms[n].least || value > 0x10ffff || surrogate ? 0 : n + 1;
    }
    return 0;
}

/* Controls of C0 and C1, line separators, and the marks that turn the reading direction around. */
static bool is_hostile(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200e && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

static bool escape_bytes(struct escape_line *line, const char *prefix, const unsigned char *s,
                         size_t count)
{
    char text[40];
    size_t length = 0;

    for (size_t i = 0; i < count; i++) {
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%02x", prefix, s[i]);
    }
    return append(line, text, length);
}

/* named: pairs of a character and the letter behind its backslash. */
static void escape_named(struct escape_line *line, const char *text, const char *named,
                         size_t named_size)
{
    const unsigned char *s = (const unsigned char *)text;

    while (*s != '\0') {
        uint32_t c = 0;
        size_t n = read_character(s, &c);
        const char *name = n == 1 ? memchr(named, (int)c, named_size) : NULL;
        bool fits;

        if (name && (name - named) % 2 == 0) {
            const char pair[2] = {'\\', name[1]};
            fits = append(line, pair, sizeof(pair));
        } else if (n == 0 || is_hostile(c)) {
            n = n == 0 ? 1 : n;
            fits = escape_bytes(line, "\\x", s, n);
        } else {
            fits = append(line, (const char *)s, n);
        }
        if (!fits) {
            return;
        }
        s += n;
    }
}

void escape_text(struct escape_line *line, const char *text)
{
    static const char named[] = {'\n', 'n', '\t', 't', '\r', 'r', '\\', '\\'};
    escape_named(line, text, named, sizeof(named));
}

void escape_quoted(struct escape_line *line, const char *text)
{
    static const char named[] = {'\n', 'n', '\t', 't', '\r', 'r', '\\', '\\', '"', '"'};
    escape_named(line, text, named, sizeof(named));
}

void escape_json(struct escape_line *line, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;

    while (*s != '\0') {
        uint32_t c = 0;
        size_t n = read_character(s, &c);
        bool fits;

        if (n == 0) {
            n = 1;
            fits = escape_bytes(line, "\\\\x", s, n);
        } else if (c == '"' || c == '\\') {
            const char pair[2] = {'\\', (char)c};
            fits = append(line, pair, sizeof(pair));
        } else if (is_hostile(c)) {
            char number[16];
            (void)snprintf(number, sizeof(number), "\\u%04x", (unsigned)c);
            fits = append(line, number, strlen(number));
        } else {
            fits = append(line, (const char *)s, n);
        }
        if (!fits) {
            return;
        }
        s += n;
    }
}
