/* SPDX-License-Identifier: MIT */
/*
 * A snapshot of the sessions as a table or as JSON. Every text of a slot is the peer's: it is
 * escaped wherever it goes.
 */
#include "server/status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vsock-shell/transport.h>

#include "base/fd.h"
#include "common/audit.h"
#include "common/escape.h"
#include "common/log.h"
#include "common/session_slot.h"
#include "server/children.h"
#include "server/config.h"
#include "server/listener_internal.h"
#include "server/server.h"

#define SHOWN_MAX      4096 /* sessions; the answer is made in one piece, in memory */
#define LINE_MAX_BYTES 2048

/* One session, as both shapes show it. */
struct row {
    int pid;
    char peer[VSH_PEER_MAX];
    int64_t ms;
    struct session_view view;
};

static void fill_row(const struct child *child, int64_t now, struct row *ret)
{
    *ret = (struct row){.pid = (int)child->pid, .ms = now - child->started_ms};
    (void)vsh_peer_format(&child->peer, ret->peer, sizeof(ret->peer));
    if (child->slot) {
        session_slot_read(child->slot, &ret->view);
    }
}

static void put_json(FILE *out, const char *name, const char *text, bool first)
{
    char data[LINE_MAX_BYTES];
    struct escape_line line = {.data = data, .size = sizeof(data)};
    escape_json(&line, text);
    (void)fprintf(out, "%s\"%s\":\"%.*s\"", first ? "" : ",", name, (int)line.length, data);
}

static void put_text(FILE *out, const char *text, int width)
{
    char data[LINE_MAX_BYTES];
    struct escape_line line = {.data = data, .size = sizeof(data)};
    escape_text(&line, text[0] != '\0' ? text : "-");
    (void)fprintf(out, "%-*.*s", width, (int)line.length, data);
}

static void print_json(FILE *out, const struct row *row, bool first)
{
    const struct session_view *view = &row->view;
    (void)fprintf(out,
                  "%s{\"pid\":%d,\"seconds\":%" PRId64 ".%03d,\"in\":%" PRIu64 ",\"out\":%" PRIu64
                  ",\"running\":%u",
                  first ? "" : ",", row->pid, row->ms / 1000, (int)(row->ms % 1000), view->bytes_in,
                  view->bytes_out, view->running);
    put_json(out, "peer", row->peer, false);
    put_json(out, "mode", view->mode, false);
    put_json(out, "user", view->user, false);
    put_json(out, "action", view->action, false);
    put_json(out, "text", view->text, false);
    (void)fputs("}", out);
}

/* "1234", "12K", "3.4M": five columns at most. */
static const char *bytes_text(uint64_t bytes, char text[16])
{
    static const char units[] = "KMGTPE";
    double value = (double)bytes;
    size_t unit = 0;
    if (bytes < 10000) {
        (void)snprintf(text, 16, "%" PRIu64, bytes);
        return text;
    }
    for (value /= 1024; value >= 1000 && units[unit + 1] != '\0'; unit++) {
        value /= 1024;
    }
    (void)snprintf(text, 16, value < 10 ? "%.1f%c" : "%.0f%c", value, units[unit]);
    return text;
}

static const char *age_text(int64_t ms, char text[32])
{
    int64_t s = ms / 1000;
    (void)snprintf(text, 32, "%" PRId64 ":%02d:%02d", s / 3600, (int)(s / 60 % 60), (int)(s % 60));
    return text;
}

static void print_text(FILE *out, const struct row *row)
{
    const struct session_view *view = &row->view;
    char age[32], in[16], sent[16];
    (void)fprintf(out, "%7d %9s %6s %6s ", row->pid, age_text(row->ms, age),
                  bytes_text(view->bytes_in, in), bytes_text(view->bytes_out, sent));
    put_text(out, view->mode, 7);
    put_text(out, view->user, 11);
    put_text(out, row->peer, 25);
    (void)fputc(' ', out);
    put_text(out, view->action, 0);
    if (view->text[0] != '\0') {
        (void)fputc(' ', out);
        put_text(out, view->text, 0);
    }
    if (view->running > 1) {
        (void)fprintf(out, " (%u at once)", view->running);
    }
    (void)fputc('\n', out);
}

