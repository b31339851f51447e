/* SPDX-License-Identifier: MIT */
/*
 * Log lines: level, program, connection tag, text; to stderr, syslog(3) or as JSON lines on stderr.
 * Control characters and invalid bytes of the text are escaped, so a peer cannot forge lines. errno
 * survives every call.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_NOTICE,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG
};
enum log_target { LOG_TO_STDERR, LOG_TO_SYSLOG, LOG_TO_JSON };

/*
 * Sets where lines go from now on; before it, notices and worse go to stderr. May be called again.
 * With LOG_TO_SYSLOG libc holds a descriptor: who closes descriptors wholesale must exec next.
 */
void log_open(const char *program, enum log_target target, enum log_level level);

/*
 * Whole lines for standard error go to fn instead of write(2), for a program that must not wait for
 * it. NULL takes it back.
 */
typedef void log_writer_fn(void *data, const char *line, size_t length);
void log_set_writer(log_writer_fn *fn, void *data);

void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* "stderr", "syslog" or "json". Returns 0 or -EINVAL. */
int log_target_parse(const char *text, enum log_target *ret);

/* Set once in a connection's process: "native vsock:2:1023". Copied. NULL removes it. */
void log_set_tag(const char *tag);

#define LOG_FORMAT __attribute__((format(printf, 1, 2)))
LOG_FORMAT void log_error(const char *format, ...);
LOG_FORMAT void log_warning(const char *format, ...);
LOG_FORMAT void log_notice(const char *format, ...);
LOG_FORMAT void log_info(const char *format, ...);
LOG_FORMAT void log_debug(const char *format, ...);

/* A named value of a record. */
enum log_kind { LOG_KIND_TEXT, LOG_KIND_NUMBER, LOG_KIND_SECONDS, LOG_KIND_FLAG };
struct log_field {
    const char *name;
    enum log_kind kind;
    const char *text; /* TEXT: anybody's, escaped here; NULL = this field is left out */
    uint64_t number;  /* NUMBER; SECONDS in milliseconds; FLAG: 0 or 1 */
    bool json_only;   /* said otherwise in a line of text */
};

/*
 * A record: "word name=value ...", values quoted where they need it, or with LOG_TO_JSON a member
 * for each; without the tag. syslog gets it as LOG_AUTHPRIV. What does not fit a line is cut: the
 * field that may be long goes last.
 */
void log_record(enum log_level level, const char *word, const struct log_field *fields,
                size_t count);

/*
 * For impossible states and a program's own failures at start: logs and exits. die() exits 255
 * (client, proxy, session); the listener, once it runs, calls neither.
 */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);
__attribute__((noreturn, format(printf, 2, 3))) void die_status(int status, const char *format,
                                                                ...);

#endif
