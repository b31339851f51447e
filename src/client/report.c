/* SPDX-License-Identifier: MIT */
/* Owns the counting for people and programs; the copy itself knows nothing of it but events. */
#include "report.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "base/fd.h"
#include "common/escape.h"
#include "common/log.h"
#include "file/path.h"
#include "report_json.h"
#include "text_out.h"

#define REDRAW_MS 100
#define JSON_MS   500

/* Standard output is the file's when a copy goes there. */
static bool stdout_is_data(const struct client_arguments *arguments)
{
    for (size_t i = 0; i < arguments->copy_count; i++) {
        const struct copy_request *request = &arguments->copies[i];
        if (!request->upload && strcmp(request->destination, "-") == 0) {
            return true;
        }
    }
    return false;
}

static struct progress_view view_of(const struct report *report)
{
    return (struct progress_view){
        .name = report->name,
        .files = report->begun_files,
        .bytes = report->bytes,
        .total_files = report->known_files + report->count.files,
        .total_bytes = report->known_bytes + report->count.bytes,
        .total_known = report->count.complete,
    };
}

static void json_progress(struct report *report)
{
    struct progress_view view = view_of(report);

    json_begin(report->json, "progress");
    json_number(report->json, "files", view.files);
    json_number(report->json, "bytes", view.bytes);
    json_number(report->json, "total_files", view.total_files);
    json_number(report->json, "total_bytes", view.total_bytes);
    json_bool(report->json, "total_known", view.total_known);
    json_end(report->json);
}

static void draw(struct report *report, bool force)
{
    struct progress_view view = view_of(report);
    int64_t now = monotonic_ms();

    if (report->json && now - report->json_ms >= JSON_MS) {
        report->json_ms = now;
        json_progress(report);
    }
    /* Nothing is known before the first file, and a bar for it would only flicker. */
    if (report->name[0] != '\0') {
        progress_draw(&report->progress, &view, report->bytes - report->reused, force);
    }
}

static void on_timer(void *data)
{
    struct report *report = data;

    draw(report, false);
    loop_timer_set(report->loop, &report->timer, REDRAW_MS, on_timer, report);
}

static void on_resize(int signo, void *data)
{
    (void)signo;
    draw(data, true);
}

int report_open(struct report *report, const struct client_arguments *arguments, struct loop *loop)
{
    bool data = stdout_is_data(arguments);

    *report = (struct report){.arguments = arguments, .loop = loop, .begun_ms = monotonic_ms()};
    if (arguments->json || arguments->dry_run) {
        FILE *out = text_out_stream(loop, data ? STDERR_FILENO : STDOUT_FILENO);
        if (!out) {
            return -ENOMEM;
        }
        report->json = arguments->json ? out : NULL;
        report->list = arguments->json ? NULL : out;
    }
    bool bar = !arguments->json && !arguments->quiet && !arguments->dry_run;
    progress_init(&report->progress, bar ? STDERR_FILENO : -1);
    if (report->progress.fd >= 0) {
        /* Without it the bar is only wrong until it is drawn again. */
        (void)loop_signal(loop, SIGWINCH, on_resize, report);
    }
    report->json_ms = report->begun_ms;
    loop_timer_set(loop, &report->timer, REDRAW_MS, on_timer, report);
    return 0;
}

void report_close(struct report *report)
{
    FILE *out = report->json ? report->json : report->list;

    if (out) {
        (void)fclose(out);
    }
    report_hide(report);
    progress_done(&report->progress);
    loop_timer_clear(report->loop, &report->timer);
    (void)loop_signal(report->loop, SIGWINCH, NULL, NULL);
}

void report_hide(struct report *report)
{
    progress_hide(&report->progress);
}

void report_request(struct report *report, const struct copy_request *request)
{
    report->upload = request->upload;
    report->known_files += report->count.files;
    report->known_bytes += report->count.bytes;
    report->count = (struct vsh_file_count){0};
    if (report->json) {
        json_begin(report->json, "request");
        json_text(report->json, "direction", request->upload ? "upload" : "download");
        json_text(report->json, "source", request->source);
        json_text(report->json, "destination", request->destination);
        json_end(report->json);
    }
}

static void list_entry(struct report *report, const char *path)
{
    char data[VSH_FILE_PATH_MAX + 256];
    struct escape_line line = {.data = data, .size = sizeof(data)};

    /* One line per entry whatever its name holds. */
    escape_text(&line, path);
    (void)fprintf(report->list, "%.*s\n", (int)line.length, data);
}

static void on_started(void *data, const struct file_item *item)
{
    struct report *report = data;

    if (item->kind != VSH_FILE_FOLDER) {
        report->begun_files++;
        if (item->path[0] == '\0' || file_base_name(item->path, report->name) < 0) {
            (void)snprintf(report->name, sizeof(report->name), "-");
        }
    }
    if (report->list) {
        list_entry(report, item->path);
    }
    if (report->json && report->arguments->dry_run) {
        json_begin(report->json, "would");
        json_text(report->json, "path", item->path);
        json_number(report->json, "size", item->size);
        json_end(report->json);
    }
    draw(report, false);
}

static void on_moved(void *data, uint64_t bytes, bool reused)
{
    struct report *report = data;

    report->bytes += bytes;
    report->reused += reused ? bytes : 0;
}

