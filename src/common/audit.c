/* SPDX-License-Identifier: MIT */
/* One table of fields for every audit line; log.c gives it the target's shape. */
#include "audit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <vsock-shell/message.h>

#include "base/fd.h"
#include "session_slot.h"

#define FIELDS_MAX 24
#define DOTS       "..."

struct fields {
    struct log_field items[FIELDS_MAX];
    size_t count;
};

static void add(struct fields *fields, struct log_field field)
{
    if (fields->count < FIELDS_MAX) {
        fields->items[fields->count++] = field;
    }
}

static void add_text(struct fields *fields, const char *name, const char *text)
{
    add(fields, (struct log_field){.name = name, .kind = LOG_KIND_TEXT, .text = text});
}

static void add_number(struct fields *fields, const char *name, uint64_t number)
{
    add(fields, (struct log_field){.name = name, .kind = LOG_KIND_NUMBER, .number = number});
}

/* For programs, who should not have to take the peer's text apart. */
static void add_detail(struct fields *fields, const char *name, uint64_t number)
{
    add(fields, (struct log_field){
                    .name = name, .kind = LOG_KIND_NUMBER, .number = number, .json_only = true});
}

static void add_peer(struct fields *fields, const char *peer)
{
    unsigned first, second;

    add_text(fields, "peer", peer);
    if (sscanf(peer, "vsock:%u:%u", &first, &second) == 2) { /* NOLINT(cert-err34-c) */
        add_detail(fields, "cid", first);
        add_detail(fields, "port", second);
    } else if (sscanf(peer, "%*[a-z]:uid=%u:pid=%u", &first, &second) == 2) { /* NOLINT */
        add_detail(fields, "uid", first);
        add_detail(fields, "peer_pid", second);
    }
}

static void add_result(struct fields *fields, const struct audit_result *result)
{
    add_text(fields, "result", result->text[0] != '\0' ? result->text : "ok");
    if (result->has_status) {
        add_detail(fields, "exit_status", (uint64_t)result->status);
    }
    add(fields,
        (struct log_field){
            .name = "signal", .kind = LOG_KIND_TEXT, .text = result->signal, .json_only = true});
}

void audit_begin(struct audit *audit, const char *action, const char *text_name, const char *text)
{
    *audit = (struct audit){.action = action, .text_name = text_name, .started_ms = monotonic_ms()};
    if (text &&
        snprintf(audit->text, sizeof(audit->text), "%s", text) >= (int)sizeof(audit->text)) {
        memcpy(audit->text + sizeof(audit->text) - sizeof(DOTS), DOTS, sizeof(DOTS));
    }
}

/* True while there is room for more. */
static bool append(struct audit *audit, const char *bytes, size_t length)
{
    size_t used = strlen(audit->text);

    if (used + length + sizeof(DOTS) > sizeof(audit->text)) {
        memcpy(audit->text + used, DOTS, sizeof(DOTS));
        return false;
    }
    memcpy(audit->text + used, bytes, length);
    audit->text[used + length] = '\0';
    return true;
}

static bool append_word(struct audit *audit, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_./:@%+,-=";

    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        return append(audit, word, strlen(word));
    }
    bool room = append(audit, "'", 1);
    for (; room && *word != '\0'; word++) {
        room = *word == '\'' ? append(audit, "'\\''", 4) : append(audit, word, 1);
    }
    return room && append(audit, "'", 1);
}

void audit_words(struct audit *audit, const char *const *words, uint32_t count)
{
    bool room = true;

    audit->text[0] = '\0';
    for (uint32_t i = 0; room && i < count; i++) {
        room = (i == 0 || append(audit, " ", 1)) && append_word(audit, words[i]);
    }
}

struct audit_result audit_exit(bool signalled, int code)
{
    if (!signalled) {
        struct audit_result result = audit_because("exit %d", code);
        result.has_status = true;
        result.status = code;
        return result;
    }
    const char *name = vsh_signal_name(code);
    struct audit_result result = audit_because("signal %d (%s)", code, name ? name : "unknown");
    result.signal = name ? name : "unknown";
    return result;
}

struct audit_result audit_because(const char *format, ...)
{
    struct audit_result result = {0};
    va_list args;

    va_start(args, format);
    (void)vsnprintf(result.text, sizeof(result.text), format, args);
    va_end(args);
    return result;
}

static void show(const struct audit_session *session, const struct audit *audit)
{
    struct session_view view = {.running = session->running};
    const struct {
        char *to;
        size_t size;
        const char *from;
    } texts[] = {
        {view.mode, sizeof(view.mode), session->mode},
        {view.user, sizeof(view.user), session->user},
        {view.action, sizeof(view.action), audit ? audit->action : NULL},
        {view.text_name, sizeof(view.text_name), audit ? audit->text_name : NULL},
        {view.text, sizeof(view.text), audit ? audit->text : NULL},
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        (void)snprintf(texts[i].to, texts[i].size, "%s", texts[i].from ? texts[i].from : "");
    }
    session_slot_show(session->slot, &view);
}

void audit_show(struct audit_session *session, struct audit *audit)
{
    if (!session->slot) {
        return;
    }
    if (audit && !audit->shown) {
        audit->shown = true;
        session->running++;
        session->current = audit;
    }
    show(session, session->current);
}

static void write_line(enum log_level level, const struct audit_session *session,
                       const struct audit *audit, const struct audit_result *result)
{
    struct fields fields = {0};
    int64_t ms = monotonic_ms() - audit->started_ms;

    add_text(&fields, "action", audit->action);
    add_peer(&fields, session->peer);
    add_text(&fields, "mode", session->mode);
    add_text(&fields, "user", session->user);
    add_text(&fields, "login", session->user ? NULL : session->login);
    if (audit->is_process) {
        add(&fields,
            (struct log_field){.name = "tty", .kind = LOG_KIND_FLAG, .number = audit->terminal});
    }
    add_number(&fields, "in", audit->bytes_in);
    add_number(&fields, "out", audit->bytes_out);
    for (size_t i = 0; i < AUDIT_COUNTS_MAX && audit->counts[i].name; i++) {
        add_number(&fields, audit->counts[i].name, audit->counts[i].value);
    }
    add(&fields, (struct log_field){.name = "seconds",
                                    .kind = LOG_KIND_SECONDS,
                                    .number = ms > 0 ? (uint64_t)ms : 0});
    add_result(&fields, result);
    if (audit->text_name) {
        add_text(&fields, audit->text_name, audit->text);
    }
    log_record(level, "audit", fields.items, fields.count);
}

void audit_log(enum log_level level, struct audit_session *session, const struct audit *audit,
               const struct audit_result *result)
{
    if (audit->shown) {
        session->running--;
        session->current = session->current == audit ? NULL : session->current;
        show(session, session->current);
    }
    if (level > log_get_level()) {
        return;
    }
    session->actions += level <= LOG_LEVEL_NOTICE ? 1 : 0;
    write_line(level, session, audit, result);
}

void audit_log_connection(enum log_level level, const struct audit_session *session,
                          uint64_t bytes_in, uint64_t bytes_out, const struct audit_result *result)
{
    bool nobody = !session->user && session->login;
    const struct audit audit = {
        .action = "connection",
        .started_ms = session->started_ms,
        .bytes_in = bytes_in,
        .bytes_out = bytes_out,
        .counts = {{"actions", session->actions}, {nobody ? "refused" : NULL, session->refused}},
    };

    write_line(level, session, &audit, result);
    session_slot_told(session->slot);
}
