/* SPDX-License-Identifier: MIT */
/*
 * The native protocol, server side: translates messages to session/ and file/ and back.
 *
 * One connection is one session: an exec, or a run of file requests. The process becomes the
 * session user before it parses a byte, so nothing a peer sends is read with more rights than its
 * commands would have.
 */
#ifndef SERVER_NATIVE_H
#define SERVER_NATIVE_H

#include <stdbool.h>
#include <stdint.h>

struct account;
struct audit_session;
struct policy;
struct recorder;
struct vsh_queue;

struct native_settings {
    const struct policy *policy;
    const struct account *account; /* whom to become; NULL = stay who we are */
    const char *shell;             /* NULL = the account's */
    struct audit_session *audit;   /* who it is; the user is filled in here */
    int64_t deadline_ms;           /* of the first request, on monotonic_ms()'s clock; -1 = none */
    int idle_timeout_ms;           /* 0 = none */
    struct recorder *recorder;
    bool ssh; /* SSH is served on the same port: for HELLO */
};

/*
 * Serves fd (non-blocking, stays the caller's) until the session is over; blocks that long. When it
 * returns no process of the session's peer-facing half is left. Returns the exit status for the
 * connection's process: 0 for a session that came to its own end.
 */
int native_serve(int fd, const struct native_settings *settings);

/* Is this the number of a version 1 message? */
bool native_is_v1(uint32_t type);

/* VSH_FEATURE_* of a session with these settings. */
uint32_t native_features(const struct native_settings *settings);

/* The server's HELLO. Returns as vsh_put_hello(). */
int native_put_hello(struct vsh_queue *queue, uint32_t features);

/* Version 1 has no errors: the sentence goes to the terminal, then the session is over. */
void native_put_v1_error(struct vsh_queue *queue, const char *text);

#endif
