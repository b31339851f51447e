/* SPDX-License-Identifier: MIT */
/*
 * The loop of a session: one poll over libssh's socket, the signals and what the channels ask for.
 * libssh's own event holds the session alone and is only run without waiting.
 */
#include "server/ssh/ssh_connection.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "common/log.h"
#include "common/session_slot.h"
#include "server/ssh/ssh_agent.h"
#include "server/ssh/ssh_channel.h"
#include "server/ssh/ssh_listen.h"
#include "server/ssh/ssh_read_ahead.h"
#include "server/ssh/ssh_settings.h"
#include "server/ssh/ssh_terminate.h"

#define FIXED_FDS 2
#define FDS_MAX                                                                                    \
    (FIXED_FDS + PUMP_FDS_MAX * (SSH_SESSIONS_MAX + SSH_FORWARDS_MAX) + SSH_LISTENERS_MAX)

/* A peer that sleeps (a suspended client) answers nothing, so patience is long; but the question
   itself makes a transport that has lost its other end say so. */
#define PING_AFTER_MS 60000
#define VANISHED_MS   600000
#define LOGIN_FLUSHES 20
#define GOODBYE_MS    2000

/* Who asked for a descriptor; neither = libssh's socket or the signals. */
struct watch {
    struct channel *channel;
    struct listener *listener;
};

struct round {
    struct pollfd fds[FDS_MAX];
    struct watch watches[FDS_MAX];
    size_t count;
};

static void add(struct round *round, int fd, short events, struct watch watch)
{
    if (round->count < FDS_MAX) {
        round->fds[round->count] = (struct pollfd){.fd = fd, .events = events};
        round->watches[round->count++] = watch;
    }
}

static void gather(struct ssh_connection *connection, struct round *round)
{
    struct pump_interest list[PUMP_FDS_MAX];
    round->count = 0;
    add(round, connection->fd, ssh_connection_events(connection), (struct watch){0});
    add(round, connection->signal_fd, POLLIN, (struct watch){0});
    for (struct channel *channel = connection->channels; channel != NULL; channel = channel->next) {
        size_t count = channel->kind != NULL ? channel->kind->interest(channel, list) : 0;
        for (size_t i = 0; i < count; i++) {
            /* poll(2) reports a hang-up even to those who asked for nothing. */
            if (list[i].events != 0) {
                add(round, list[i].fd, list[i].events, (struct watch){.channel = channel});
            }
        }
    }
    for (struct listener *listener = connection->listeners; listener != NULL;
         listener = listener->next) {
        if (listener->rest_until_ms <= monotonic_ms()) {
            add(round, listener->fd, POLLIN, (struct watch){.listener = listener});
        }
    }
}

/* How long poll(2) may sleep. */
static int timeout(const struct ssh_connection *connection)
{
    int64_t now = monotonic_ms();
    int64_t due = connection->heard_ms + PING_AFTER_MS;
    int idle = connection->settings->idle_timeout_ms;
    if (connection->pinged_ms >= due) {
        due = connection->pinged_ms + PING_AFTER_MS;
    }
    if (idle > 0 && connection->active_ms + idle < due) {
        due = connection->active_ms + idle;
    }
    /* A listener that rests is not polled: nothing else would wake us when it may go on. */
    for (struct listener *at = connection->listeners; at != NULL; at = at->next) {
        due = at->rest_until_ms > now && at->rest_until_ms < due ? at->rest_until_ms : due;
    }
    for (struct channel *channel = connection->channels; channel != NULL; channel = channel->next) {
        if (channel->kind != NULL && channel->kind->busy != NULL && channel->kind->busy(channel)) {
            return 0;
        }
    }
    return due > now ? (int)(due - now) : 0;
}

/* Is the peer alive, and does anything move? */
static void check_clocks(struct ssh_connection *connection)
{
    int64_t now = monotonic_ms();
    int idle = connection->settings->idle_timeout_ms;
    if (connection->counter.in_bytes != connection->heard_bytes) {
        connection->heard_bytes = connection->counter.in_bytes;
        connection->heard_ms = now;
    }
    if (idle > 0 && now - connection->active_ms >= idle) {
        ssh_connection_disconnect(connection, "Idle for too long");
        connection->ended = audit_because("no data for %g s (--idle-timeout)", idle / 1000.0);
    } else if (now - connection->heard_ms >= VANISHED_MS) {
        connection->ended =
            audit_because("peer vanished: nothing heard for %d s", VANISHED_MS / 1000);
        connection->ending = true;
    } else if (now - connection->heard_ms >= PING_AFTER_MS &&
               now - connection->pinged_ms >= PING_AFTER_MS) {
        connection->pinged_ms = now;
        (void)ssh_send_keepalive(connection->session);
    }
}

static void on_signals(struct ssh_connection *connection)
{
    struct signalfd_siginfo info;
    bool child = false;
    while (read(connection->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGCHLD) {
            child = true;
        } else {
            ssh_connection_disconnect(connection, "The server is going down");
            connection->ended = audit_because("ended by signal %u", info.ssi_signo);
        }
    }
    if (!child) {
        return;
    }
    for (struct channel *channel = connection->channels; channel != NULL; channel = channel->next) {
        if (channel->kind != NULL && channel->kind->child_ended != NULL) {
            channel->kind->child_ended(channel);
        }
    }
    ssh_terminate_collect(connection, false);
}

