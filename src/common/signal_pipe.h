/* SPDX-License-Identifier: MIT */
/* Signals as readiness of a descriptor: the loop's half that deals with handlers. */
#ifndef COMMON_SIGNAL_PIPE_H
#define COMMON_SIGNAL_PIPE_H

#include <signal.h>
#include <stdbool.h>

#include "loop.h"

struct signal_handler {
    loop_signal_fn *fn; /* NULL = not ours */
    void *data;
    bool came; /* the callback was called, since fn was set first */
    struct sigaction before;
};

struct signal_pipe {
    int fd; /* readable when a signal came */
    struct signal_handler handlers[NSIG];
};

/* One per process: -EBUSY when there is one already. 0 or a negative errno. */
int signal_pipe_open(struct signal_pipe *pipe);

/* Restores the dispositions of before. */
void signal_pipe_close(struct signal_pipe *pipe);

/* In a forked child: dispositions to default, the child's copy of the pipe closed. */
void signal_pipe_abandon(struct signal_pipe *pipe);

/* fn NULL gives the signal back, and what has come of it and was not told. 0 or a negative errno.
 */
int signal_pipe_set(struct signal_pipe *pipe, int signo, loop_signal_fn *fn, void *data);

/*
 * Has something come that no handler has been told? A signal in the last moment of a poll(2) is not
 * in what that found.
 */
bool signal_pipe_untold(void);

/* Calls the handlers of what has come, until *stop. */
void signal_pipe_dispatch(struct signal_pipe *pipe, const bool *stop);

/* Has one of these signals come, told to its handler or not? */
bool signal_pipe_came(const struct signal_pipe *pipe, const sigset_t *signals);

/* Empties the descriptor and forgets no signal; a wake-up makes it readable again. */
void signal_pipe_drain(const struct signal_pipe *pipe);
void signal_pipe_wake(void);

#endif
