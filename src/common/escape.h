/* SPDX-License-Identifier: MIT */
/*
 * Text from somewhere else, made harmless: control characters, invalid UTF-8 and the characters
 * that reorder or break a line come out as escapes, so that one text is one line and a terminal
 * shows it.
 */
#ifndef COMMON_ESCAPE_H
#define COMMON_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

/* A line under construction in the caller's memory; not NUL-terminated. */
struct escape_line {
    char *data;
    size_t size; /* what does not fit is dropped, never half a character or half an escape */
    size_t length;
    bool cut; /* something has been dropped */
};

void escape_raw(struct escape_line *line, const char *text); /* our own text, as it is */

/* C escapes (\n, \t, \\) and \xNN per byte: for people and for syslog. */
void escape_text(struct escape_line *line, const char *text);

/* As escape_text(), and \" for a quote: what stands between two quotes. */
void escape_quoted(struct escape_line *line, const char *text);

/* Inside a JSON string: \", \\ and \uNNNN; an invalid byte reads \xNN after decoding. */
void escape_json(struct escape_line *line, const char *text);

#endif
