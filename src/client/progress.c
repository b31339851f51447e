/* SPDX-License-Identifier: MIT */
/* When to draw, and the few control sequences that drawing in place takes. */
#include "progress.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "output.h"

#define DRAW_EVERY_MS   100
#define SAMPLE_EVERY_MS 500
#define LINE_SIZE       1024
#define COLUMNS_MAX     250

#define CLEAR_LINE      "\r\033[K"
#define CLEAR_DOWN      "\r\033[J"

void progress_init(struct progress *progress, int fd)
{
    *progress = (struct progress){.fd = -1, .sample_ms = monotonic_ms()};
    if (fd >= 0 && isatty(fd) == 1) {
        progress->own_fd = output_open_again(fd);
        progress->fd = progress->own_fd >= 0 ? progress->own_fd : fd;
    }
}

void progress_done(struct progress *progress)
{
    if (progress->fd >= 0 && progress->fd == progress->own_fd) {
        (void)close(progress->own_fd);
    }
    progress->fd = -1;
}

/* A terminal that takes nothing now gets the next line, perhaps: the copy does not wait for it. */
static void write_text(const struct progress *progress, const char *text, size_t length)
{
    ssize_t ignored = write(progress->fd, text, length);
    (void)ignored;
}

static size_t columns_of(int fd)
{
    struct winsize size = {0};

    if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0) {
        return 80;
    }
    return size.ws_col < COLUMNS_MAX ? size.ws_col : COLUMNS_MAX;
}

/* Half of the new sample, half of what it was: steady enough to read, quick enough to believe. */
static void sample_rate(struct progress *progress, int64_t now, uint64_t moved)
{
    int64_t past = now - progress->sample_ms;

    if (past < SAMPLE_EVERY_MS) {
        return;
    }
    uint64_t rate = (moved - progress->sample_bytes) * 1000 / (uint64_t)past;
    progress->rate = progress->sample_bytes == 0 ? rate : (progress->rate + rate) / 2;
    progress->sample_ms = now;
    progress->sample_bytes = moved;
}

void progress_draw(struct progress *progress, struct progress_view *view, uint64_t moved,
                   bool force)
{
    int64_t now = monotonic_ms();
    char line[LINE_SIZE + sizeof(CLEAR_DOWN) + 8];
    size_t length = 0;

    if (progress->fd < 0 || (!force && now - progress->drawn_ms < DRAW_EVERY_MS)) {
        return;
    }
    sample_rate(progress, now, moved);
    view->rate = progress->rate;
    if (force) {
        memcpy(line, CLEAR_DOWN, sizeof(CLEAR_DOWN) - 1);
        length = sizeof(CLEAR_DOWN) - 1;
    }
    /* The last column stays free: writing there makes some terminals wrap. */
    length += progress_line(view, columns_of(progress->fd) - 1, line + length, LINE_SIZE);
    /*
     * The cursor goes back to the start, so that a terminal that folds the line when its window
     * shrinks still has it where the clearing must begin.
     */
    memcpy(line + length, "\033[K\r", 4);
    write_text(progress, line, length + 4);
    progress->drawn = true;
    progress->drawn_ms = now;
}

void progress_hide(struct progress *progress)
{
    if (progress->drawn) {
        write_text(progress, CLEAR_LINE, sizeof(CLEAR_LINE) - 1);
        progress->drawn = false;
        progress->drawn_ms = 0;
    }
}
