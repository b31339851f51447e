/* SPDX-License-Identifier: MIT */
/*
 * Fields of a record. A value that does not fit is cut inside its quotes, so that a line always
 * reads as its parser expects; a field without any room is left out whole.
 */
#include "log_fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "escape.h"
#include "log.h"

#define CUT "...\""

static bool is_plain(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_./:@%+,-=";
    return text[0] != '\0' && text[strspn(text, plain)] == '\0';
}

/* A text in quotes, cut with dots where the line ends. */
static void put_quoted(struct escape_line *line, const char *text,
                       void (*escape)(struct escape_line *line, const char *text))
{
    size_t size = line->size;

    escape_raw(line, "\"");
    line->size -= strlen(CUT);
    line->cut = false;
    escape(line, text);
    line->size = size;
    escape_raw(line, line->cut ? CUT : "\"");
}

static void number_text(const struct log_field *field, char *ret, size_t size)
{
    if (field->kind == LOG_KIND_SECONDS) {
        (void)snprintf(ret, size, "%" PRIu64 ".%03u", field->number / 1000,
                       (unsigned)(field->number % 1000));
    } else {
        (void)snprintf(ret, size, "%" PRIu64, field->number);
    }
}

/* False when nothing of the field can be shown. */
static bool put_name(struct escape_line *line, const char *before, const char *name,
                     const char *after)
{
    char text[64];
    int length = snprintf(text, sizeof(text), "%s%s%s", before, name, after);

    /* Room for a number, or for two quotes and dots. */
    if (length < 0 || line->size - line->length < (size_t)length + 32) {
        return false;
    }
    escape_raw(line, text);
    return true;
}

/* How records of one format are written. */
struct dialect {
    const char *before, *after; /* a field's name */
    const char *no, *yes;
    void (*put_text)(struct escape_line *line, const char *text);
    bool takes_all; /* also the fields that are for JSON only */
};

static void put_word_or_quoted(struct escape_line *line, const char *text)
{
    if (is_plain(text) && strlen(text) < line->size - line->length) {
        escape_raw(line, text);
    } else {
        put_quoted(line, text, escape_quoted);
    }
}

static void put_json_text(struct escape_line *line, const char *text)
{
    put_quoted(line, text, escape_json);
}

static const struct dialect words = {" ", "=", "no", "yes", put_word_or_quoted, false};
static const struct dialect json = {",\"", "\":", "false", "true", put_json_text, true};

static void put_value(const struct dialect *dialect, struct escape_line *line,
                      const struct log_field *field)
{
    char number[32];

    switch (field->kind) {
    case LOG_KIND_TEXT:
        dialect->put_text(line, field->text);
        break;
    case LOG_KIND_FLAG:
        escape_raw(line, field->number ? dialect->yes : dialect->no);
        break;
    case LOG_KIND_NUMBER:
    case LOG_KIND_SECONDS:
        number_text(field, number, sizeof(number));
        escape_raw(line, number);
        break;
    }
}

static void put_fields(const struct dialect *dialect, struct escape_line *line,
                       const struct log_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct log_field *field = &fields[i];
        bool absent = (field->json_only && !dialect->takes_all) ||
                      (field->kind == LOG_KIND_TEXT && !field->text);
        if (!absent && put_name(line, dialect->before, field->name, dialect->after)) {
            put_value(dialect, line, field);
        }
    }
}

void log_put_fields(struct escape_line *line, const struct log_field *fields, size_t count)
{
    put_fields(&words, line, fields, count);
}

void log_put_fields_json(struct escape_line *line, const struct log_field *fields, size_t count)
{
    put_fields(&json, line, fields, count);
}
