/* SPDX-License-Identifier: MIT */
/*
 * The poll loop of a process: descriptors, deadlines and signals, one loop per process.
 *
 * Signals arrive over a pipe: a handler writes one byte, the callback runs from the loop like any
 * other. Callbacks may add, change and remove watches, timers and signals, their own included.
 */
#ifndef COMMON_LOOP_H
#define COMMON_LOOP_H

#include <signal.h>
#include <stdint.h>

struct loop;

typedef void loop_fd_fn(int fd, short revents, void *data);
typedef void loop_timer_fn(void *data);
typedef void loop_signal_fn(int signo, void *data);

/* 0 or a negative errno; -EBUSY when the process has a loop already. */
int loop_new(struct loop **ret);

/* Frees the loop, restores every signal disposition it changed. Closes none of the watched fds. */
void loop_free(struct loop *loop);

/*
 * After fork in the child: forgets the parent's watches and signals (dispositions back to default,
 * the signal pipe closed) without touching the parent's. The loop is unusable then; loop_free()
 * still frees its memory, and the child may have a new one.
 */
void loop_abandon(struct loop *loop);

/*
 * Watches fd; events as in poll(2), and with any of them errors and hang-up. 0 = nothing for now: a
 * hang-up that nobody can act on would make the loop spin. One watch per fd: setting again changes
 * it. A descriptor closed without loop_unwatch() is told once as POLLNVAL and forgotten. Return 0,
 * -EBADF, -ENOMEM, or (events of an fd that is not watched) -ENOENT.
 */
int loop_watch(struct loop *loop, int fd, short events, loop_fd_fn *fn, void *data);
int loop_watch_events(struct loop *loop, int fd, short events);
void loop_unwatch(struct loop *loop, int fd);

/* A one-shot timer owned by the caller: embed it, zero it, set it; set again to move it. */
struct loop_timer {
    int64_t deadline_ms; /* 0 = not set */
    loop_timer_fn *fn;
    void *data;
    struct loop_timer *next;
};
/* Timers of one moment fire in the order they were set; a negative delay counts as 0. */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t delay_ms,
                    loop_timer_fn *fn, void *data);
void loop_timer_clear(struct loop *loop, struct loop_timer *timer);

/*
 * fn NULL gives the signal back to its disposition of before, and raises it again when it has come
 * and the loop ran no more to tell. 0 or a negative errno.
 */
int loop_signal(struct loop *loop, int signo, loop_signal_fn *fn, void *data);

/*
 * For the few who must wait in the middle of a callback, with nowhere to keep what they write:
 * waits for events on fd, and no longer once one of the signals has come, now or at any time
 * before, if this loop handles it. No callback runs. Returns 0 when fd is ready, -EINTR when a
 * signal came first, or another negative errno.
 */
int loop_wait(struct loop *loop, int fd, short events, const sigset_t *signals);

/* Runs until loop_stop(); returns the value given to it, or a negative errno when poll(2) fails. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop, int result);

/*
 * Puts every signal's disposition and mask back to what a fresh program expects: before exec. Only
 * async-signal-safe calls.
 */
void loop_signals_default(void);

#endif
