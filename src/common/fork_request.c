/* SPDX-License-Identifier: MIT */
/* The packet: u8 version, u32 grace, and the peer's text without a NUL, to the end of the packet.
 */
#include "fork_request.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/wire.h"

#define VERSION      1u
#define HEAD_BYTES   5u
#define PACKET_BYTES (HEAD_BYTES + VSH_PEER_MAX)

enum { FD_CONNECTION, FD_SLOT, FD_ANSWER, FD_COUNT };

_Static_assert(FD_COUNT <= FD_MESSAGE_MAX, "the descriptors fit one message");

int fork_request_send(int socket, const struct fork_request *request)
{
    const int fds[FD_COUNT] = {[FD_CONNECTION] = request->fd,
                               [FD_SLOT] = request->slot_fd,
                               [FD_ANSWER] = request->answer_fd};
    uint8_t packet[PACKET_BYTES];
    struct wire_writer writer = {.data = packet, .capacity = sizeof(packet)};

    wire_put_u8(&writer, VERSION);
    wire_put_u32(&writer, (uint32_t)request->grace_ms);
    wire_put_bytes(&writer, request->peer, strnlen(request->peer, sizeof(request->peer)));
    ssize_t sent = fd_send_message(socket, packet, writer.length, fds, FD_COUNT);
    return sent < 0 ? (int)sent : 0;
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
    int fds[FD_COUNT];
    *ret = (struct fork_request){.fd = -1, .slot_fd = -1, .answer_fd = -1};
    ssize_t got = fd_receive_message(socket, packet, sizeof(packet), fds, FD_COUNT);
    if (got <= 0) {
        return (int)got;
    }
    ret->fd = fds[FD_CONNECTION];
    ret->slot_fd = fds[FD_SLOT];
    ret->answer_fd = fds[FD_ANSWER];
    if (!decode(packet, (size_t)got, ret) || !fd_is_socket(ret->fd) ||
        !fd_is_socket(ret->answer_fd)) {
        fork_request_close(ret);
        return -EBADMSG;
    }
    return 1;
}
