/* SPDX-License-Identifier: MIT */
/*
 * Inside server/native: the connection that all requests share, and what a request gives to it.
 *
 *   WAITING --request--> BUSY --its end--> WAITING (files) or ENDING (exec, v1 shell)
 *      |                  |
 *      +--END, error------+--END, error, peer gone--> OVER
 */
#ifndef SERVER_NATIVE_SESSION_H
#define SERVER_NATIVE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include <vsock-shell/error.h>
#include <vsock-shell/file_message.h>
#include <vsock-shell/message.h>

#include "common/audit.h"
#include "common/loop.h"
#include "server/native/native.h"

/* What every frame of ours fits in: 256 KiB of data and what stands before it. */
#define NATIVE_PAYLOAD_MAX (256u * 1024u + 64u)

enum native_state { NATIVE_WAITING, NATIVE_BUSY, NATIVE_ENDING, NATIVE_OVER };

struct native;

/* A request being carried out. Its own data hangs off native->request. */
struct native_activity {
    /* A message that is not the connection's. Returns 0 or a negative errno that ends it all. */
    int (*message)(struct native *native, const struct vsh_message *message);
    /* May the next message be taken? NULL = always. */
    bool (*ready)(const struct native *native);
    /* Reads the socket as vsh_queue_fill() does; NULL = that. */
    ssize_t (*read)(struct native *native);
    /* The queue has moved: there may be room. */
    void (*moved)(struct native *native);
    void (*child_ended)(struct native *native); /* SIGCHLD; NULL = it has no child */
    /* The peer has gone or gives up: end what runs (may block for process_terminate()). */
    void (*gone)(struct native *native);
    void (*free)(struct native *native);
};

struct native {
    const struct native_settings *settings;
    int fd;
    short hang_up; /* the event that tells of a peer that has gone while nothing is read */
    struct vsh_queue *queue;
    struct loop *loop;
    struct account *account; /* who the session is */
    enum native_state state;
    bool heard; /* the first message has told the version */
    bool v1;
    bool write_broken;
    struct vsh_winsize size; /* v1: may come before the request */
    const struct native_activity *activity;
    void *request;
    struct audit action;            /* what is being done; its name is NULL while nothing is */
    uint64_t bytes_taken;           /* of messages; the queue counts what waits, too */
    uint64_t action_in, action_out; /* what had been taken and sent when it began */
    struct audit_result ended;      /* why the connection ended */
    int64_t heard_ms;               /* last byte of the peer */
    int64_t active_ms;              /* last byte that was no ping */
    int64_t tick_ms;
    struct loop_timer grace, tick, end, turn;
    size_t end_pending; /* bytes that waited when the end was last looked at */
    int status;
};

/* The request begins: activity and data are the connection's from now on. */
void native_begin(struct native *native, const struct native_activity *activity, void *request);

/*
 * The request came to its own end; result is for the audit line. With over = true the session is:
 * the peer's acknowledgement is awaited. Else the next request may come.
 */
void native_finish(struct native *native, bool over, const struct audit_result *result);

/*
 * The session cannot go on: tells the peer (ERROR, or what v1 has), logs the sentence, ends the
 * request as if the peer had gone. Returns 0, so that a message handler can return it.
 */
__attribute__((format(printf, 3, 4))) int native_fail(struct native *native, uint32_t code,
                                                      const char *format, ...);

/* An action begins: as audit_begin(). Before anything that may fail with it. */
void native_describe(struct native *native, const char *action, const char *text_name,
                     const char *text);

/* The audit line of the action, if there is one; no other follows. */
void native_audit(struct native *native, const struct audit_result *result);

/* Ends what runs, if anything does, as if the peer had gone. */
void native_drop(struct native *native);

/* The peer has gone, or wants to; why is for the audit line, and nothing is said to the peer. */
void native_end_gone(struct native *native, const char *why);

/* The session is over: the loop ends, and the process with this status. */
void native_stop(struct native *native, int status);

/* Starts the deadlines of a fresh connection. */
void native_clock_start(struct native *native);

/* Would the next message be taken now? Not while its answer would not fit. */
bool native_may_take(const struct native *native);

/* Sends what is pending and watches the socket for what is wanted now. After every change. */
void native_update(struct native *native);

/* Bytes moved that are not ping: the idle clock starts again. */
void native_touch(struct native *native);

/* Asks the policy, then lets the request begin. Returns 0 or a negative errno that ends it all. */
int native_take_request(struct native *native, const struct vsh_message *message);

/*
 * The request names a user ("" or NULL: none): root may become anybody, for good, and others nobody
 * but themselves. Returns 0, or a negative errno after native_fail().
 */
int native_change_user(struct native *native, const char *user);

/* The requests; each begins an activity, or fails. */
int native_exec_request(struct native *native, const struct vsh_message *message);
int native_put_request(struct native *native, const struct vsh_message *message);
int native_get_request(struct native *native, const struct vsh_message *message);
int native_v1_shell_request(struct native *native, const struct vsh_message *message);
int native_v1_size_request(struct native *native, const struct vsh_message *message);
int native_v1_upload_request(struct native *native, const struct vsh_message *message);
int native_v1_download_request(struct native *native, const struct vsh_message *message);

#endif
