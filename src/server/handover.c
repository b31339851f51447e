/* SPDX-License-Identifier: MIT */
/* The connection's side of a handover, and the form of its report. */
#include "server/handover.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/wire.h"
#include "common/fork_request.h"
#include "common/log.h"
#include "server/server.h"

/* It answers at once, unless it is still starting or the machine is out of breath. */
#define ANSWER_MS    5000
#define REPORT_BYTES 12u

void handover_close(const struct handover *handover)
{
    if (handover->socket >= 0) {
        (void)close(handover->socket);
    }
    if (handover->report_fd >= 0) {
        (void)close(handover->report_fd);
    }
}

/* Less than PIPE_BUF: whole or not at all. */
static int report(const struct handover *handover, pid_t successor)
{
    uint8_t bytes[REPORT_BYTES];
    wire_store_u32(bytes, (uint32_t)getpid());
    wire_store_u32(bytes + 4, (uint32_t)successor);
    wire_store_u32(bytes + 8, handover->generation);
    return write(handover->report_fd, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes) ? 0 : -errno;
}

int handover_read_report(int fd, struct handover_report *ret)
{
    uint8_t bytes[REPORT_BYTES];
    ssize_t n;
    do {
        n = read(fd, bytes, sizeof(bytes));
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return errno == EAGAIN ? 0 : -errno;
    }
    if (n != (ssize_t)sizeof(bytes)) {
        return n == 0 ? 0 : -EBADMSG;
    }
    *ret = (struct handover_report){.pid = (pid_t)wire_load_u32(bytes),
                                    .successor = (pid_t)wire_load_u32(bytes + 4),
                                    .generation = wire_load_u32(bytes + 8)};
    return 1;
}

static int read_pid(int fd, pid_t *ret)
{
    uint8_t bytes[FORK_ANSWER_BYTES];
    int r = fd_wait(fd, POLLIN, monotonic_ms() + ANSWER_MS);
    if (r < 0) {
        return r;
    }
    ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (n != (ssize_t)sizeof(bytes)) {
        return n < 0 ? -errno : -EPIPE;
    }
    uint32_t pid = wire_load_u32(bytes);
    if (pid <= 1 || pid > INT32_MAX) {
        return -EBADMSG;
    }
    *ret = (pid_t)pid;
    return 0;
}

static int request(const struct server *server, int fd, const char *peer_text, int64_t deadline_ms,
                   int answer_fd)
{
    int64_t left_ms = deadline_ms < 0 ? 0 : deadline_ms - monotonic_ms();
    struct fork_request request = {.fd = fd, .slot_fd = server->slot_fd, .answer_fd = answer_fd};
    if (deadline_ms >= 0 && left_ms < 1) {
        left_ms = 1;
    }
    request.grace_ms = (int)left_ms;
    (void)snprintf(request.peer, sizeof(request.peer), "%s", peer_text);
    return fork_request_send(server->handover.socket, &request);
}

int handover_ssh(const struct server *server, int fd, const char *peer_text, int64_t deadline_ms)
{
    const struct handover *handover = &server->handover;
    int ends[2];
    pid_t successor = 0;
    bool reported = false;
    if (handover->socket < 0 || server->slot_fd < 0) {
        return -ENOTCONN;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        return -errno;
    }
    cleanup_close int own_end = ends[0];
    int r = request(server, fd, peer_text, deadline_ms, ends[1]);
    (void)close(ends[1]);
    if (r == 0) {
        r = read_pid(own_end, &successor);
    }
    if (r == 0) {
        r = report(handover, successor);
        reported = r == 0;
    }
    /* The session may begin: the listener has its name. */
    if (r == 0 && send(own_end, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1) {
        r = -errno;
    }
    if (r < 0) {
        log_debug("the fork server does not take the connection: %s", strerror(-r));
    }
    if (r < 0 && (reported || r == -ETIMEDOUT)) {
        (void)report(handover, 0);
    }
    return r;
}
