/* SPDX-License-Identifier: MIT */
/*
 * Owns a connection's reading and writing and its first and last moments: HELLO and the fall back
 * to v1, ping and pong, ERROR, the end of the stream.
 */
#include "link.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <unistd.h>

#include <vsock-shell/error.h>

#include "arguments.h"
#include "base/fd.h"
#include "common/log.h"

/* A frame that carries 256 KiB of data and what stands before it. */
#define RECEIVE_MAX   (256u * 1024u + 64u)
#define ANSWER_MS     10000
#define QUIET_PING_MS 15000
/* The kernel tells of a server that has died; a busy or paused VM may be silent for minutes. */
#define QUIET_LOST_MS 600000
#define TICK_MS       5000
#define SMALL_BYTES   1024 /* no session waits for so little room */

static void stop_with(struct link *link, int error)
{
    if (!link->ended) {
        link->ended = true;
        loop_timer_clear(link->options.loop, &link->timer);
        loop_unwatch(link->options.loop, link->options.fd);
        link->options.ops->ended(link->options.session, error);
    }
}

static void speak_v1(struct link *link, const char *why)
{
    log_info("%s %s: trying protocol version 1", link->options.name, why);
    link->ended = true;
    loop_stop(link->options.loop, LINK_SPEAK_V1);
}

/* Whether the server has not shown yet that it understands us, and may be asked in v1 instead. */
static bool may_speak_v1(const struct link *link)
{
    return link->options.protocol == 2 && link->options.may_fall_back && !link->heard_hello;
}

static void on_tick(void *data)
{
    struct link *link = data;
    int64_t now = monotonic_ms();

    /*
     * A tick that comes far too late: it was us who were stopped, not the server who was silent.
     * And while we do not read we cannot hear.
     */
    if (link->paused || now - link->tick_ms > 3 * TICK_MS) {
        link->heard_ms = now;
    }
    link->tick_ms = now;
    if (now - link->heard_ms >= QUIET_LOST_MS) {
        stop_with(link, -ETIMEDOUT);
        return;
    }
    if (link->paused || now - link->heard_ms >= QUIET_PING_MS) {
        /* No room for eight bytes means that much is under way already. */
        (void)vsh_put_ping(link->queue, VSH_V2_PING, (uint64_t)now);
    }
    loop_timer_set(link->options.loop, &link->timer, TICK_MS, on_tick, link);
    link_update(link);
}

static void on_no_answer(void *data)
{
    struct link *link = data;

    if (may_speak_v1(link)) {
        speak_v1(link, "did not answer HELLO");
    } else {
        stop_with(link, -ETIMEDOUT);
    }
}

static int take_hello(struct link *link, const struct vsh_message *message)
{
    struct vsh_hello hello;

    if (link->heard_hello || vsh_get_hello(message, &hello) < 0 || hello.version < VSH_V2_VERSION) {
        return VSH_E_MALFORMED;
    }

    uint32_t send_max = hello.max_payload < RECEIVE_MAX ? hello.max_payload : RECEIVE_MAX;
    int rc = vsh_queue_set_limits(link->queue, RECEIVE_MAX, send_max);
    if (rc < 0) {
        return rc;
    }
    log_debug("%s is '%s' and takes %u bytes a message", link->options.name, hello.software,
              hello.max_payload);
    link->heard_hello = true;
    link->tick_ms = monotonic_ms();
    loop_timer_set(link->options.loop, &link->timer, TICK_MS, on_tick, link);
    link->options.ops->ready(link->options.session);
    return 0;
}

static int take_ping(struct link *link, const struct vsh_message *message)
{
    uint64_t token;

    if (vsh_get_ping(message, &token) < 0) {
        return VSH_E_MALFORMED;
    }
    /* A full queue: the bytes in it tell the server as much as a PONG would. */
    (void)vsh_put_ping(link->queue, VSH_V2_PONG, token);
    return 0;
}

static int take_pong(struct link *link, const struct vsh_message *message)
{
    uint64_t token;

    (void)link; /* every frame counts as a sign of life, so the token is not looked at */
    return vsh_get_ping(message, &token);
}

static int take_error(struct link *link, const struct vsh_message *message)
{
    struct vsh_error_message error;

    if (vsh_get_error(message, &error) < 0) {
        return VSH_E_MALFORMED;
    }
    link->ended = true;
    loop_timer_clear(link->options.loop, &link->timer);
    loop_unwatch(link->options.loop, link->options.fd);
    link->options.ops->refused(link->options.session, &error);
    return 0;
}

/* The messages that are the link's; HELLO must come first, the others may come at any time. */
static const struct {
    uint32_t type;
    int (*take)(struct link *link, const struct vsh_message *message);
} link_messages[] = {
    {VSH_V2_HELLO, take_hello},
    {VSH_V2_PING, take_ping},
    {VSH_V2_PONG, take_pong},
    {VSH_V2_ERROR, take_error},
};

static int take_v2(struct link *link, const struct vsh_message *message)
{
    for (size_t i = 0; i < sizeof(link_messages) / sizeof(link_messages[0]); i++) {
        if (link_messages[i].type == message->type) {
            return link_messages[i].take(link, message);
        }
    }
    if (!link->heard_hello) {
        return VSH_E_MALFORMED;
    }
    return link->options.ops->message(link->options.session, message);
}

