/* SPDX-License-Identifier: MIT */
/*
 * The session's half of a recording (--record). The file belongs to the recorder, a process that
 * the server started for this connection while it still had its own rights; the session, which runs
 * as its user, only tells it what appears on the terminal and cannot take a word back.
 */
#ifndef SESSION_RECORD_H
#define SESSION_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <vsock-shell/message.h>

struct record;

/* A connection's way to its recorder. */
struct recorder {
    int fd; /* -1 = sessions are not recorded */
    pid_t pid;
    uint32_t last; /* number of the newest recording */
};

struct record_about {
    int terminal_fd; /* its size is the first one */
    const char *shell, *term;
    const char *command; /* NULL = a login shell */
};

/*
 * Asks for a recording and waits up to 5 s for it. Returns 0, or a negative errno: then the session
 * must not begin. -ETIMEDOUT, -EPIPE (no recorder) or the recorder's own: -ENOSPC, -EACCES...
 */
int record_start(struct recorder *recorder, const struct record_about *about, struct record **ret);

/* May the next RECORD_OUTPUT_MAX bytes be given without waiting? If not, poll record_fd() for
 * POLLOUT.
 */
bool record_has_room(const struct record *record);
int record_fd(const struct record *record);

/*
 * What the terminal showed, and its new size. Wait up to 10 s for a recorder whose disk stands
 * still. Return 0 or a negative errno: nothing more will be recorded.
 */
int record_output(struct record *record, const uint8_t *bytes, size_t length);
int record_resize(struct record *record, const struct vsh_winsize *size);

/* The recording is complete. NULL is nothing. */
void record_end(struct record *record);

/* Lets the recorder go and waits for its end, so that every file is whole; 2 s at most. */
void recorder_close(struct recorder *recorder);

#endif
