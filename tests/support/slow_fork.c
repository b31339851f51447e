/* SPDX-License-Identifier: MIT */
/*
 * A machine that is slow to fork: every fork(2) begins 300 ms late. For LD_PRELOAD in front of the
 * server, to see what has not been forked yet when the process before it runs.
 */
#include <dlfcn.h>
#include <sys/types.h>
#include <time.h>

typedef pid_t fork_fn(void);

pid_t fork(void)
{
    const struct timespec delay = {.tv_nsec = 300 * 1000 * 1000};
    fork_fn *next = (fork_fn *)dlsym(RTLD_NEXT, "fork");

    (void)nanosleep(&delay, NULL);
    return next();
}
