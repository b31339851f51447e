/* SPDX-License-Identifier: MIT */
/*
 * Log lines. Owns the one piece of state that the whole program shares: where lines go, how many,
 * and under what name. What a text may do to a terminal or to the next line is escape.c's business.
 */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "escape.h"
#include "log_fields.h"

/* One write(2) of at most PIPE_BUF bytes: lines of several processes never mix in a pipe. */
#define LINE_MAX_BYTES 4096
#define TEXT_MAX_BYTES 3072

/* What is to be said: a text, or a word and its fields. */
struct line {
    enum log_level level;
    const char *text;
    const struct log_field *fields; /* NULL = a text of the connection, with its tag */
    size_t count;
};

struct log_state {
    char program[64];
    char tag[128];
    enum log_target target;
    enum log_level level;
    log_writer_fn *writer; /* NULL = write(2) */
    void *writer_data;
};

static struct log_state state = {
    .program = "vsock-shell",
    .target = LOG_TO_STDERR,
    .level = LOG_LEVEL_NOTICE,
};

/* A notice is what a person asked to see: it carries no level word on a terminal. */
static const struct {
    const char *prefix;
    const char *json;
    int priority;
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error: ", "error", LOG_ERR},
    [LOG_LEVEL_WARNING] = {"warning: ", "warning", LOG_WARNING},
    [LOG_LEVEL_NOTICE] = {"", "notice", LOG_NOTICE},
    [LOG_LEVEL_INFO] = {"info: ", "info", LOG_INFO},
    [LOG_LEVEL_DEBUG] = {"debug: ", "debug", LOG_DEBUG},
};

static void copy_text(char *to, size_t size, const char *from)
{
    (void)snprintf(to, size, "%s", from);
}

/* Blocking or not, a log line is worth one try: the program's work comes first. */
static void write_line(const char *line, size_t length)
{
    ssize_t n;

    if (state.writer) {
        state.writer(state.writer_data, line, length);
        return;
    }
    do {
        n = write(STDERR_FILENO, line, length);
    } while (n < 0 && errno == EINTR);
}

/* A terminal in raw mode (the client's) moves down on \n but not to the left. */
static const char *line_end(void)
{
    struct termios modes;

    return tcgetattr(STDERR_FILENO, &modes) == 0 && !(modes.c_oflag & OPOST) ? "\r\n" : "\n";
}

static void put_tag(struct escape_line *line, const struct line *what)
{
    if (state.tag[0] != '\0' && !what->fields) {
        escape_text(line, state.tag);
        escape_raw(line, ": ");
    }
}

static void emit_stderr(const struct line *what)
{
    char data[LINE_MAX_BYTES];
    struct escape_line line = {.data = data, .size = sizeof(data) - 2};

    escape_text(&line, state.program);
    if (state.tag[0] != '\0') {
        char pid[24];

        (void)snprintf(pid, sizeof(pid), "[%ld]", (long)getpid());
        escape_raw(&line, pid);
    }
    escape_raw(&line, ": ");
    escape_raw(&line, levels[what->level].prefix);
    put_tag(&line, what);
    escape_text(&line, what->text);
    log_put_fields(&line, what->fields, what->count);
    line.size = sizeof(data);
    escape_raw(&line, line_end());
    write_line(data, line.length);
}

/* One object per line; time in seconds since the epoch, as a number that jq can compare. */
static void emit_json(const struct line *what)
{
    char data[LINE_MAX_BYTES];
    char head[192];
    struct escape_line line = {.data = data, .size = sizeof(data) - 3};
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)snprintf(head, sizeof(head), "{\"time\":%lld.%06ld,\"level\":\"%s\",\"pid\":%ld",
                   (long long)now.tv_sec, now.tv_nsec / 1000, levels[what->level].json,
                   (long)getpid());
    escape_raw(&line, head);
    escape_raw(&line, ",\"program\":\"");
    escape_json(&line, state.program);
    if (state.tag[0] != '\0' && !what->fields) {
        escape_raw(&line, "\",\"connection\":\"");
        escape_json(&line, state.tag);
    }
    escape_raw(&line, "\",\"message\":\"");
    escape_json(&line, what->text);
    line.size = sizeof(data) - 2;
    escape_raw(&line, "\"");
    log_put_fields_json(&line, what->fields, what->count);
    line.size = sizeof(data);
    escape_raw(&line, "}\n");
    write_line(data, line.length);
}

