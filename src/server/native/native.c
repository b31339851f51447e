/* SPDX-License-Identifier: MIT */
/*
 * A native connection from its first message to its end: HELLO, which messages go where, and
 * the connection's place in the poll loop. Its clock and its end have files of their own, and
 * so has each request.
 */
#include "server/native/native.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "common/log.h"
#include "common/session_slot.h"
#include "server/native/native_session.h"
#include "session/account.h"

#define ANSWER_ROOM 4096u /* no message is taken unless an answer of this size would fit */

static int take_hello(struct native *native, const struct vsh_message *message)
{
    struct vsh_hello hello;

    if (native->heard || vsh_get_hello(message, &hello) < 0) {
        return VSH_E_MALFORMED;
    }
    if (hello.version < VSH_V2_VERSION) {
        return native_fail(native, VSH_ERROR_VERSION,
                           "this server speaks protocol versions 1 and 2, not %u", hello.version);
    }
    uint32_t send_max =
        hello.max_payload < NATIVE_PAYLOAD_MAX ? hello.max_payload : NATIVE_PAYLOAD_MAX;
    int r = vsh_queue_set_limits(native->queue, NATIVE_PAYLOAD_MAX, send_max);
    native->heard = true;
    log_debug("the peer is '%s' and takes %u bytes a message", hello.software, hello.max_payload);
    r = r < 0 ? r : native_put_hello(native->queue, native_features(native->settings));
    /*
     * Told before the request behind it is begun. A client that hears no answer takes us for a
     * server of version 1 and asks again: should we be killed now, its command would run twice.
     */
    return r < 0 ? r : vsh_queue_flush(native->queue);
}

static int take_ping(struct native *native, const struct vsh_message *message)
{
    uint64_t token;

    if (vsh_get_ping(message, &token) < 0) {
        return VSH_E_MALFORMED;
    }
    return message->type == VSH_V2_PING ? vsh_put_ping(native->queue, VSH_V2_PONG, token) : 0;
}

static int take_error(struct native *native, const struct vsh_message *message)
{
    struct vsh_error_message error;

    if (vsh_get_error(message, &error) < 0) {
        return VSH_E_MALFORMED;
    }
    struct audit_result why = audit_because("given up by the peer: %s", error.text);
    native_end_gone(native, why.text);
    return 0;
}

static int take_end(struct native *native, const struct vsh_message *message)
{
    if (message->length != 0) {
        return VSH_E_MALFORMED;
    }
    bool acknowledged = native->state == NATIVE_ENDING;
    if (native->v1 && !acknowledged) {
        (void)vsh_queue_put(native->queue, VSH_V1_CLIENT_END, NULL, 0);
    } else if (!native->v1) {
        (void)vsh_put_end(native->queue);
    }
    (void)vsh_queue_flush(native->queue);
    if (acknowledged || native->state == NATIVE_WAITING) {
        native_stop(native, 0);
    } else {
        native_end_gone(native, "ended by the peer");
    }
    return 0;
}

/* What belongs to the connection, in every state. */
static const struct {
    uint32_t type;
    int (*take)(struct native *native, const struct vsh_message *message);
} common_messages[] = {
    {VSH_V2_HELLO, take_hello}, {VSH_V2_PING, take_ping}, {VSH_V2_PONG, take_ping},
    {VSH_V2_ERROR, take_error}, {VSH_V2_END, take_end},   {VSH_V1_CLIENT_END, take_end},
};

