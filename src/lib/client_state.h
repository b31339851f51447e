/* SPDX-License-Identifier: MIT */
/* The inside of a client, shared by the files client*.c and by nobody else. */
#ifndef LIB_CLIENT_STATE_H
#define LIB_CLIENT_STATE_H

#include <vsock-shell/client.h>

/* What we take: 256 KiB of data and room for the fields around it. */
#define CLIENT_PAYLOAD_MAX 262208u

#define CLIENT_HELLO_MS    10000 /* a server that says nothing for so long speaks version 1 */
#define CLIENT_PING_MS     15000
#define CLIENT_SILENT_MS   600000
#define CLIENT_END_MS      2000

enum client_state {
    CLIENT_IDLE,    /* nothing asked yet */
    CLIENT_RUNNING, /* EXEC is queued */
    CLIENT_ENDING,  /* EXIT was seen and END queued: the server's END is awaited */
    CLIENT_OVER,
};

struct vsh_client {
    int fd;
    struct vsh_queue *queue;
    enum client_state state;
    int failed;           /* the final error, or 0 */
    bool heard_hello;     /* the send limit is the server's own */
    bool write_broken;    /* the server takes nothing more; its last words may still come */
    bool stdin_ended;     /* by us */
    bool stdin_unread;    /* by the command */
    bool wants_writable;  /* a write was turned away */
    uint64_t credit;      /* stdin bytes we may still send */
    enum vsh_stream lent; /* the stream of the output event that the caller holds */
    uint32_t lent_bytes;
    uint32_t owed[VSH_STREAMS]; /* output bytes dealt with and not yet given back */
    bool ended[VSH_STREAMS];    /* EOF came */
    int64_t asked_ms;           /* when HELLO and EXEC were sent */
    int64_t heard_ms;           /* when the last bytes came */
    int64_t ping_ms;            /* when the unanswered PING was sent, 0 = none */
    int64_t ending_ms;          /* when END was queued */
};

/* Remembers the first final error and returns it. */
int client_fail(struct vsh_client *client, int error);

/* Writes what waits, without blocking; a peer that has gone is noticed when reading. */
int client_flush(struct vsh_client *client);

/* Takes the server's HELLO, the first message of all. 0 or a final error. */
int client_take_hello(struct vsh_client *client, const struct vsh_message *message);

/*
 * Waits until deadline_ms for the descriptor, then reads and writes once, and keeps the
 * connection's own deadlines. 0 when something moved or may have, -ETIMEDOUT, or a final error.
 */
int client_step(struct vsh_client *client, int64_t deadline_ms);

/* How many stdin bytes can be taken now. */
size_t client_writable(const struct vsh_client *client);

#endif
