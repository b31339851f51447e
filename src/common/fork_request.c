/* SPDX-License-Identifier: MIT */
/* The packet: u8 version, u32 grace, and the peer's text without a NUL, to the end of the packet.
 */
#include "fork_request.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/wire.h"

#define VERSION      1u
#define HEAD_BYTES   5u
#define PACKET_BYTES (HEAD_BYTES + VSH_PEER_MAX)

enum { FD_CONNECTION, FD_SLOT, FD_ANSWER, FD_COUNT };

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(FD_COUNT * sizeof(int))];
};

int fork_request_send(int socket, const struct fork_request *request)
{
    const int fds[FD_COUNT] = {[FD_CONNECTION] = request->fd,
                               [FD_SLOT] = request->slot_fd,
                               [FD_ANSWER] = request->answer_fd};
    uint8_t packet[PACKET_BYTES];
    struct wire_writer writer = {.data = packet, .capacity = sizeof(packet)};
    union control control = {0};

    wire_put_u8(&writer, VERSION);
    wire_put_u32(&writer, (uint32_t)request->grace_ms);
    wire_put_bytes(&writer, request->peer, strnlen(request->peer, sizeof(request->peer)));
    struct iovec iov = {.iov_base = packet, .iov_len = writer.length};
    struct msghdr message = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(fds));
    memcpy(CMSG_DATA(header), fds, sizeof(fds));
    ssize_t sent;
    do {
        sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

void fork_request_close(struct fork_request *request)
{
    int *const fds[] = {&request->fd, &request->slot_fd, &request->answer_fd};
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        if (*fds[i] >= 0) {
            (void)close(*fds[i]);
        }
        *fds[i] = -1;
    }
}

/* Whatever came along is ours to close from here on, expected or not. */
static bool take_fds(struct msghdr *message, struct fork_request *ret)
{
    int *const places[FD_COUNT] = {
        [FD_CONNECTION] = &ret->fd, [FD_SLOT] = &ret->slot_fd, [FD_ANSWER] = &ret->answer_fd};
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
        return false;
    }
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count && i < FD_COUNT; i++) {
        memcpy(places[i], CMSG_DATA(header) + i * sizeof(int), sizeof(int));
    }
    return count == FD_COUNT && (message->msg_flags & (MSG_CTRUNC | MSG_TRUNC)) == 0;
}

static bool is_socket(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

static bool decode(const uint8_t *packet, size_t length, struct fork_request *ret)
{
    struct wire_reader reader = {.data = packet, .length = length};
    uint8_t version = wire_get_u8(&reader);
    uint32_t grace_ms = wire_get_u32(&reader);
    if (reader.failed || version != VERSION || grace_ms > INT_MAX) {
        return false;
    }
    size_t peer_length = length - reader.offset;
    const uint8_t *peer = wire_get_bytes(&reader, peer_length);
    if (peer == NULL || peer_length == 0 || peer_length >= sizeof(ret->peer) ||
        memchr(peer, '\0', peer_length) != NULL) {
        return false;
    }
    memcpy(ret->peer, peer, peer_length);
    ret->peer[peer_length] = '\0';
    ret->grace_ms = (int)grace_ms;
    return true;
}

int fork_request_receive(int socket, struct fork_request *ret)
{
    uint8_t packet[PACKET_BYTES];
    struct iovec iov = {.iov_base = packet, .iov_len = sizeof(packet)};
    union control control = {0};
    /* Room for exactly three: CMSG_SPACE has padding enough for a fourth. */
    struct msghdr message = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = CMSG_LEN(FD_COUNT * sizeof(int)),
    };
    ssize_t got;
    *ret = (struct fork_request){.fd = -1, .slot_fd = -1, .answer_fd = -1};
    do {
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return -errno;
    }
    bool complete = take_fds(&message, ret);
    if (got == 0 && ret->fd < 0) {
        return 0;
    }
    if (!complete || !decode(packet, (size_t)got, ret) || !is_socket(ret->fd) ||
        !is_socket(ret->answer_fd)) {
        fork_request_close(ret);
        return -EBADMSG;
    }
    return 1;
}