static int take_message(struct native *native, const struct vsh_message *message)
{
    if (!native->heard && native_is_v1(message->type)) {
        native->heard = true;
        native->v1 = true;
        log_debug("the peer speaks protocol version 1");
        int r = vsh_queue_set_limits(native->queue, VSH_V1_PAYLOAD_MAX, VSH_V1_PAYLOAD_MAX);
        if (r < 0) {
            return r;
        }
    } else if (!native->heard && message->type != VSH_V2_HELLO) {
        return native_fail(native, VSH_ERROR_PROTOCOL, "message 0x%02x came before HELLO",
                           message->type);
    }
    if (native->v1 != native_is_v1(message->type)) {
        return native_fail(native, VSH_ERROR_PROTOCOL,
                           "message 0x%02x does not belong to the protocol version of this session",
                           message->type);
    }
    if (native->v1 && message->length > VSH_V1_PAYLOAD_MAX) {
        return VSH_E_TOO_BIG; /* the first message, read before the version was known */
    }
    if (message->type != VSH_V2_PING && message->type != VSH_V2_PONG) {
        native_touch(native);
    }
    native->bytes_taken += VSH_HEADER_SIZE + message->length;
    for (size_t i = 0; i < sizeof(common_messages) / sizeof(common_messages[0]); i++) {
        if (common_messages[i].type == message->type) {
            return common_messages[i].take(native, message);
        }
    }
    switch (native->state) {
    case NATIVE_WAITING:
        return native_take_request(native, message);
    case NATIVE_BUSY:
        return native->activity->message(native, message);
    case NATIVE_ENDING: /* sent before the peer knew of the end */
    case NATIVE_OVER:
        break;
    }
    return 0;
}

bool native_may_take(const struct native *native)
{
    if (vsh_queue_room(native->queue) < ANSWER_ROOM && vsh_queue_pending(native->queue) > 0) {
        return false;
    }
    return !native->activity || !native->activity->ready || native->activity->ready(native);
}

static void say_broken(struct native *native, int error)
{
    switch (error) {
    case VSH_E_MALFORMED:
        (void)native_fail(native, VSH_ERROR_PROTOCOL, "the peer sent a malformed message");
        break;
    case VSH_E_TOO_BIG:
        (void)native_fail(native, VSH_ERROR_PROTOCOL,
                          "the peer sent a message that is longer than the limit of %u bytes",
                          native->v1      ? VSH_V1_PAYLOAD_MAX
                          : native->heard ? NATIVE_PAYLOAD_MAX
                                          : VSH_V2_PAYLOAD_DEFAULT);
        break;
    default:
        (void)native_fail(native, VSH_ERROR_INTERNAL, "the session cannot go on: %s",
                          vsh_strerror(error));
        break;
    }
}

static void take_messages(struct native *native)
{
    struct vsh_message message;
    int r = 1;

    while (native->state != NATIVE_OVER && r > 0 && native_may_take(native)) {
        r = vsh_queue_next(native->queue, &message);
        if (r > 0) {
            int taken = take_message(native, &message);
            r = taken < 0 ? taken : 1;
        }
        if (r < 0) {
            say_broken(native, r);
        }
    }
}

static void on_end_of_stream(struct native *native, ssize_t error)
{
    if (native->state == NATIVE_ENDING) {
        native_stop(native, 0);
    } else if (error == 0 && vsh_queue_partial(native->queue) > 0) {
        native_end_gone(native, "peer vanished in the middle of a message");
    } else if (native->state == NATIVE_BUSY) {
        native_end_gone(native, "peer vanished");
    } else {
        native_end_gone(native, "closed by the peer");
    }
}

static void read_socket(struct native *native)
{
    bool own = native->activity && native->activity->read;
    ssize_t count = own ? native->activity->read(native) : vsh_queue_fill(native->queue);

    if (count == -EAGAIN || count == -ENOBUFS) {
        return;
    }
    if (count <= 0) {
        on_end_of_stream(native, count);
        return;
    }
    native->heard_ms = monotonic_ms();
}

static void on_socket(int fd, short revents, void *data)
{
    struct native *native = data;

    (void)fd;
    if (!native_may_take(native)) {
        /* Nothing is read now, and nobody is there to read on for. */
        if (revents & (POLLHUP | POLLERR | POLLRDHUP)) {
            native_end_gone(native, "peer vanished");
        }
    } else if (revents & (POLLIN | POLLHUP | POLLERR)) {
        read_socket(native);
    }
    native_update(native);
}

static void on_turn(void *data)
{
    native_update(data);
}

static void flush(struct native *native)
{
    bool was_full = vsh_queue_bulk_room(native->queue) < vsh_queue_send_max(native->queue);

    if (vsh_queue_flush(native->queue) < 0) {
        native->write_broken = true;
    } else if (was_full && vsh_queue_pending(native->queue) == 0) {
        /* The socket took everything: no readiness will tell a request that waits for room. */
        loop_timer_set(native->loop, &native->turn, 0, on_turn, native);
    }
}

