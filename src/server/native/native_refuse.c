/* SPDX-License-Identifier: MIT */
/* Refusals without a session: one frame is looked at, one answer is given. */
#include "server/native/native_refuse.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>

#include <vsock-shell/error.h>
#include <vsock-shell/message.h>
#include <vsock-shell/message_queue.h>

#include "base/fd.h"
#include "base/wire.h"
#include "server/native/native.h"

void refuse_linger(int fd, int64_t deadline_ms)
{
    char bytes[4096];
    for (;;) {
        if (fd_wait(fd, POLLIN, deadline_ms) < 0) {
            return;
        }
        ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            return;
        }
        if (monotonic_ms() >= deadline_ms) {
            return; /* a peer that never stops sending is not waited for */
        }
    }
}

/* True when the first frame is one of version 1. */
static bool speaks_v1(int fd, int64_t deadline_ms)
{
    uint8_t header[VSH_HEADER_SIZE];
    if (fd_read_full(fd, header, sizeof(header), deadline_ms) < 0) {
        return false;
    }
    return wire_load_u32(header) == VSH_MAGIC && native_is_v1(wire_load_u32(header + 4));
}

static void put_refusal(struct vsh_queue *queue, bool v1, enum vsh_error_code code,
                        const char *text)
{
    if (v1) {
        native_put_v1_error(queue, text);
        return;
    }
    (void)native_put_hello(queue);
    (void)vsh_put_error(queue, code, text);
}

void native_refuse(int fd, enum vsh_error_code code, const char *text, int64_t deadline_ms)
{
    struct vsh_queue *queue = NULL;
    bool v1 = speaks_v1(fd, deadline_ms);
    if (vsh_queue_new(fd, fd, &queue) < 0) {
        return;
    }
    put_refusal(queue, v1, code, text);
    /* A fresh socket takes a few hundred bytes at once; a peer that has filled it is not waited
     * for. */
    int r = vsh_queue_flush(queue);
    vsh_queue_free(queue);
    if (r == 0) {
        refuse_linger(fd, deadline_ms);
    }
}
