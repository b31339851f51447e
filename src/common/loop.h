/* SPDX-License-Identifier: MIT */
/*
 * The poll loop of a process: descriptors, deadlines and signals, one loop per process.
 *
 * Signals arrive over a pipe: a handler writes one byte, the callback runs from the loop like any
 * other. Callbacks may add, change and remove watches, timers and signals, their own included.
 */
#ifndef COMMON_LOOP_H
#define COMMON_LOOP_H

#include <stdint.h>

struct loop;

typedef void loop_fd_fn(int fd, short revents, void *data);
typedef void loop_timer_fn(void *data);
typedef void loop_signal_fn(int signo, void *data);

int loop_new(struct loop **ret); /* 0 or a negative errno */

/* Frees the loop, restores every signal disposition it changed. Closes none of the watched fds. */
void loop_free(struct loop *loop);

/*
 * After fork in the child: forgets the parent's watches and signals (dispositions back to default,
 * the signal pipe closed) without touching the parent's. The loop is unusable then.
 */
void loop_abandon(struct loop *loop);

/* Watches fd; events as in poll(2), 0 = only errors and hang-up. One watch per fd: setting again
 * changes it. */
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
void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t delay_ms,
                    loop_timer_fn *fn, void *data);
void loop_timer_clear(struct loop *loop, struct loop_timer *timer);

int loop_signal(struct loop *loop, int signo, loop_signal_fn *fn, void *data);

/* Runs until loop_stop(); returns the value given to it, or a negative errno when poll(2) fails. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop, int result);

/* Puts every signal's disposition and mask back to what a fresh program expects: before exec. */
void loop_signals_default(void);

#endif
