/* SPDX-License-Identifier: MIT */
/*
 * One thread per process that is being ended. The thread alone reaps it; nothing else of the
 * program is touched from there.
 */
#include "server/ssh/ssh_terminate.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/log.h"
#include "server/ssh/ssh_connection.h"
#include "session/process.h"

#define STACK_BYTES (256u * 1024u)

struct terminator {
    pthread_t thread;
    struct process process;
    atomic_bool done;
    struct terminator *next;
};

static void *run(void *data)
{
    struct terminator *terminator = data;
    process_terminate(&terminator->process);
    atomic_store(&terminator->done, true);
    return NULL;
}

static int start_thread(struct terminator *terminator)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) {
        return -1;
    }
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    int r = pthread_create(&terminator->thread, &attributes, run, terminator);
    (void)pthread_attr_destroy(&attributes);
    return r == 0 ? 0 : -1;
}

void ssh_terminate_start(struct ssh_connection *connection, struct process *process)
{
    struct terminator *terminator = calloc(1, sizeof(*terminator));
    if (terminator != NULL) {
        terminator->process = *process;
        /* The descriptors stay with the caller. */
        terminator->process.stdin_fd = -1;
        terminator->process.stdout_fd = terminator->process.stderr_fd = -1;
    }
    if (terminator == NULL || start_thread(terminator) < 0) {
        free(terminator);
        log_warning("cannot start a thread to end process %d; it gets SIGKILL", process->pid);
        (void)process_signal(process, -1, SIGKILL);
        return;
    }
    process->guard.pid = 0; /* the thread's */
    terminator->next = connection->terminators;
    connection->terminators = terminator;
}

void ssh_terminate_collect(struct ssh_connection *connection, bool wait)
{
    struct terminator **at = &connection->terminators;
    while (*at != NULL) {
        struct terminator *terminator = *at;
        if (!wait && !atomic_load(&terminator->done)) {
            at = &terminator->next;
            continue;
        }
        (void)pthread_join(terminator->thread, NULL);
        *at = terminator->next;
        free(terminator);
    }
}
