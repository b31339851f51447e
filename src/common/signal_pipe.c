/* SPDX-License-Identifier: MIT */
/*
 * Owns the process's signal dispositions. A flag per signal says what came, the byte in the pipe
 * only wakes the loop: a full pipe loses nothing, and a forked child that still shares the pipe
 * cannot make its parent believe in a signal.
 */
#include "signal_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static volatile sig_atomic_t signal_pending[NSIG];
static volatile sig_atomic_t signal_untold; /* some signal_pending[] is set */
static volatile sig_atomic_t signal_wake_fd = -1;

void signal_pipe_wake(void)
{
    /* A full pipe wakes the loop as well as one more byte would. */
    ssize_t ignored = write(signal_wake_fd, "", 1);
    (void)ignored;
}

static void on_signal(int signo)
{
    int saved = errno;

    signal_pending[signo] = 1;
    signal_untold = 1;
    signal_pipe_wake();
    errno = saved;
}

int signal_pipe_open(struct signal_pipe *pipe)
{
    int fds[2];

    if (signal_wake_fd >= 0) {
        return -EBUSY;
    }
    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0) {
        return -errno;
    }
    *pipe = (struct signal_pipe){.fd = fds[0]};
    signal_wake_fd = fds[1];
    return 0;
}

/* Handlers must be gone before this: they write to the pipe. */
static void close_pipe(struct signal_pipe *pipe)
{
    if (pipe->fd >= 0) {
        (void)close(pipe->fd);
        (void)close(signal_wake_fd);
        pipe->fd = -1;
        signal_wake_fd = -1;
    }
}

void signal_pipe_close(struct signal_pipe *pipe)
{
    for (int signo = 1; signo < NSIG; signo++) {
        if (pipe->handlers[signo].fn) {
            (void)sigaction(signo, &pipe->handlers[signo].before, NULL);
            pipe->handlers[signo].fn = NULL;
        }
        signal_pending[signo] = 0;
    }
    close_pipe(pipe);
}

void signal_pipe_abandon(struct signal_pipe *pipe)
{
    for (int signo = 1; signo < NSIG; signo++) {
        if (pipe->handlers[signo].fn) {
            (void)signal(signo, SIG_DFL);
            pipe->handlers[signo].fn = NULL;
        }
        signal_pending[signo] = 0;
    }
    close_pipe(pipe);
}

int signal_pipe_set(struct signal_pipe *pipe, int signo, loop_signal_fn *fn, void *data)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    if (signo < 1 || signo >= NSIG || pipe->fd < 0) {
        return -EINVAL;
    }
    struct signal_handler *handler = &pipe->handlers[signo];
    (void)sigfillset(&action.sa_mask);
    if (fn && !handler->fn && sigaction(signo, &action, &handler->before) < 0) {
        return -errno;
    }
    if (!fn && handler->fn && sigaction(signo, &handler->before, NULL) < 0) {
        return -errno;
    }
    handler->fn = fn;
    handler->data = data;
    if (!fn && signal_pending[signo]) {
        /* It came for a loop that ran no more: a Ctrl-C must not be lost between two runs. */
        signal_pending[signo] = 0;
        (void)raise(signo);
    }
    return 0;
}

bool signal_pipe_came(const struct signal_pipe *pipe, const sigset_t *signals)
{
    for (int signo = 1; signo < NSIG; signo++) {
        if (sigismember(signals, signo) == 1 &&
            (signal_pending[signo] || pipe->handlers[signo].came)) {
            return true;
        }
    }
    return false;
}

void signal_pipe_drain(const struct signal_pipe *pipe)
{
    char bytes[256];

    ssize_t n;
    do {
        n = read(pipe->fd, bytes, sizeof(bytes));
    } while (n == (ssize_t)sizeof(bytes));
}

bool signal_pipe_untold(void)
{
    return signal_untold != 0;
}

void signal_pipe_dispatch(struct signal_pipe *pipe, const bool *stop)
{
    /* Empty the pipe first: a signal that comes from here on writes its own byte. */
    signal_pipe_drain(pipe);
    signal_untold = 0;
    for (int signo = 1; signo < NSIG; signo++) {
        if (*stop) {
            /* For the next run, if there is one. */
            signal_untold = 1;
            signal_pipe_wake();
            return;
        }
        struct signal_handler *handler = &pipe->handlers[signo];
        if (signal_pending[signo]) {
            signal_pending[signo] = 0;
            if (handler->fn) {
                handler->came = true;
                handler->fn(signo, handler->data);
            }
        }
    }
}
