/* SPDX-License-Identifier: MIT */
/*
 * The progress bar: one line on a terminal that never scrolls and never outgrows the window.
 *
 * progress_init(), then progress_draw() as often as wanted: it draws at most ten times a second.
 * progress_hide() before anything else is written to the terminal, and at the end.
 */
#ifndef CLIENT_PROGRESS_H
#define CLIENT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the line shows. */
struct progress_view {
    const char *name;
    uint64_t files; /* begun, the current one included */
    uint64_t bytes; /* moved, and found at the target already */
    uint64_t total_files;
    uint64_t total_bytes;
    bool total_known; /* else percent and time left cannot be said */
    uint64_t rate;    /* bytes a second */
};

struct progress {
    int fd;     /* a terminal, or -1: nothing is ever drawn */
    int own_fd; /* the terminal opened again, so that a write to it never waits */
    bool drawn;
    int64_t drawn_ms;
    int64_t sample_ms;
    uint64_t sample_bytes;
    uint64_t rate; /* smoothed */
};

/* fd is not a terminal: no bar. */
void progress_init(struct progress *progress, int fd);
void progress_done(struct progress *progress);

/*
 * moved is what really went over the wire, for the rate; view->rate is filled in. With force the
 * line is drawn at once and the lines below are cleared: after a resize.
 */
void progress_draw(struct progress *progress, struct progress_view *view, uint64_t moved,
                   bool force);
void progress_hide(struct progress *progress);

/* Composes the line for so many columns. Returns its length; always NUL-terminated. */
size_t progress_line(const struct progress_view *view, size_t columns, char *line, size_t size);

/* "1.5 MiB", "17 B". Returns buf, of at least PROGRESS_SIZE_MAX bytes. */
#define PROGRESS_SIZE_MAX 16
const char *progress_size(uint64_t bytes, char *buf);

#endif
