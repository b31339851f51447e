/* SPDX-License-Identifier: MIT */
/* A connection's deadlines: the first request, silence of the peer, idleness. */
#include "base/fd.h"
#include "common/log.h"
#include "server/native/native_session.h"

#define QUIET_PING_MS 15000
/*
 * The kernel tells of a peer that has died. Silence alone may be a client that its user has stopped
 * (Ctrl-Z) and will come back to, so it is given long.
 */
#define QUIET_LOST_MS (60 * 60 * 1000)
#define TICK_MS       1000

static void on_grace_over(void *data)
{
    struct native *native = data;
    (void)native_fail(native, VSH_ERROR_TIMEOUT, "no request came in time (--login-grace)");
}

static void on_tick(void *data)
{
    struct native *native = data;
    int64_t now = monotonic_ms();
    int idle_ms = native->settings->idle_timeout_ms;

    /* While we do not read we cannot hear; and a late tick means that it was us who stood still. */
    if (!native_may_take(native) || now - native->tick_ms > 10 * TICK_MS) {
        native->heard_ms = now;
    }
    native->tick_ms = now;
    if (idle_ms > 0 && now - native->active_ms >= idle_ms) {
        (void)native_fail(native, VSH_ERROR_TIMEOUT,
                          "nothing was sent or received for %g s (--idle-timeout)",
                          idle_ms / 1000.0);
        return;
    }
    if (native->heard && !native->v1 && now - native->heard_ms >= QUIET_LOST_MS) {
        log_notice("the peer has not answered for %d s", QUIET_LOST_MS / 1000);
        native_end_gone(native, "peer vanished");
        return;
    }
    loop_timer_set(native->loop, &native->tick, TICK_MS, on_tick, native);
    if (native->heard && !native->v1 && now - native->heard_ms >= QUIET_PING_MS &&
        vsh_queue_pending(native->queue) == 0) {
        (void)vsh_put_ping(native->queue, VSH_V2_PING, (uint64_t)now);
        native_update(native);
    }
}

void native_clock_start(struct native *native)
{
    int64_t now = monotonic_ms();

    native->heard_ms = now;
    native->active_ms = now;
    native->tick_ms = now;
    loop_timer_set(native->loop, &native->tick, TICK_MS, on_tick, native);
    if (native->settings->deadline_ms >= 0) {
        loop_timer_set(native->loop, &native->grace, native->settings->deadline_ms - now,
                       on_grace_over, native);
    }
}
