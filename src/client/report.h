/* SPDX-License-Identifier: MIT */
/*
 * What a run of copies tells: the progress bar, a line per problem, JSON lines, the summary.
 *
 * report_open(); then per request report_request(), file events (report_events()), report_totals();
 * report_summary() and report_close() at the end.
 */
#ifndef CLIENT_REPORT_H
#define CLIENT_REPORT_H

#include <stdio.h>

#include "common/loop.h"
#include "file/events.h"
#include "progress.h"

struct client_arguments;
struct copy_request;

struct report {
    const struct client_arguments *arguments;
    struct loop *loop;
    FILE *json; /* NULL without --json */
    FILE *list; /* where a dry run names what it would copy; NULL otherwise */
    struct progress progress;
    struct loop_timer timer; /* redraws, and writes JSON progress */
    int64_t begun_ms;
    int64_t json_ms;
    char name[VSH_FILE_NAME_MAX + 1]; /* of the current file */
    bool upload;
    /* Of the requests before this one, and of all. */
    uint64_t known_files, known_bytes;
    struct vsh_file_count count; /* of this request */
    uint64_t begun_files;
    uint64_t bytes, reused; /* of all requests, moved so far; bytes holds reused */
    struct vsh_file_totals totals;
};

/* Returns 0 or -ENOMEM. */
int report_open(struct report *report, const struct client_arguments *arguments, struct loop *loop);
void report_close(struct report *report);

void report_request(struct report *report, const struct copy_request *request);
struct file_events report_events(struct report *report);
void report_totals(struct report *report, const struct vsh_file_totals *totals);
void report_summary(struct report *report);

/* Takes the bar away before another line is written. */
void report_hide(struct report *report);

#endif
