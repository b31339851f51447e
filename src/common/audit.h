/* SPDX-License-Identifier: MIT */
/*
 * The audit lines: one per connection and one per action, the same for both protocols, the same for
 * every log target. Who writes the line of an action knows how it ended; nothing is formatted
 * elsewhere.
 *
 * Order of calls: audit_begin() when the action begins, its other fields whenever they are known,
 * audit_log() once at its end.
 */
#ifndef COMMON_AUDIT_H
#define COMMON_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "log.h"

struct audit;
struct session_slot;

#define AUDIT_TEXT_MAX   1024 /* of a command or path, before it is escaped */
#define AUDIT_RESULT_MAX 300
#define AUDIT_COUNTS_MAX 3

/* The connection that an action belongs to; the texts are borrowed. */
struct audit_session {
    const char *peer;  /* as vsh_peer_format() says it */
    const char *mode;  /* "native", "ssh"; NULL = not known yet */
    const char *user;  /* NULL = nobody yet */
    const char *login; /* who the peer wants to be, as long as he is nobody; NULL = not said */
    unsigned refused;  /* attempts at that */
    int64_t started_ms;
    uint64_t actions;
    struct session_slot *slot;   /* where the listener can look; NULL = nobody does */
    uint32_t running;            /* actions that have begun and not ended */
    const struct audit *current; /* of these the last, while it runs */
};

struct audit {
    const char *action;    /* "exec"; one of our own words */
    const char *text_name; /* what text is: "command", "path", "target" */
    char text[AUDIT_TEXT_MAX];
    bool shown;      /* by audit_show() */
    bool is_process; /* then terminal says something */
    bool terminal;
    int64_t started_ms;
    uint64_t bytes_in, bytes_out; /* from and to the peer */
    struct {
        const char *name; /* NULL = none */
        uint64_t value;
    } counts[AUDIT_COUNTS_MAX];
};

/* How it ended; zeroed it is "ok". */
struct audit_result {
    char text[AUDIT_RESULT_MAX]; /* empty = "ok" */
    bool has_status;
    int status;         /* of a process that exited */
    const char *signal; /* that ended it, without "SIG"; NULL = none */
};

/* Starts the clock of an action. text (may be NULL) is copied and cut. */
void audit_begin(struct audit *audit, const char *action, const char *text_name, const char *text);

/* The text is a program and its arguments, those in quotes that a shell would need them around. */
void audit_words(struct audit *audit, const char *const *words, uint32_t count);

/*
 * Shows the action in --status as what the session does, until audit_log() of it; NULL: only who
 * the session is.
 */
void audit_show(struct audit_session *session, struct audit *audit);

/* Of a process: "exit 3", "signal 9 (KILL)". */
struct audit_result audit_exit(bool signalled, int code);
__attribute__((format(printf, 1, 2))) struct audit_result audit_because(const char *format, ...);

/* Writes the line, and counts the action unless it is a detail (LOG_LEVEL_INFO). */
void audit_log(enum log_level level, struct audit_session *session, const struct audit *audit,
               const struct audit_result *result);

/* The line of the connection itself, at its end; bytes are all that went over the wire. */
void audit_log_connection(enum log_level level, const struct audit_session *session,
                          uint64_t bytes_in, uint64_t bytes_out, const struct audit_result *result);

#endif
