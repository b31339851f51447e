/* SPDX-License-Identifier: MIT */
/*
 * One SSH connection: what its parts share, and its loop.
 *
 * Order of calls: ssh_connection_start(), ssh_connection_login(), the process becomes the user,
 * ssh_connection_serve(), ssh_connection_end().
 *
 * libssh calls back from within any of its functions. Callbacks therefore only record and take
 * bytes; everything is sent from the loop (ssh_loop.c), which alone polls: a descriptor in libssh's
 * own event would be called again from inside its own callback and lose data.
 */
#ifndef SERVER_SSH_SSH_CONNECTION_H
#define SERVER_SSH_SSH_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/audit.h"
#include "server/ssh/ssh_auth.h"
#include "server/ssh/ssh_compat.h"
#include "server/ssh/ssh_peer.h"

#define SSH_OUTPUT_CHUNK (8u * SSH_PACKET_DATA) /* one turn of a channel's output */
#define SSH_SESSIONS_MAX 64u
#define SSH_FORWARDS_MAX 512u

struct channel;
struct listener;
struct recorder;
struct ssh_settings;
struct terminator;

struct ssh_connection {
    const struct ssh_settings *settings;
    struct recorder *recorder; /* of terminals; it outlives the connection */
    struct ssh_peer peer;
    struct ssh_auth auth;
    struct audit_session audit; /* the user from the login on */
    struct audit_result ended;  /* why the connection is over, for its audit line */
    ssh_session session;
    ssh_event event;
    struct ssh_server_callbacks_struct callbacks;
    struct ssh_counter_struct counter; /* bytes on the socket, kept by libssh */
    int fd;                            /* libssh's */
    int signal_fd;
    struct channel *channels;       /* newest first */
    struct listener *listeners;     /* remote forwards and the agent's socket */
    struct terminator *terminators; /* processes that are being ended */
    unsigned session_count, forward_count;
    char *agent_path;  /* SSH_AUTH_SOCK, once a client asked for it */
    uint8_t *staging;  /* SSH_OUTPUT_CHUNK bytes, from a read to the write that follows it */
    size_t unflushed;  /* sent since the socket's buffer was last empty, at most */
    int64_t heard_ms;  /* when the peer last sent anything */
    int64_t active_ms; /* when a channel last moved data */
    uint64_t heard_bytes;
    int64_t pinged_ms;
    const char *goodbye; /* what the peer is to be told at the end */
    bool ending;         /* SIGTERM, or the link is done for */
};

/*
 * Makes the session on fd, which it owns from here on. key is the host key. Returns 0 or a negative
 * errno.
 */
int ssh_connection_start(struct ssh_connection *connection, const struct ssh_settings *settings,
                         ssh_key key, int fd);

/* The library's part of that, with our algorithms; the session owns fd after success. */
int ssh_connection_accept(ssh_session session, const struct ssh_settings *settings, ssh_key key,
                          int fd);

/*
 * Key exchange and login within the grace time. Returns 0 when somebody has logged in, else a
 * negative errno after logging why not.
 */
int ssh_connection_login(struct ssh_connection *connection);

/* Serves channels until the peer is gone or SIGTERM comes. */
void ssh_connection_serve(struct ssh_connection *connection);

/* Ends what still runs (a few seconds at most), writes the audit line and frees everything. */
void ssh_connection_end(struct ssh_connection *connection);

/* Lets libssh handle what has arrived; false when the link is over. */
bool ssh_connection_pump(struct ssh_connection *connection);

/* Ends the session with a reason for the client to show; ssh_connection_end() sends it. */
void ssh_connection_disconnect(struct ssh_connection *connection, const char *reason);

/* poll(2) events that libssh wants on fd. */
short ssh_connection_events(const struct ssh_connection *connection);

#endif
