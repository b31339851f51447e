/* SPDX-License-Identifier: MIT */
/*
 * The poll loop. Owns the watch table (indexed by fd) and the order in which things
 * run in a round: signals, descriptors, deadlines. What the watched things are is the caller's
 * business.
 */
#include "loop.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "signal_pipe.h"

struct watch {
    loop_fd_fn *fn; /* NULL = the fd is not watched */
    void *data;
    short events;
    uint64_t birth; /* tells a watch from an older one of the same number */
};

/* A poll entry's memory of the watch it was made from. */
struct entry {
    int fd;
    uint64_t birth;
};

struct loop {
    struct watch *watches; /* indexed by fd */
    size_t watch_count;    /* slots, used or not */
    struct pollfd *polls;  /* of the round; entry i belongs to polls[i] */
    struct entry *entries;
    size_t poll_capacity;
    uint64_t births;
    struct loop_timer *timers; /* sorted, soonest first */
    struct loop_timer *due;    /* of the round */
    struct signal_pipe signals;
    bool stopped;
    int result;
};

int loop_new(struct loop **ret)
{
    cleanup_free struct loop *loop = calloc(1, sizeof(*loop));

    if (!loop) {
        return -ENOMEM;
    }
    int r = signal_pipe_open(&loop->signals);
    if (r < 0) {
        return r;
    }
    *ret = loop;
    loop = NULL;
    return 0;
}

void loop_free(struct loop *loop)
{
    if (!loop) {
        return;
    }
    signal_pipe_close(&loop->signals);
    free(loop->watches);
    free(loop->polls);
    free(loop->entries);
    free(loop);
}

void loop_abandon(struct loop *loop)
{
    signal_pipe_abandon(&loop->signals);
    for (size_t fd = 0; fd < loop->watch_count; fd++) {
        loop->watches[fd].fn = NULL;
    }
    loop->timers = NULL;
    loop->due = NULL;
    loop_stop(loop, -ECANCELED);
}

static struct watch *find_watch(const struct loop *loop, int fd)
{
    if (fd < 0 || (size_t)fd >= loop->watch_count || !loop->watches[fd].fn) {
        return NULL;
    }
    return &loop->watches[fd];
}

static int grow_watches(struct loop *loop, int fd)
{
    size_t count = loop->watch_count ? loop->watch_count : 16;

    if (fd < 0) {
        return -EBADF;
    }
    if ((size_t)fd < loop->watch_count) {
        return 0;
    }
    while (count <= (size_t)fd) {
        count *= 2;
    }
    struct watch *grown = reallocarray(loop->watches, count, sizeof(*grown));
    if (!grown) {
        return -ENOMEM;
    }
    memset(grown + loop->watch_count, 0, (count - loop->watch_count) * sizeof(*grown));
    loop->watches = grown;
    loop->watch_count = count;
    return 0;
}

int loop_watch(struct loop *loop, int fd, short events, loop_fd_fn *fn, void *data)
{
    int r = grow_watches(loop, fd);

    if (r < 0) {
        return r;
    }
    struct watch *watch = &loop->watches[fd];
    if (!watch->fn) {
        watch->birth = ++loop->births;
    }
    watch->events = events;
    watch->fn = fn;
    watch->data = data;
    return 0;
}

int loop_watch_events(struct loop *loop, int fd, short events)
{
    struct watch *watch = find_watch(loop, fd);

    if (!watch) {
        return -ENOENT;
    }
    watch->events = events;
    return 0;
}

void loop_unwatch(struct loop *loop, int fd)
{
    struct watch *watch = find_watch(loop, fd);

    if (watch) {
        watch->fn = NULL;
    }
}

static bool list_remove(struct loop_timer **list, const struct loop_timer *timer)
{
    for (struct loop_timer **at = list; *at; at = &(*at)->next) {
        if (*at == timer) {
            *at = timer->next;
            return true;
        }
    }
    return false;
}

void loop_timer_clear(struct loop *loop, struct loop_timer *timer)
{
    if (timer->deadline_ms != 0 && !list_remove(&loop->timers, timer)) {
        (void)list_remove(&loop->due, timer);
    }
    timer->deadline_ms = 0;
    timer->next = NULL;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t delay_ms,
                    loop_timer_fn *fn, void *data)
{
    struct loop_timer **at = &loop->timers;
    int64_t now = monotonic_ms();

    loop_timer_clear(loop, timer);
    if (delay_ms < 0) {
        delay_ms = 0;
    }
    timer->deadline_ms = delay_ms < INT64_MAX - now ? now + delay_ms : INT64_MAX;
    timer->fn = fn;
    timer->data = data;
    /* Behind those of the same time, so that timers fire in the order they were set. */
    while (*at && (*at)->deadline_ms <= timer->deadline_ms) {
        at = &(*at)->next;
    }
    timer->next = *at;
    *at = timer;
}

int loop_signal(struct loop *loop, int signo, loop_signal_fn *fn, void *data)
{
    return signal_pipe_set(&loop->signals, signo, fn, data);
}

