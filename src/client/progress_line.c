/* SPDX-License-Identifier: MIT */
/*
 * The text of the progress bar. The numbers at the right end matter most; then the name, which
 * loses its middle; the bar gets what is left.
 */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "common/escape.h"

#define NAME_SIZE    1024
#define NUMBERS_SIZE 128
#define NAME_LEAST   8
#define NAME_WISH    40
#define BAR_LEAST    12
#define BAR_MOST     40

const char *progress_size(uint64_t bytes, char *buf)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = (double)bytes;
    size_t unit = 0;

    while (value >= 999.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        value /= 1024;
        unit++;
    }
    (void)snprintf(buf, PROGRESS_SIZE_MAX, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return buf;
}

static void format_left(const struct progress_view *view, char *buf, size_t size)
{
    uint64_t left = view->total_bytes > view->bytes ? view->total_bytes - view->bytes : 0;
    uint64_t seconds = view->rate > 0 ? (left + view->rate - 1) / view->rate : 0;

    if (!view->total_known || (view->rate == 0 && left > 0) || seconds > 359999) {
        (void)snprintf(buf, size, "--:--");
    } else if (seconds >= 3600) {
        (void)snprintf(buf, size, "%u:%02u:%02u", (unsigned)(seconds / 3600),
                       (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
    } else {
        (void)snprintf(buf, size, "%02u:%02u", (unsigned)(seconds / 60), (unsigned)(seconds % 60));
    }
}

/* In per mille, for the bar; a source that grew is no more than whole. */
static unsigned share(const struct progress_view *view)
{
    if (view->total_bytes == 0) {
        return 1000;
    }
    double value = (double)view->bytes * 1000 / (double)view->total_bytes;
    return value < 1000 ? (unsigned)value : 1000;
}

/* Percent, amount, rate, time left, file i of n: as much of it as fits, in this order. */
static size_t format_numbers(const struct progress_view *view, size_t columns, char *buf)
{
    char parts[5][40];
    char size[PROGRESS_SIZE_MAX];
    size_t length = 0;
    size_t count = 0;

    if (view->total_known) {
        (void)snprintf(parts[count++], sizeof(parts[0]), "%3u%%", share(view) / 10);
    }
    (void)snprintf(parts[count++], sizeof(parts[0]), "%9s", progress_size(view->bytes, size));
    (void)snprintf(parts[count++], sizeof(parts[0]), "%9s/s", progress_size(view->rate, size));
    format_left(view, parts[count++], sizeof(parts[0]));
    (void)snprintf(
        parts[count++], sizeof(parts[0]), "%llu/%llu%s", (unsigned long long)view->files,
        (unsigned long long)(view->total_files > view->files ? view->total_files : view->files),
        view->total_known ? "" : "+");
    buf[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        size_t more = strlen(parts[i]) + (length > 0 ? 2 : 0);
        if (length + more > columns || length + more >= NUMBERS_SIZE) {
            break;
        }
        length += (size_t)snprintf(buf + length, NUMBERS_SIZE - length, "%s%s",
                                   length > 0 ? "  " : "", parts[i]);
    }
    return length;
}

/* Columns that the next character takes, and its bytes. What cannot be shown counts as one byte. */
static size_t character(const char *text, size_t *ret_bytes)
{
    mbstate_t state = {0};
    wchar_t wide = 0;
    size_t bytes = mbrtowc(&wide, text, strlen(text), &state);

    if (bytes == 0 || bytes > 4) {
        *ret_bytes = 1;
        return 1;
    }
    int width = wcwidth(wide);
    *ret_bytes = bytes;
    return width < 0 ? 1 : (size_t)width;
}

static size_t width_of(const char *text)
{
    size_t width = 0;
    size_t bytes;

    for (; *text != '\0'; text += bytes) {
        width += character(text, &bytes);
    }
    return width;
}

/* Cuts text at the front until it takes at most columns; the end of a path says most. */
static const char *tail(const char *text, size_t columns, size_t *ret_width)
{
    size_t width = width_of(text);
    size_t bytes;

    while (width > columns) {
        width -= character(text, &bytes);
        text += bytes;
    }
    *ret_width = width;
    return text;
}

static size_t put_name(const char *name, size_t columns, char *to)
{
    char safe[NAME_SIZE];
    struct escape_line line = {.data = safe, .size = sizeof(safe) - 1};
    size_t width = 0;

    escape_text(&line, name);
    safe[line.length] = '\0';
    size_t whole = width_of(safe);
    const char *dots = whole > columns ? "..." : "";
    const char *text = tail(safe, columns - strlen(dots), &width);
    size_t length = (size_t)sprintf(to, "%s%s", dots, text);
    for (width += strlen(dots); width < columns; width++) {
        to[length++] = ' ';
    }
    return length;
}

static size_t put_bar(const struct progress_view *view, size_t columns, char *to)
{
    size_t inner = columns - 2;
    size_t full = inner * share(view) / 1000;

    to[0] = '[';
    memset(to + 1, ' ', inner);
    memset(to + 1, '=', full);
    if (full < inner) {
        to[1 + full] = '>';
    }
    to[columns - 1] = ']';
    return columns;
}

size_t progress_line(const struct progress_view *view, size_t columns, char *line, size_t size)
{
    char numbers[NUMBERS_SIZE];
    char text[NAME_SIZE + 8 + BAR_MOST + NUMBERS_SIZE];
    size_t used = format_numbers(view, columns, numbers);
    size_t left = columns > used + 1 ? columns - used - 1 : 0;
    size_t bar = 0;
    size_t length = 0;

    if (view->total_known && left >= NAME_WISH / 2 + BAR_LEAST + 1) {
        bar = left - NAME_WISH / 2 - 1;
        bar = bar > left / 2 ? left / 2 : bar;
        bar = bar > BAR_MOST ? BAR_MOST : bar;
        left -= bar + 1;
    }
    if (left >= NAME_LEAST) {
        size_t wish = bar > 0 && left > NAME_WISH * 2 ? NAME_WISH * 2 : left;
        length = put_name(view->name, wish, text);
        text[length++] = ' ';
    }
    if (bar > 0) {
        length += put_bar(view, bar, text + length);
        text[length++] = ' ';
    }
    return (size_t)snprintf(line, size, "%.*s%s", (int)length, text, numbers);
}
