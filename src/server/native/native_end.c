/* SPDX-License-Identifier: MIT */
/* How requests and sessions end: by themselves, by an error that is told, or because the peer has
 * gone. */
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/fd.h"
#include "common/log.h"
#include "server/native/native_refuse.h"
#include "server/native/native_session.h"
#include "session/account.h"

#define END_MS    5000 /* for the peer's acknowledgement of the end */
#define LINGER_MS 1000 /* for the peer to close after an error */
#define TEXT_MAX  512

void native_stop(struct native *native, int status)
{
    native->state = NATIVE_OVER;
    native->status = status;
    loop_stop(native->loop, 0);
}

bool native_is_v1(uint32_t type)
{
    return type >= VSH_V1_PTY_DATA && type <= VSH_V1_FILE_DATA_END_ACK;
}

uint32_t native_features(const struct native_settings *settings)
{
    return VSH_FEATURE_EXEC | VSH_FEATURE_FILES | (settings->ssh ? VSH_FEATURE_SSH : 0);
}

int native_put_hello(struct vsh_queue *queue, uint32_t features)
{
    const struct vsh_hello hello = {
        .version = VSH_V2_VERSION,
        .features = features,
        .max_payload = NATIVE_PAYLOAD_MAX,
        .software = "vsock-shell-server " VSH_VERSION,
    };
    return vsh_put_hello(queue, &hello);
}

void native_put_v1_error(struct vsh_queue *queue, const char *text)
{
    char line[TEXT_MAX + 64];
    int length = snprintf(line, sizeof(line), "vsock-shell-server: %.*s\r\n", TEXT_MAX, text);

    (void)vsh_queue_put(queue, VSH_V1_PTY_DATA, line, (size_t)length);
    (void)vsh_queue_put(queue, VSH_V1_CLIENT_END, NULL, 0);
}

void native_touch(struct native *native)
{
    native->active_ms = monotonic_ms();
}

void native_drop(struct native *native)
{
    if (native->activity) {
        native->activity->gone(native);
        native->activity->free(native);
        native->activity = NULL;
        native->request = NULL;
    }
}

/* An answer counts when it is given, not when the socket takes it. */
static uint64_t bytes_sent(const struct native *native)
{
    return vsh_queue_bytes_out(native->queue) + vsh_queue_pending(native->queue);
}

void native_describe(struct native *native, const char *action, const char *text_name,
                     const char *text)
{
    audit_begin(&native->action, action, text_name, text);
    native->action_in = native->bytes_taken;
    native->action_out = bytes_sent(native);
}

void native_audit(struct native *native, const struct audit_result *result)
{
    struct audit *action = &native->action;

    if (action->action) {
        native->settings->audit->user = native->account->name;
        action->bytes_in = native->bytes_taken - native->action_in;
        action->bytes_out = bytes_sent(native) - native->action_out;
        audit_log(LOG_LEVEL_NOTICE, native->settings->audit, action, result);
        action->action = NULL;
    }
}

/* For the lines of action and connection. */
static void end_because(struct native *native, uint32_t code, const char *why)
{
    native->ended = audit_because("%s%s", code == VSH_ERROR_REFUSED ? "refused: " : "", why);
    native_audit(native, &native->ended);
}

void native_end_gone(struct native *native, const char *why)
{
    native_drop(native);
    end_because(native, 0, why);
    native_stop(native, native->state == NATIVE_WAITING ? 0 : 1);
}

/* A peer that reads slowly still gets the last words, within LINGER_MS. */
static int flush_all(struct native *native)
{
    int64_t deadline_ms = monotonic_ms() + LINGER_MS;
    int left = vsh_queue_flush(native->queue);

    while (left > 0 && fd_wait(native->fd, POLLOUT, deadline_ms) == 0) {
        left = vsh_queue_flush(native->queue);
    }
    return left;
}

int native_fail(struct native *native, uint32_t code, const char *format, ...)
{
    char text[TEXT_MAX + VSH_V1_PAYLOAD_MAX];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (native->state == NATIVE_OVER) {
        return 0;
    }
    if (native->v1) {
        native_put_v1_error(native->queue, text);
    } else {
        if (!native->heard) {
            (void)native_put_hello(native->queue, native_features(native->settings));
        }
        (void)vsh_put_error(native->queue, code, text);
    }
    int left = flush_all(native);
    native_drop(native);
    end_because(native, code, text);
    native_stop(native, 1);
    if (left == 0) {
        refuse_linger(native->fd, monotonic_ms() + LINGER_MS);
    }
    return 0;
}

void native_begin(struct native *native, const struct native_activity *activity, void *request)
{
    native->activity = activity;
    native->request = request;
    native->state = NATIVE_BUSY;
    native->settings->audit->user = native->account->name;
    audit_show(native->settings->audit, &native->action);
    loop_timer_clear(native->loop, &native->grace);
}

static void on_end_timeout(void *data)
{
    struct native *native = data;
    size_t pending = vsh_queue_pending(native->queue);

    /* Output that still flows is waited for: the peer cannot acknowledge what it has not read. */
    if (pending > 0 && pending != native->end_pending) {
        native->end_pending = pending;
        loop_timer_set(native->loop, &native->end, END_MS, on_end_timeout, native);
        return;
    }
    log_debug("the peer did not acknowledge the end");
    native_stop(native, 0);
}

void native_finish(struct native *native, bool over, const struct audit_result *result)
{
    native_audit(native, result);
    native->activity->free(native);
    native->activity = NULL;
    native->request = NULL;
    native->state = over ? NATIVE_ENDING : NATIVE_WAITING;
    if (over) {
        loop_timer_set(native->loop, &native->end, END_MS, on_end_timeout, native);
    }
}
