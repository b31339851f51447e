/* SPDX-License-Identifier: MIT */
/* The spelling of a JSON line; what is told is report.c's. */
#include "report_json.h"

#include "common/escape.h"
#include "file/events.h"

/* The longest text is a path, and an escape takes six bytes. */
#define TEXT_SIZE ((VSH_FILE_PATH_MAX + 1) * 6)

void json_begin(FILE *out, const char *event)
{
    (void)fprintf(out, "{\"event\":\"%s\"", event);
}

void json_text(FILE *out, const char *name, const char *text)
{
    char data[TEXT_SIZE];
    struct escape_line line = {.data = data, .size = sizeof(data)};

    escape_json(&line, text);
    (void)fprintf(out, ",\"%s\":\"%.*s\"", name, (int)line.length, data);
}

void json_number(FILE *out, const char *name, uint64_t number)
{
    (void)fprintf(out, ",\"%s\":%llu", name, (unsigned long long)number);
}

void json_seconds(FILE *out, const char *name, int64_t ms)
{
    (void)fprintf(out, ",\"%s\":%lld.%03d", name, (long long)(ms / 1000), (int)(ms % 1000));
}

void json_bool(FILE *out, const char *name, bool value)
{
    (void)fprintf(out, ",\"%s\":%s", name, value ? "true" : "false");
}

void json_end(FILE *out)
{
    (void)fputs("}\n", out);
    (void)fflush(out);
}
