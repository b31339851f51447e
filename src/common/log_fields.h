/* SPDX-License-Identifier: MIT */
/* Inside of the log: the fields of a record in a line of text and in a JSON object. */
#ifndef COMMON_LOG_FIELDS_H
#define COMMON_LOG_FIELDS_H

#include <stddef.h>

struct escape_line;
struct log_field;

/* " name=value" each; a text that is not one plain word stands in quotes. */
void log_put_fields(struct escape_line *line, const struct log_field *fields, size_t count);

/* ",\"name\":value" each. */
void log_put_fields_json(struct escape_line *line, const struct log_field *fields, size_t count);

#endif
