/* SPDX-License-Identifier: MIT */
/* The table of transports, and the retries of a wait. */
#include "lib/transport.h"

#include <errno.h>

#include "base/fd.h"

#define TIMEOUT_DEFAULT_MS 10000
#define PAUSE_FIRST_MS     50
#define PAUSE_MAX_MS       1000
#define WAIT_ATTEMPT_MS    1000 /* the first attempt of a wait; each further one may take twice it */

static const struct transport *const transports[] = {
    &transport_vsock,
    &transport_unix,
    &transport_mux,
};

static const struct transport *find_transport(enum vsh_family family)
{
    for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
        if (transports[i]->family == family) {
            return transports[i];
        }
    }
    return NULL;
}

/* What a VM that is not up yet looks like. EBADMSG and EACCES are no matter of time. */
static bool is_worth_waiting(int error)
{
    static const int waits[] = {
        -ECONNREFUSED, -ENOENT, -ECONNRESET, -ETIMEDOUT, -ENODEV, -EAGAIN, -EHOSTUNREACH,
    };
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        if (waits[i] == error) {
            return true;
        }
    }
    return false;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/*
 * Attempts start short, because a packet to a VM that is just booting is dropped without a word,
 * and grow, because a VM that is up may be slow.
 */
static int connect_waiting(const struct transport *transport, const struct vsh_address *address,
                           const struct vsh_connect_options *options, int timeout_ms, int *ret_fd)
{
    int64_t start = monotonic_ms();
    int64_t last_start = start + options->wait_ms;
    int64_t end = start + later(options->wait_ms, timeout_ms);
    int64_t budget = WAIT_ATTEMPT_MS;
    int64_t pause = PAUSE_FIRST_MS;
    struct attempt attempt = {
        .cancel_fd = options->cancel_fd,
        .privileged_port = options->privileged_port,
    };
    for (;;) {
        attempt.deadline_ms = earlier(monotonic_ms() + earlier(budget, timeout_ms), end);
        int rc = transport->connect(address, &attempt, ret_fd);
        if (rc == 0 || !is_worth_waiting(rc) || monotonic_ms() + pause >= last_start) {
            return rc;
        }
        attempt.deadline_ms = monotonic_ms() + pause;
        int slept = attempt_wait(&attempt, -1, 0);
        if (slept != -ETIMEDOUT) {
            return slept;
        }
        pause = earlier(pause * 2, PAUSE_MAX_MS);
        budget = earlier(budget * 2, timeout_ms); /* bounded: the wait may take hours */
    }
}

int vsh_connect(const struct vsh_address *address, const struct vsh_connect_options *options,
                int *ret_fd)
{
    static const struct vsh_connect_options defaults = {.cancel_fd = -1};
    const struct transport *transport = find_transport(address->family);
    if (transport == NULL) {
        return -EINVAL;
    }
    if (options == NULL) {
        options = &defaults;
    }
    int timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : TIMEOUT_DEFAULT_MS;
    if (options->wait_ms > 0) {
        return connect_waiting(transport, address, options, timeout_ms, ret_fd);
    }
    const struct attempt attempt = {
        .deadline_ms = monotonic_ms() + timeout_ms,
        .cancel_fd = options->cancel_fd,
        .privileged_port = options->privileged_port,
    };
    return transport->connect(address, &attempt, ret_fd);
}

int vsh_listen(const struct vsh_address *address, int backlog, int *ret_fd)
{
    const struct transport *transport = find_transport(address->family);
    return transport == NULL ? -EINVAL : transport->listen(address, backlog, ret_fd);
}
