/* SPDX-License-Identifier: MIT */
/*
 * The pump between a process and a peer, and the one place that decides when a session ends.
 *
 *   RUNNING --process exits--> DRAINING --nothing readable now--> EXIT SENT --peer acknowledges-->
 * over |                                                                        (the translator's
 * part)
 *      +--peer gone--> the translator calls process_terminate()
 *
 * It never polls: it tells which descriptors and events it wants (pump_interest), is told what is
 * ready (pump_ready, pump_exited) and talks to the peer through callbacks. Output is read only when
 * the peer has room. A background grandchild that keeps the pipe does not hold the session: after
 * the exit what is readable at once is drained, no more.
 */
#ifndef SESSION_PUMP_H
#define SESSION_PUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <vsock-shell/message.h>
#include <vsock-shell/protocol.h>

struct process;
struct process_result;
struct pump;

struct pump_peer {
    /*
     * Gives room for output of a stream: up to what credit and queue allow, straight in the frame.
     * Returns the size; 0 = not now: no commit follows, and the stream rests until pump_room().
     * Otherwise output_commit() follows with what was read (0 = nothing).
     */
    size_t (*output_reserve)(void *peer, enum vsh_stream stream, uint8_t **ret);
    void (*output_commit)(void *peer, enum vsh_stream stream, size_t length);
    /* No more output on this stream. */
    void (*output_eof)(void *peer, enum vsh_stream stream);
    /* length bytes of stdin have reached the process: credit to give back. */
    void (*input_taken)(void *peer, size_t length);
    /* The process does not read stdin any more (EPIPE): discard what still comes. */
    void (*input_closed)(void *peer);
    /* Everything is drained and this is the result. Called once; nothing is called after it. */
    void (*exited)(void *peer, const struct process_result *result);
};

struct pump_options {
    struct process *process;
    int pty_master_fd;     /* -1 without a PTY; the pump closes it */
    size_t input_capacity; /* stdin bytes to hold at most: the window granted to the peer */
    const struct pump_peer *ops;
    void *peer;
};

int pump_new(const struct pump_options *options, struct pump **ret);
void pump_free(struct pump *pump); /* closes the process's descriptors */

/* The terminal's master for pty_resize() and process_signal(); -1 without a PTY or once closed. */
int pump_pty_fd(const struct pump *pump);

/*
 * Gives the terminal another size, and the recording the news. 0, -ENOTTY without a terminal, or a
 * negative errno.
 */
int pump_resize(struct pump *pump, const struct vsh_winsize *size);

/*
 * A recorded session whose recording has broken moves nothing any more: 0, or the negative errno
 * for which the translator must end it.
 */
int pump_record_error(const struct pump *pump);

/*
 * stdin from the peer. Takes everything within input_capacity and writes what it can at once, so
 * input_taken() and input_closed() may be called from inside. Returns 0, -ENOBUFS when the peer
 * overran its window, or -EINVAL after pump_input_eof(); bytes that no process can get any more are
 * dropped without credit. pump_input_eof() closes the pipe once the bytes are written (on a PTY it
 * types the VEOF character).
 */
int pump_input(struct pump *pump, const void *bytes, size_t length);
/*
 * The same for a peer whose bytes come in pieces close behind each other: they are written many at
 * a time, for each write wakes the process. The last of them wait for pump_input_flush(), which
 * writes what is held as far as the process takes it.
 */
int pump_input_gather(struct pump *pump, const void *bytes, size_t length);
void pump_input_flush(struct pump *pump);
void pump_input_eof(struct pump *pump);

/*
 * stdin that still lies in fd, a socket: moved into the process's pipe by the kernel, size bytes at
 * most. Only while pump_input_is_direct(): nothing waits before it, and stdin is a pipe that is
 * read. Returns the bytes moved, as input_taken() has been told; 0 = the end of fd's stream;
 * -EAGAIN = fd is empty or the pipe full; -EPIPE after input_closed(); -EINVAL where the kernel
 * cannot do it, and then it never can.
 */
bool pump_input_is_direct(const struct pump *pump);
ssize_t pump_input_splice(struct pump *pump, int fd, size_t size);

/*
 * The peer's reader of this stream is gone: close it so that the process sees EPIPE; no eof
 * callback follows. On a PTY closing stdout hangs the terminal up (SIGHUP).
 */
void pump_output_close(struct pump *pump, enum vsh_stream stream);

/*
 * The descriptors of interest now; at most PUMP_FDS_MAX. Ask again after every call: one that is no
 * longer named has been closed or needs no more polling.
 */
#define PUMP_FDS_MAX 3
struct pump_interest {
    int fd;
    short events; /* 0 = none now; do not poll it, or POLLHUP spins */
};
size_t pump_interest(const struct pump *pump, struct pump_interest interest[PUMP_FDS_MAX]);

/* fd is ready for revents: moves bytes once per call. */
void pump_ready(struct pump *pump, int fd, short revents);

/* The process has been reaped: drain, then the exited callback (at once or when room comes: call
 * pump_room()). */
void pump_exited(struct pump *pump);

/* The peer has room again, for any stream. */
void pump_room(struct pump *pump);

uint64_t pump_bytes_in(const struct pump *pump);
uint64_t pump_bytes_out(const struct pump *pump);

#endif
