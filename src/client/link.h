/* SPDX-License-Identifier: MIT */
/*
 * One connection to a server: the socket, its message queue, HELLO, ping and the ways a connection
 * ends. What the messages mean is the session's (shell, transfer).
 *
 * link_open() queues HELLO in v2; the session queues its request right behind it and calls
 * link_update(), then loop_run(). The session's callbacks run from the loop. Before the server's
 * HELLO only payloads up to VSH_V2_PAYLOAD_DEFAULT may be sent.
 */
#ifndef CLIENT_LINK_H
#define CLIENT_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include <vsock-shell/message.h>

#include "common/loop.h"

/* What loop_run() returns when the server turns out to speak v1 only; else an exit status. */
#define LINK_SPEAK_V1 1000

/* The end of a connection, for link_ops.ended. */
#define LINK_CLOSED 0

struct link_ops {
    /* The server has answered HELLO: the send limit is what it takes. */
    void (*ready)(void *session);
    /* A message of the session's own kind. 0, or a negative errno: the peer broke the protocol. */
    int (*message)(void *session, const struct vsh_message *message);
    /* May another message be taken? If not, the link is paused. NULL = always. */
    bool (*may_take)(void *session);
    /* The queue has moved: there may be room again. */
    void (*moved)(void *session);
    /*
     * No more messages will come: LINK_CLOSED at the end of the stream, else a negative errno
     * (VSH_E_GONE, -ETIMEDOUT). Not called after the server's ERROR.
     */
    void (*ended)(void *session, int error);
    /* The server ended the session with a sentence of its own. */
    void (*refused)(void *session, const struct vsh_error_message *error);
};

struct link_options {
    struct loop *loop;
    int fd; /* connected, non-blocking; the link closes it */
    const char *name;
    int protocol;       /* 1 or 2 */
    bool may_fall_back; /* v2: a server that does not answer HELLO is LINK_SPEAK_V1 */
    int answer_ms;      /* v2: how long to wait for HELLO, 0 = 10 s */
    const struct link_ops *ops;
    void *session;
};

struct link {
    struct link_options options;
    struct vsh_queue *queue;
    struct loop_timer timer; /* HELLO's deadline, then the keep-alive tick */
    bool heard_hello;
    bool paused;       /* the session cannot take more: the kernel holds the server back */
    bool room_made;    /* the queue had bulk in it since the session was last told of room */
    bool write_broken; /* the server takes nothing any more, but its last words may still come */
    bool ended;
    int64_t heard_ms; /* when the last bytes came */
    int64_t tick_ms;
};

/* Returns 0 or a negative errno; the descriptor is the link's in either case. */
int link_open(struct link *link, const struct link_options *options);
void link_close(struct link *link);

/* Sends what is queued as far as it goes and asks the loop for what is needed next. */
void link_update(struct link *link);

/*
 * Takes no further message, for a session that cannot now: the kernel holds the server back then.
 * link_resume() hands out what has come meanwhile and returns whether it did; in the message
 * callback it does nothing, because a link that is paused has no such callback.
 */
void link_pause(struct link *link);
bool link_resume(struct link *link);

/* Why a connection ended, in words: "the server closed it", "the server was silent for too long".
 */
const char *link_explain(int error);

#endif