static void json_file(FILE *out, const struct file_item *item)
{
    char digest[2 * VSH_FILE_DIGEST_SIZE + 1] = "";

    for (size_t i = 0; i < VSH_FILE_DIGEST_SIZE; i++) {
        (void)snprintf(digest + 2 * i, 3, "%02x", item->digest[i]);
    }
    json_begin(out, "file");
    json_text(out, "path", item->path);
    json_number(out, "size", item->size);
    if (item->has_digest) {
        json_text(out, "xxh128", digest);
    }
    json_end(out);
}

static void on_finished(void *data, const struct file_item *item)
{
    struct report *report = data;

    if (report->json && !report->arguments->dry_run) {
        json_file(report->json, item);
    } else if (log_get_level() >= LOG_LEVEL_INFO) {
        report_hide(report);
        log_info("copied '%s'", item->path);
    }
}

static const char *const code_names[] = {
    [VSH_FILE_CODE_SOURCE] = "source",       [VSH_FILE_CODE_CHANGED] = "changed",
    [VSH_FILE_CODE_TARGET] = "target",       [VSH_FILE_CODE_SPACE] = "space",
    [VSH_FILE_CODE_DIGEST] = "digest",       [VSH_FILE_CODE_EXISTS] = "exists",
    [VSH_FILE_CODE_UNCHANGED] = "unchanged", [VSH_FILE_CODE_SPECIAL] = "special",
    [VSH_FILE_CODE_BUSY] = "busy",
};

static const char *code_name(uint8_t code)
{
    bool known = code < sizeof(code_names) / sizeof(code_names[0]) && code_names[code];

    return known ? code_names[code] : "other";
}

/* What --no-clobber and --resume leave out was asked for; the summary counts it. */
static bool is_expected(const struct vsh_file_problem *problem)
{
    return problem->status == VSH_FILE_SKIPPED &&
           (problem->code == VSH_FILE_CODE_EXISTS || problem->code == VSH_FILE_CODE_UNCHANGED);
}

static void on_problem(void *data, const struct vsh_file_problem *problem, bool remote)
{
    struct report *report = data;
    const char *where = remote ? "remote" : "local";
    bool failed = problem->status != VSH_FILE_SKIPPED;

    if (report->json) {
        json_begin(report->json, failed ? "failed" : "skipped");
        json_text(report->json, "code", code_name(problem->code));
        json_bool(report->json, "remote", remote);
        json_text(report->json, "path", problem->path);
        json_text(report->json, "text", problem->text);
        json_end(report->json);
        return;
    }
    if (is_expected(problem) && log_get_level() < LOG_LEVEL_INFO) {
        return;
    }
    report_hide(report);
    if (failed) {
        log_error("%s '%s': %s", where, problem->path, problem->text);
    } else {
        log_notice("skipped %s '%s': %s", where, problem->path, problem->text);
    }
}

static void on_counted(void *data, const struct vsh_file_count *count)
{
    struct report *report = data;

    report->count = *count;
}

struct file_events report_events(struct report *report)
{
    return (struct file_events){
        .started = on_started,
        .moved = on_moved,
        .finished = on_finished,
        .problem = on_problem,
        .counted = on_counted,
        .data = report,
    };
}

void report_totals(struct report *report, const struct vsh_file_totals *totals)
{
    report->totals.files += totals->files;
    report->totals.folders += totals->folders;
    report->totals.links += totals->links;
    report->totals.bytes += totals->bytes;
    report->totals.reused += totals->reused;
    report->totals.skipped += totals->skipped;
    report->totals.failed += totals->failed;
}

static void json_summary(FILE *out, const struct vsh_file_totals *totals, int64_t ms)
{
    json_begin(out, "summary");
    json_number(out, "files", totals->files);
    json_number(out, "folders", totals->folders);
    json_number(out, "links", totals->links);
    json_number(out, "bytes", totals->bytes);
    json_number(out, "reused", totals->reused);
    json_number(out, "skipped", totals->skipped);
    json_number(out, "failed", totals->failed);
    json_seconds(out, "seconds", ms);
    json_end(out);
}

/* "; 2 skipped", or nothing. */
static void add_count(char *text, size_t size, uint64_t count, const char *what)
{
    size_t length = strlen(text);

    if (count > 0) {
        (void)snprintf(text + length, size - length, "; %llu %s", (unsigned long long)count, what);
    }
}

void report_summary(struct report *report)
{
    const struct vsh_file_totals *totals = &report->totals;
    int64_t ms = monotonic_ms() - report->begun_ms;
    uint64_t moved = totals->bytes > totals->reused ? totals->bytes - totals->reused : 0;
    char bytes[PROGRESS_SIZE_MAX];
    char rate[PROGRESS_SIZE_MAX];
    char more[160] = "";

    report_hide(report);
    if (report->json) {
        json_summary(report->json, totals, ms);
        return;
    }
    if (totals->reused > 0) {
        char reused[PROGRESS_SIZE_MAX];
        (void)snprintf(more, sizeof(more), "; %s of it were there already",
                       progress_size(totals->reused, reused));
    }
    add_count(more, sizeof(more), totals->links, totals->links == 1 ? "link" : "links");
    add_count(more, sizeof(more), totals->skipped, "skipped");
    add_count(more, sizeof(more), totals->failed, "failed");
    log_notice("%s%llu file%s, %s in %lld.%lld s, %s/s%s",
               report->arguments->dry_run ? "dry run: " : "", (unsigned long long)totals->files,
               totals->files == 1 ? "" : "s", progress_size(totals->bytes, bytes),
               (long long)(ms / 1000), (long long)(ms % 1000 / 100),
               progress_size(moved * 1000 / (uint64_t)(ms > 0 ? ms : 1), rate), more);
}
