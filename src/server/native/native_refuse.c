/* SPDX-License-Identifier: MIT */
/* Refusals without a session: one frame is looked at, one answer is given. */
#include "server/native/native_refuse.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
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

/* The number of the first frame, or 0 when it is none of version 1. */
static uint32_t v1_type(int fd, int64_t deadline_ms)
{
    uint8_t header[VSH_HEADER_SIZE];
    if (fd_read_full(fd, header, sizeof(header), deadline_ms) < 0) {
        return 0;
    }
    uint32_t type = wire_load_u32(header + 4);
    return wire_load_u32(header) == VSH_MAGIC && native_is_v1(type) ? type : 0;
}

/* A v1 client that asked for a copy waits for "OK" or "KO", and would not look at anything else. */
static void put_v1_refusal(struct vsh_queue *queue, uint32_t type, const char *text)
{
    char answer[VSH_V1_PAYLOAD_MAX];
    (void)snprintf(answer, sizeof(answer), "KO %s", text);
    if (type == VSH_V1_FILE_UPLOAD_START) {
        (void)vsh_put_text(queue, VSH_V1_FILE_READY_SEND, answer);
    } else if (type == VSH_V1_FILE_DOWNLOAD_START) {
        (void)vsh_put_text(queue, VSH_V1_FILE_READY_RECV, answer);
    }
    native_put_v1_error(queue, text);
}

static void put_refusal(struct vsh_queue *queue, uint32_t v1, uint32_t features,
                        enum vsh_error_code code, const char *text)
{
    if (v1) {
        put_v1_refusal(queue, v1, text);
        return;
    }
    (void)native_put_hello(queue, features);
    (void)vsh_put_error(queue, code, text);
}

static void refuse(int fd, uint32_t features, enum vsh_error_code code, const char *text,
                   int64_t deadline_ms)
{
    struct vsh_queue *queue = NULL;
    uint32_t v1 = v1_type(fd, deadline_ms);
    if (vsh_queue_new(fd, fd, &queue) < 0) {
        return;
    }
    put_refusal(queue, v1, features, code, text);
    /* A fresh socket takes a few hundred bytes at once; a peer that has filled it is not waited
     * for. */
    int r = vsh_queue_flush(queue);
    vsh_queue_free(queue);
    if (r == 0) {
        refuse_linger(fd, deadline_ms);
    }
}

void native_refuse(int fd, enum vsh_error_code code, const char *text, int64_t deadline_ms)
{
    refuse(fd, 0, code, text, deadline_ms);
}

void native_refuse_to_ssh(int fd, const char *text, int64_t deadline_ms)
{
    refuse(fd, VSH_FEATURE_SSH, VSH_ERROR_REFUSED, text, deadline_ms);
}