/* Asks before every message: each may fill what the next one would need. */
static bool may_take(struct link *link)
{
    const struct link_ops *ops = link->options.ops;

    if (link->ended) {
        return false;
    }
    if (ops->may_take) {
        link->paused = !ops->may_take(link->options.session);
    }
    return !link->paused;
}

/* Returns whether any was taken. */
static bool take_messages(struct link *link)
{
    struct vsh_message message;
    bool taken = false;
    int rc;

    while (may_take(link) && (rc = vsh_queue_next(link->queue, &message)) != 0) {
        if (rc > 0 && may_speak_v1(link) && message.type <= VSH_V1_FILE_DATA_END_ACK) {
            speak_v1(link, "answered in protocol version 1");
            return true;
        }
        if (rc > 0) {
            rc = link->options.protocol == 2
                     ? take_v2(link, &message)
                     : link->options.ops->message(link->options.session, &message);
        }
        if (rc < 0) {
            stop_with(link, rc);
        }
        taken = true;
    }
    return taken;
}

static void on_readable(struct link *link)
{
    ssize_t count = vsh_queue_fill(link->queue);

    if (count == -EAGAIN) {
        return;
    }
    if (count > 0) {
        link->heard_ms = monotonic_ms();
        (void)take_messages(link);
        return;
    }
    if (may_speak_v1(link)) {
        speak_v1(link, "closed the connection at HELLO");
    } else if (count == 0 && vsh_queue_partial(link->queue) > 0) {
        stop_with(link, VSH_E_GONE);
    } else {
        stop_with(link, count == 0 ? LINK_CLOSED : (int)count);
    }
}

static void on_socket(int fd, short revents, void *data)
{
    struct link *link = data;

    (void)fd;
    if (link->paused) {
        /* Nobody reads now, so a hang-up must not be polled for: it would not go away. */
        link->write_broken = link->write_broken || (revents & (POLLHUP | POLLERR)) != 0;
    } else if (revents & (POLLIN | POLLHUP | POLLERR)) {
        on_readable(link);
    }
    if (!link->ended) {
        link->room_made = false;
        link->options.ops->moved(link->options.session);
        link_update(link);
    }
}

void link_update(struct link *link)
{
    if (link->ended) {
        return;
    }

    /*
     * Also when the last byte went just now: a session that waits for room has to hear of it, and
     * until it has, however often we are called meanwhile. One that has put a key press there waits
     * for none, and is spared a turn of the loop.
     */
    link->room_made = link->room_made || vsh_queue_pending(link->queue) > SMALL_BYTES;
    if (!link->write_broken && vsh_queue_flush(link->queue) < 0) {
        link->write_broken = true;
    }
    bool sending = !link->write_broken && (link->room_made || vsh_queue_pending(link->queue) > 0);
    short events = (short)((link->paused ? 0 : POLLIN) | (sending ? POLLOUT : 0));
    (void)loop_watch_events(link->options.loop, link->options.fd, events);
}

void link_pause(struct link *link)
{
    link->paused = true;
}

bool link_resume(struct link *link)
{
    if (!link->paused) {
        return false;
    }
    link->paused = false;
    return take_messages(link);
}

static int queue_hello(struct link *link)
{
    static const struct vsh_hello hello = {
        .version = VSH_V2_VERSION,
        .features = VSH_FEATURE_EXEC | VSH_FEATURE_FILES,
        .max_payload = RECEIVE_MAX,
        .software = CLIENT_PROGRAM " " VSH_VERSION,
    };
    int answer_ms = link->options.answer_ms > 0 ? link->options.answer_ms : ANSWER_MS;
    int rc = vsh_queue_set_limits(link->queue, RECEIVE_MAX, VSH_V2_PAYLOAD_DEFAULT);

    if (rc < 0) {
        return rc;
    }
    loop_timer_set(link->options.loop, &link->timer, answer_ms, on_no_answer, link);
    return vsh_put_hello(link->queue, &hello);
}

int link_open(struct link *link, const struct link_options *options)
{
    *link = (struct link){.options = *options, .heard_ms = monotonic_ms()};

    int rc = vsh_queue_new(options->fd, options->fd, &link->queue);
    if (rc == 0 && options->protocol == 2) {
        rc = queue_hello(link);
    }
    if (rc == 0) {
        rc = loop_watch(options->loop, options->fd, POLLIN, on_socket, link);
    }
    if (rc < 0) {
        link_close(link);
    }
    return rc;
}

void link_close(struct link *link)
{
    if (link->options.fd >= 0) {
        loop_timer_clear(link->options.loop, &link->timer);
        loop_unwatch(link->options.loop, link->options.fd);
        (void)close(link->options.fd);
        link->options.fd = -1;
    }
    vsh_queue_free(link->queue);
    link->queue = NULL;
}

const char *link_explain(int error)
{
    switch (error) {
    case LINK_CLOSED:
        return "the server closed it";
    case -ETIMEDOUT:
        return "the server was silent for too long";
    case VSH_E_GONE:
        return "it broke off";
    default:
        return vsh_strerror(error);
    }
}
