/* SPDX-License-Identifier: MIT */
/* JSON lines of --json: one object per line, the member "event" first. */
#ifndef CLIENT_REPORT_JSON_H
#define CLIENT_REPORT_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/*
 * json_begin(), members, json_end() make one line, which json_end() flushes. Errors of the stream
 * are ignored: a reader that went away does not stop a copy. Text that is no UTF-8 has its bytes as
 * \xNN.
 */
void json_begin(FILE *out, const char *event);
void json_text(FILE *out, const char *name, const char *text);
void json_number(FILE *out, const char *name, uint64_t number);
void json_seconds(FILE *out, const char *name, int64_t ms);
void json_bool(FILE *out, const char *name, bool value);
void json_end(FILE *out);

#endif
