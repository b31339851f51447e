/* SPDX-License-Identifier: MIT */
/*
 * A channel and what is behind it: nothing yet, a process, the SFTP server, or a socket. The kind
 * is a table of functions; the life of a channel, its flow control and its end are the same for
 * all.
 */
#ifndef SERVER_SSH_SSH_CHANNEL_H
#define SERVER_SSH_SSH_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "server/ssh/ssh_connection.h"
#include "session/pump.h"

struct channel;
struct environ_block;
struct ssh_process;

struct channel_kind {
    const char *name;
    /* Takes bytes from the peer and returns how many; the rest is offered again from work(). */
    size_t (*input)(struct channel *channel, const uint8_t *bytes, size_t length);
    /* The peer sends no more, and everything it sent has been taken. */
    void (*input_eof)(struct channel *channel);
    size_t (*interest)(struct channel *channel, struct pump_interest list[PUMP_FDS_MAX]);
    void (*ready)(struct channel *channel, int fd, short revents);
    /* Once per turn of the loop: send what can be sent. */
    void (*work)(struct channel *channel);
    /* A child of ours has ended, perhaps this one's. May be NULL. */
    void (*child_ended)(struct channel *channel);
    /* Has something to do at once, whatever the descriptors say. May be NULL. */
    bool (*busy)(const struct channel *channel);
    void (*free)(struct channel *channel);
};

struct channel {
    struct ssh_connection *connection;
    struct channel *next;
    ssh_channel handle; /* NULL while a forwarded channel is not open */
    const struct channel_kind *kind;
    struct ssh_process *process; /* also holds a terminal before there is a process */
    void *state;                 /* any other kind's */
    struct ssh_channel_callbacks_struct callbacks;
    struct environ_block *environment;
    struct buffer carry;  /* taken from libssh, not yet by the kind */
    struct buffer unsent; /* given to us by the kind, not yet taken by libssh */
    bool unsent_is_stderr;
    unsigned requested_env;
    bool is_session;
    bool opening;     /* we asked for it, the peer has not answered */
    bool backlog;     /* libssh holds bytes that the kind has not taken */
    bool eof_seen;    /* from the peer */
    bool eof_told;    /* to the kind */
    bool peer_closed; /* the peer has closed the channel */
    bool reader_gone; /* the peer said that nobody reads stdout (eow@openssh.com) */
    bool writing;     /* inside ssh_channel_write() */
    bool finished;    /* nothing more to do but close */
    bool closing;     /* EOF is on its way */
    bool closed;      /* CLOSE, too */
};

/* Makes a channel and puts it into the connection's list. NULL when memory or the limit is out. */
struct channel *ssh_channel_add(struct ssh_connection *connection, bool is_session);

/* Gives it libssh's channel and sets our callbacks. 0 or -EIO. */
int ssh_channel_attach(struct channel *channel, ssh_channel handle);

/* How much may be sent on it now: the peer's window and our own share of the socket's buffer. */
size_t ssh_channel_room(const struct channel *channel);
/*
 * Sends length <= min(ssh_channel_room(), SSH_OUTPUT_CHUNK) bytes; is_stderr chooses the stream.
 * What libssh does not take is kept, and there is no room until it has gone.
 */
void ssh_channel_send(struct channel *channel, const uint8_t *bytes, size_t length, bool is_stderr);
/* Sends what can be sent of a longer queue; returns how much the caller may forget. */
size_t ssh_channel_send_some(struct channel *channel, const uint8_t *bytes, size_t length);

/* For the audit line of what did not come to its own end. */
struct audit_result ssh_channel_why_closed(const struct channel *channel);

/* One turn: input left behind, the kind's work, the end. */
void ssh_channel_turn(struct channel *channel);

/* Out of the list and freed, once finished and closed, or at once when the link is gone. */
bool ssh_channel_is_over(const struct channel *channel);
void ssh_channel_remove(struct ssh_connection *connection, struct channel *channel);

#endif