/*
 * One round: send, let the request fill the room that made, take what waits, send the answers.
 * Messages that were left in the buffer for want of room are met here, too.
 */
void native_update(struct native *native)
{
    if (native->state == NATIVE_OVER) {
        return;
    }
    flush(native);
    take_messages(native);
    if (native->state != NATIVE_OVER && native->activity && native->activity->moved) {
        native->activity->moved(native);
    }
    if (native->state == NATIVE_OVER) {
        return;
    }
    flush(native);
    session_slot_bytes(native->settings->audit->slot, vsh_queue_bytes_in(native->queue),
                       vsh_queue_bytes_out(native->queue));
    if (native->write_broken) {
        native_end_gone(native, "peer vanished");
        return;
    }
    short in = native_may_take(native) ? POLLIN : native->hang_up;
    short out = vsh_queue_pending(native->queue) > 0 ? POLLOUT : 0;
    (void)loop_watch_events(native->loop, native->fd, (short)(in | out));
}

static void on_child(int signo, void *data)
{
    struct native *native = data;

    (void)signo;
    if (native->activity && native->activity->child_ended) {
        native->activity->child_ended(native);
    }
    native_update(native);
}

static void on_stop(int signo, void *data)
{
    (void)signo;
    (void)native_fail(data, VSH_ERROR_SHUTDOWN, "the server ends");
}

static int take_signals(struct native *native)
{
    static const int stops[] = {SIGTERM, SIGINT, SIGHUP};
    int r = loop_signal(native->loop, SIGCHLD, on_child, native);

    for (size_t i = 0; r == 0 && i < sizeof(stops) / sizeof(stops[0]); i++) {
        r = loop_signal(native->loop, stops[i], on_stop, native);
    }
    return r;
}

/*
 * A vsock does not hang up as long as there is something to read: it must do that the peer sends no
 * more, which on a vsock is never a half-close (PROTOCOL.md). Elsewhere it may be one: POLLPRI,
 * which never comes, asks for hang-ups alone, which no event at all would not.
 * (test_session_ends.sh)
 */
static short hang_up_event(int fd)
{
    int domain = 0;
    socklen_t length = sizeof(domain);

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_VSOCK
               ? POLLRDHUP
               : POLLPRI;
}

static int start(struct native *native)
{
    native->hang_up = hang_up_event(native->fd);
    int r = vsh_queue_new(native->fd, native->fd, &native->queue);
    if (r == 0) {
        r = loop_new(&native->loop);
    }
    if (r == 0) {
        r = take_signals(native);
    }
    if (r == 0) {
        r = loop_watch(native->loop, native->fd, POLLIN, on_socket, native);
    }
    if (r == 0) {
        native_clock_start(native);
    }
    return r;
}

/* Everything after this runs with the rights of the session's user. */
static int become_user(struct native *native)
{
    const struct account *wanted = native->settings->account;
    int r = account_lookup_uid(wanted ? wanted->uid : geteuid(), &native->account);

    (void)umask(022);
    if (r == 0 && wanted) {
        r = account_become(wanted);
    }
    if (r < 0) {
        native->ended = audit_because("cannot become the session's user: %s", strerror(-r));
        log_error("%s", native->ended.text);
    }
    return r;
}

static void audit_connection(const struct native *native)
{
    bool served = native->queue != NULL;

    native->settings->audit->user = native->account ? native->account->name : NULL;
    audit_log_connection(LOG_LEVEL_NOTICE, native->settings->audit,
                         served ? vsh_queue_bytes_in(native->queue) : 0,
                         served ? vsh_queue_bytes_out(native->queue) : 0, &native->ended);
}

int native_serve(int fd, const struct native_settings *settings)
{
    struct native native = {.settings = settings, .fd = fd, .status = 1};

    int r = become_user(&native);
    if (r == 0) {
        r = start(&native);
        if (r == 0) {
            r = loop_run(native.loop);
        }
        if (r < 0) {
            native.ended = audit_because("the session cannot be served: %s", strerror(-r));
            log_error("%s", native.ended.text);
        }
        native_drop(&native);
    }
    audit_connection(&native);
    loop_free(native.loop);
    vsh_queue_free(native.queue);
    account_free(native.account);
    return native.status;
}
