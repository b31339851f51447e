/* SPDX-License-Identifier: MIT */
/* The signals by which a user or a system ends a program: INT, TERM, HUP, QUIT. */
#ifndef CLIENT_END_SIGNALS_H
#define CLIENT_END_SIGNALS_H

#include <stdbool.h>

#include "common/loop.h"

/* nohup(1) and a shell's background jobs start us with signals ignored: they stay so. */
bool signal_is_ignored(int signo);

/* All four, for loop_wait(). */
void end_signals_set(sigset_t *ret);

void end_signals_watch(struct loop *loop, loop_signal_fn *fn, void *data);
void end_signals_unwatch(struct loop *loop);

#endif
