/* SPDX-License-Identifier: MIT */
/* Ends asked for from outside, for copies; shell.c has a table of its own with more in it. */
#include "end_signals.h"

#include <signal.h>
#include <stddef.h>

static const int end_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

bool signal_is_ignored(int signo)
{
    struct sigaction before;

    return sigaction(signo, NULL, &before) == 0 && before.sa_handler == SIG_IGN;
}

void end_signals_set(sigset_t *ret)
{
    (void)sigemptyset(ret);
    for (size_t i = 0; i < sizeof(end_signals) / sizeof(end_signals[0]); i++) {
        (void)sigaddset(ret, end_signals[i]);
    }
}

void end_signals_watch(struct loop *loop, loop_signal_fn *fn, void *data)
{
    for (size_t i = 0; i < sizeof(end_signals) / sizeof(end_signals[0]); i++) {
        if (!signal_is_ignored(end_signals[i])) {
            /* Without a handler the signal still ends us, only less politely. */
            (void)loop_signal(loop, end_signals[i], fn, data);
        }
    }
}

void end_signals_unwatch(struct loop *loop)
{
    for (size_t i = 0; i < sizeof(end_signals) / sizeof(end_signals[0]); i++) {
        (void)loop_signal(loop, end_signals[i], NULL, NULL);
    }
}