/* Does a channel still wait for something that its peer would want to know? */
static bool is_abandoned(const struct ssh_connection *connection)
{
    for (const struct channel *channel = connection->channels; channel != NULL;
         channel = channel->next) {
        if (!channel->peer_closed && !channel->finished) {
            return true;
        }
    }
    return false;
}

static void dispatch(struct ssh_connection *connection, const struct round *round)
{
    /* Pipes before signals: what a process wrote before its end is then already on its way. */
    for (size_t i = FIXED_FDS; i < round->count; i++) {
        const struct watch *watch = &round->watches[i];
        if (round->fds[i].revents == 0) {
            continue;
        }
        if (watch->listener != NULL) {
            watch->listener->accept(watch->listener);
        } else {
            watch->channel->kind->ready(watch->channel, round->fds[i].fd, round->fds[i].revents);
        }
    }
    if (round->fds[1].revents != 0) {
        on_signals(connection);
    }
    if (round->fds[0].revents != 0 && !ssh_connection_pump(connection)) {
        connection->ending = true;
        if (is_abandoned(connection)) {
            connection->ended = audit_because("peer vanished");
        }
    }
    if (ssh_connection_events(connection) == POLLIN) {
        connection->unflushed = 0;
    }
}

static void turn(struct ssh_connection *connection)
{
    struct channel *next;
    for (struct channel *channel = connection->channels; channel != NULL; channel = next) {
        ssh_channel_turn(channel);
        next = channel->next;
        if (ssh_channel_is_over(channel)) {
            ssh_channel_remove(connection, channel);
        }
    }
    ssh_listen_sweep(connection);
}

void ssh_connection_serve(struct ssh_connection *connection)
{
    struct round *round = malloc(sizeof(*round));
    connection->heard_ms = connection->active_ms = monotonic_ms();
    if (round == NULL) {
        die("out of memory");
    }
    ssh_read_ahead_start(connection->fd);
    while (!connection->ending) {
        /* First, for the login may have brought a channel along. */
        turn(connection);
        gather(connection, round);
        int n = ssh_read_ahead_poll(round->fds, round->count, timeout(connection));
        if (n < 0 && errno != EINTR) {
            log_error("poll: %s", strerror(errno));
            break;
        }
        if (n > 0) {
            dispatch(connection, round);
        }
        check_clocks(connection);
        session_slot_bytes(connection->audit.slot, connection->counter.in_bytes,
                           connection->counter.out_bytes);
    }
    free(round);
}

/* Gives what is still in libssh's buffer, and a message after it, the chance to get out. */
static void flush(struct ssh_connection *connection)
{
    int64_t deadline = monotonic_ms() + GOODBYE_MS;
    /* Before a login nothing large is pending, and its peer may not go on with its attempts. */
    int turns = connection->auth.succeeded ? INT_MAX : LOGIN_FLUSHES;
    while (turns-- > 0 && (ssh_connection_events(connection) & POLLOUT) != 0 &&
           fd_wait(connection->fd, POLLOUT, deadline) == 0) {
        if (ssh_event_dopoll(connection->event, 0) != SSH_OK) {
            return;
        }
    }
}

/*
 * Says goodbye. libssh closes its socket at once, and a client that is just writing would see a
 * broken pipe instead of the reason: a second descriptor keeps the stream open for a moment.
 */
static void say_goodbye(struct ssh_connection *connection)
{
    uint8_t ignored[4096];
    int64_t deadline = monotonic_ms() + GOODBYE_MS;
    cleanup_close int fd = fcntl(connection->fd, F_DUPFD_CLOEXEC, 3);
    (void)ssh_session_set_disconnect_message(connection->session, connection->goodbye);
    ssh_disconnect(connection->session);
    while (fd >= 0 && fd_wait(fd, POLLIN, deadline) == 0 &&
           recv(fd, ignored, sizeof(ignored), MSG_DONTWAIT) > 0) {
        continue;
    }
}

void ssh_connection_end(struct ssh_connection *connection)
{
    while (connection->channels != NULL) {
        ssh_channel_remove(connection, connection->channels);
    }
    /* After our channels: it frees libssh's side of them. */
    if (connection->event != NULL && ssh_is_connected(connection->session)) {
        flush(connection);
        if (connection->goodbye != NULL) {
            say_goodbye(connection);
        }
    }
    ssh_listen_close_all(connection);
    ssh_agent_done(connection);
    if (connection->event != NULL) {
        (void)ssh_event_remove_session(connection->event, connection->session);
        ssh_event_free(connection->event);
    }
    ssh_read_ahead_stop();
    ssh_free(connection->session);
    ssh_terminate_collect(connection, true);
    if (connection->signal_fd >= 0) {
        (void)close(connection->signal_fd);
    }
    audit_log_connection(LOG_LEVEL_NOTICE, &connection->audit, connection->counter.in_bytes,
                         connection->counter.out_bytes, &connection->ended);
    ssh_auth_done(&connection->auth);
    free(connection->staging);
}