static void print_head(FILE *out, const struct listener *listener, bool json, int64_t now)
{
    const struct config *config = listener->server->config;
    int64_t ms = now - listener->started_ms;
    char age[32];
    if (json) {
        (void)fprintf(out,
                      "{\"version\":\"" VSH_VERSION "\",\"pid\":%d,\"seconds\":%" PRId64
                      ".%03d,\"max_sessions\":%u,\"stopping\":%s,\"sessions\":[",
                      (int)getpid(), ms / 1000, (int)(ms % 1000), config->max_sessions,
                      listener->stopping ? "true" : "false");
        return;
    }
    (void)fprintf(out, SERVER_PROGRAM " " VSH_VERSION ", process %d, up %s, %zu of %u sessions%s\n",
                  (int)getpid(), age_text(ms, age), children_sessions(&listener->children),
                  config->max_sessions, listener->stopping ? ", stopping" : "");
    if (children_sessions(&listener->children) > 0) {
        (void)fprintf(out, "%7s %9s %6s %6s %-7s%-11s%-25s %s\n", "PID", "AGE", "IN", "OUT", "MODE",
                      "USER", "PEER", "ACTION");
    }
}

static void print_sessions(FILE *out, const struct listener *listener, bool json, int64_t now)
{
    const struct children *children = &listener->children;
    size_t shown = 0;
    for (size_t i = 0; i < children->count && shown < SHOWN_MAX; i++) {
        struct row row;
        if (children->items[i].refusal) {
            continue;
        }
        fill_row(&children->items[i], now, &row);
        if (json) {
            print_json(out, &row, shown == 0);
        } else {
            print_text(out, &row);
        }
        shown++;
    }
    if (json) {
        (void)fprintf(out, "],\"more\":%zu}\n", children_sessions(children) - shown);
    } else if (shown < children_sessions(children)) {
        (void)fprintf(out, "and %zu more\n", children_sessions(children) - shown);
    }
}

int status_answer(void *data, bool json, char **ret, size_t *ret_length)
{
    const struct listener *listener = data;
    int64_t now = monotonic_ms();
    FILE *out = open_memstream(ret, ret_length);
    if (!out) {
        return -ENOMEM;
    }
    print_head(out, listener, json, now);
    print_sessions(out, listener, json, now);
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(*ret);
        *ret = NULL;
        return -ENOMEM;
    }
    return 0;
}

/* A name of a field is ours, whatever the slot says. */
static const char *known_name(const char *name)
{
    static const char *const names[] = {"command", "path", "target"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) == 0) {
            return names[i];
        }
    }
    return NULL;
}

/* The session was cut off: what it would have written, as far as we know it. */
static void audit_for(const struct child *child, const struct audit_result *result)
{
    struct session_view view = {0};
    struct audit audit;
    char peer[VSH_PEER_MAX];
    if (child->slot) {
        session_slot_read(child->slot, &view);
    }
    if (view.told) {
        return;
    }
    struct audit_session session = {
        .peer = vsh_peer_format(&child->peer, peer, sizeof(peer)),
        .mode = view.mode[0] != '\0' ? view.mode : NULL,
        .user = view.user[0] != '\0' ? view.user : NULL,
        .started_ms = child->started_ms,
    };
    if (view.action[0] != '\0') {
        audit_begin(&audit, view.action, known_name(view.text_name), view.text);
        audit.started_ms = child->started_ms;
        audit_log(LOG_LEVEL_NOTICE, &session, &audit, result);
    }
    audit_log_connection(LOG_LEVEL_NOTICE, &session, view.bytes_in, view.bytes_out, result);
}

void status_child_ended(const struct child *child, int status)
{
    char text[VSH_PEER_MAX];
    if (WIFSIGNALED(status)) {
        log_warning("the process %d of %s was ended by signal %d (%s)", (int)child->pid,
                    vsh_peer_format(&child->peer, text, sizeof(text)), WTERMSIG(status),
                    strsignal(WTERMSIG(status)));
    }
    if (child->refusal) {
        return;
    }
    const struct audit_result result =
        WIFSIGNALED(status)
            ? audit_because("the session's process %d was ended by signal %d (%s)", (int)child->pid,
                            WTERMSIG(status), strsignal(WTERMSIG(status)))
            : audit_because("the session's process %d ended early, with status %d", (int)child->pid,
                            WEXITSTATUS(status));
    audit_for(child, &result);
}
