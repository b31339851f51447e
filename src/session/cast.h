/* SPDX-License-Identifier: MIT */
/*
 * The lines of an asciicast v2 file: one JSON object that heads it, then one array per event. Makes
 * text only; writes nothing.
 */
#ifndef SESSION_CAST_H
#define SESSION_CAST_H

#include <stddef.h>
#include <stdint.h>

/* A line under construction in the caller's memory; what does not fit is dropped. */
struct cast_line {
    char *data;
    size_t size;
    size_t length;
};

/* Room that a line with this many bytes of foreign text needs: each may become "\u00XX". */
#define CAST_ROOM(bytes) (6 * ((bytes) + 4) + 128)

struct cast_header {
    unsigned columns, rows;
    int64_t time; /* seconds since the epoch */
    const char *title;
    const char *command; /* NULL or "" = a login shell */
    const char *shell, *term;
};

/*
 * The state of a stream of output: a character that a read has cut waits here for its end. Starts
 * as {0}.
 */
struct cast {
    uint8_t partial[4];
    size_t length;
};

void cast_put_header(struct cast_line *line, const struct cast_header *header);

/*
 * An "o" event of bytes, or nothing when all of them are the beginning of one character. Bytes that
 * are no UTF-8 become U+FFFD, one for each maximal piece (Unicode 15, 3.9). us = microseconds since
 * the start.
 */
void cast_put_output(struct cast *cast, struct cast_line *line, int64_t us, const void *bytes,
                     size_t length);
/* The event of a character that nothing will complete any more, if there is one. */
void cast_put_end(struct cast *cast, struct cast_line *line, int64_t us);

/* An "r" event: "80x24". */
void cast_put_resize(struct cast_line *line, int64_t us, unsigned columns, unsigned rows);

#endif