/* syslog(3) reconnects by itself when its daemon was restarted. */
static void emit_syslog(const struct line *what)
{
    char data[LINE_MAX_BYTES];
    struct escape_line line = {.data = data, .size = sizeof(data) - 1};

    put_tag(&line, what);
    escape_text(&line, what->text);
    log_put_fields(&line, what->fields, what->count);
    data[line.length] = '\0';
    /* Records name commands and paths: they belong where sudo's go, which not everybody reads. */
    syslog(levels[what->level].priority | (what->fields ? LOG_AUTHPRIV : 0), "%s", data);
}

static const struct {
    const char *name;
    void (*emit)(const struct line *what);
} targets[] = {
    [LOG_TO_STDERR] = {"stderr", emit_stderr},
    [LOG_TO_SYSLOG] = {"syslog", emit_syslog},
    [LOG_TO_JSON] = {"json", emit_json},
};

void log_open(const char *program, enum log_target target, enum log_level level)
{
    int saved = errno;

    copy_text(state.program, sizeof(state.program), program);
    /* libc's connection to the daemon would stay open for nothing. */
    if (state.target == LOG_TO_SYSLOG) {
        closelog();
    }
    state.target = target;
    state.level = level;
    if (target == LOG_TO_SYSLOG) {
        /*
         * Connected by the first line, not now: a program closes what it inherited, and libc would
         * keep the number, write to whatever gets it next, and close that when it fails.
         */
        openlog(state.program, LOG_PID, LOG_DAEMON);
    }
    errno = saved;
}

void log_set_writer(log_writer_fn *fn, void *data)
{
    state.writer = fn;
    state.writer_data = data;
}

void log_set_level(enum log_level level)
{
    state.level = level;
}

enum log_level log_get_level(void)
{
    return state.level;
}

int log_target_parse(const char *text, enum log_target *ret)
{
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        if (strcmp(text, targets[i].name) == 0) {
            *ret = (enum log_target)i;
            return 0;
        }
    }
    return -EINVAL;
}

void log_set_tag(const char *tag)
{
    copy_text(state.tag, sizeof(state.tag), tag ? tag : "");
}

__attribute__((format(printf, 2, 0))) static void log_line(enum log_level level, const char *format,
                                                           va_list args)
{
    int saved = errno;
    char text[TEXT_MAX_BYTES];

    if (level > state.level) {
        return;
    }
    /* %m in a format must see the caller's errno: nothing may come before this call. */
    if (vsnprintf(text, sizeof(text), format, args) >= (int)sizeof(text)) {
        memcpy(text + sizeof(text) - 4, "...", 4);
    }
    targets[state.target].emit(&(struct line){.level = level, .text = text});
    errno = saved;
}

void log_record(enum log_level level, const char *word, const struct log_field *fields,
                size_t count)
{
    int saved = errno;

    if (level <= state.level) {
        targets[state.target].emit(&(struct line){level, word, fields, count});
    }
    errno = saved;
}

/* The five verbs differ in their level only. */
#define LOG_VERB(verb, level)                                                                      \
    void verb(const char *format, ...)                                                             \
    {                                                                                              \
        va_list args;                                                                              \
                                                                                                   \
        va_start(args, format);                                                                    \
        log_line(level, format, args);                                                             \
        va_end(args);                                                                              \
    }

LOG_VERB(log_error, LOG_LEVEL_ERROR)
LOG_VERB(log_warning, LOG_LEVEL_WARNING)
LOG_VERB(log_notice, LOG_LEVEL_NOTICE)
LOG_VERB(log_info, LOG_LEVEL_INFO)
LOG_VERB(log_debug, LOG_LEVEL_DEBUG)

void die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line(LOG_LEVEL_ERROR, format, args);
    va_end(args);
    exit(255);
}

void die_status(int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line(LOG_LEVEL_ERROR, format, args);
    va_end(args);
    exit(status);
}