int loop_wait(struct loop *loop, int fd, short events, const sigset_t *signals)
{
    struct pollfd polls[] = {{.fd = fd, .events = events},
                             {.fd = loop->signals.fd, .events = POLLIN}};
    bool drained = false;
    int rc = 0;

    for (;;) {
        /* With an end asked for only what needs no waiting is done. */
        bool came = signal_pipe_came(&loop->signals, signals);
        int ready = poll(polls, 2, came ? 0 : -1);
        if (ready < 0 && errno != EINTR && errno != EAGAIN) {
            rc = -errno;
            break;
        }
        if (ready > 0 && polls[0].revents) {
            rc = polls[0].revents & POLLNVAL ? -EBADF : 0;
            break;
        }
        if (came) {
            rc = -EINTR;
            break;
        }
        if (ready > 0) {
            signal_pipe_drain(&loop->signals);
            drained = true;
        }
    }
    if (drained) {
        signal_pipe_wake(); /* the handlers are still to be called, from the loop */
    }
    return rc;
}

/* The signal pipe is entry 0; a watch that wants nothing is left out, or its POLLHUP would spin. */
static int prepare_polls(struct loop *loop, nfds_t *ret_count)
{
    nfds_t count = 1;

    if (loop->poll_capacity < loop->watch_count + 1) {
        size_t capacity = loop->watch_count + 1;
        struct pollfd *polls = reallocarray(loop->polls, capacity, sizeof(*polls));
        if (!polls) {
            return -ENOMEM;
        }
        loop->polls = polls;
        struct entry *entries = reallocarray(loop->entries, capacity, sizeof(*entries));
        if (!entries) {
            return -ENOMEM;
        }
        loop->entries = entries;
        loop->poll_capacity = capacity;
    }
    loop->polls[0] = (struct pollfd){.fd = loop->signals.fd, .events = POLLIN};
    for (size_t fd = 0; fd < loop->watch_count; fd++) {
        const struct watch *watch = &loop->watches[fd];
        if (watch->fn && watch->events != 0) {
            loop->polls[count] = (struct pollfd){.fd = (int)fd, .events = watch->events};
            loop->entries[count] = (struct entry){.fd = (int)fd, .birth = watch->birth};
            count++;
        }
    }
    *ret_count = count;
    return 0;
}

static int poll_timeout(const struct loop *loop)
{
    if (!loop->timers) {
        return -1;
    }
    int64_t left = loop->timers->deadline_ms - monotonic_ms();
    return left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

static void dispatch_fds(struct loop *loop, nfds_t count)
{
    for (nfds_t i = 1; i < count && !loop->stopped; i++) {
        short revents = loop->polls[i].revents;
        struct watch *watch = find_watch(loop, loop->entries[i].fd);

        /* An earlier callback of this round may have removed the watch or lost interest. */
        if (revents == 0 || !watch || watch->birth != loop->entries[i].birth) {
            continue;
        }
        revents &= (short)(watch->events | POLLERR | POLLHUP | POLLNVAL);
        if (revents == 0 || watch->events == 0) {
            continue;
        }
        loop_fd_fn *fn = watch->fn;
        void *data = watch->data;
        if (revents & POLLNVAL) {
            /* Closed behind our back: told once, or poll would return at once for ever. */
            watch->fn = NULL;
        }
        fn(loop->entries[i].fd, revents, data);
    }
}

static void dispatch_timers(struct loop *loop)
{
    int64_t now = monotonic_ms();
    struct loop_timer **end = &loop->timers;

    /* Cut the due ones off first: a timer that sets itself again has to wait for the next round. */
    while (*end && (*end)->deadline_ms <= now) {
        end = &(*end)->next;
    }
    if (end == &loop->timers) {
        return;
    }
    struct loop_timer *later = *end;
    *end = NULL;
    loop->due = loop->timers;
    loop->timers = later;
    while (loop->due && !loop->stopped) {
        struct loop_timer *timer = loop->due;
        loop_timer_clear(loop, timer);
        timer->fn(timer->data);
    }
    /* Stopped in the middle: the rest stays set, in front, for another run. */
    end = &loop->due;
    while (*end) {
        end = &(*end)->next;
    }
    *end = loop->timers;
    loop->timers = loop->due;
    loop->due = NULL;
}

int loop_run(struct loop *loop)
{
    while (!loop->stopped) {
        nfds_t count = 0;
        int r = prepare_polls(loop, &count);
        if (r < 0) {
            return r;
        }
        r = poll(loop->polls, count, poll_timeout(loop));
        if (r < 0 && errno != EINTR) {
            return -errno;
        }
        /* After EINTR revents are stale; the byte in the pipe wakes the next round. */
        if (r > 0) {
            /* Before the data even when it came in the last moment: a resize, then a key. */
            if (loop->polls[0].revents || signal_pipe_untold()) {
                signal_pipe_dispatch(&loop->signals, &loop->stopped);
            }
            dispatch_fds(loop, count);
        }
        if (!loop->stopped) {
            dispatch_timers(loop);
        }
    }
    loop->stopped = false;
    return loop->result;
}

void loop_stop(struct loop *loop, int result)
{
    loop->stopped = true;
    loop->result = result;
}

void loop_signals_default(void)
{
    sigset_t none;

    for (int signo = 1; signo < NSIG; signo++) {
        /* KILL, STOP and libc's own real-time signals cannot be set: nothing to do for them. */
        (void)signal(signo, SIG_DFL);
    }
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}
