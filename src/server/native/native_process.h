/* SPDX-License-Identifier: MIT */
/* A process and its pump on a native connection, the same for v1 and v2: start, poll, end. */
#ifndef SERVER_NATIVE_PROCESS_H
#define SERVER_NATIVE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "server/native/native_session.h"
#include "session/process.h"
#include "session/pump.h"

struct environ_block;

struct native_process {
    struct process process;
    struct pump *pump;
    int watched[PUMP_FDS_MAX];
    size_t watched_count;
    bool exited; /* the pump has moved everything and told the result */
    struct process_result result;
};

/* What to start; command NULL = login shell. */
struct native_start {
    const char *shell;   /* NULL = the session's */
    const char *command; /* for shell -c */
    char *const *argv;   /* != NULL: this program, no shell */
    const char *cwd;
    const struct vsh_winsize *size; /* != NULL: on a PTY */
    struct environ_block *env;
    size_t input_capacity;
    const struct pump_peer *ops;
};

/*
 * Starts and connects the pump (its peer is native). Returns 0, or a negative errno with
 * *ret_stage; then there is nothing to clean up.
 */
int native_process_start(struct native *native, struct native_process *process,
                         const struct native_start *start, enum process_stage *ret_stage);

/* The session's environment: the account's, TERM (NULL = none) and the peer's name. */
int native_process_environ(const struct native *native, const char *term,
                           struct environ_block **ret);

/* One sentence for a failed start, and the exit status that a shell would give it. */
int native_process_explain(int error, enum process_stage stage, const char *what, char *text,
                           size_t size);

/* Has the recording broken? Then the session has been ended. Before anything else in moved(). */
bool native_process_is_unrecorded(struct native *native, const struct native_process *process);

/*
 * The pump's call. It runs inside the pump, which must not be freed under its feet: moved() draws
 * the line, and finishes when the peer has been told.
 */
void native_process_exited(void *peer, const struct process_result *result);
void native_process_finish(struct native *native, const struct native_process *process);

/* Watches what the pump wants now; after every call into the pump. */
void native_process_watch(struct native *native, struct native_process *process);

/*
 * The calls of struct native_activity for a request that begins with its struct native_process.
 * Free closes what is open, and a process that still runs goes on without us.
 */
void native_process_child_ended(struct native *native);
void native_process_gone(struct native *native);
void native_process_free(struct native *native);

#endif
