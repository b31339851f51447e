/* SPDX-License-Identifier: MIT */
/* What an errno value means to somebody who copies files, and the code it has on the wire. */
#ifndef FILE_REASON_H
#define FILE_REASON_H

#include <stddef.h>

#include <vsock-shell/file_message.h>

/* "no space left on the device", with the likely cure where there is one. error may have either
 * sign. Static or thread-local text. */
const char *file_reason(int error);

/* The code of a failed write or of anything else at the target. */
enum vsh_file_code file_target_code(int error);

/* "cannot ACT: REASON" into buf. Returns buf. */
const char *file_sentence(char *buf, size_t size, const char *act, int error);

/* Copies a peer's name for a sentence, control bytes and what is not ASCII shown as '?'. */
const char *file_show_name(char *buf, size_t size, const char *name, size_t length);

#endif
