/* SPDX-License-Identifier: MIT */
/*
 * Hybrid vsock: Firecracker, cloud-hypervisor and vhost-device-vsock give each VM a unix socket.
 * "CONNECT port\n" on it, answered by "OK n\n", makes the rest a stream to that port in the guest;
 * a stream that the guest starts toward the host's port N arrives on PATH_N.
 */
#include "lib/transport.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "lib/mux_reply.h"

/*
 * Read one byte at a time: what follows the newline belongs to the session, whose reader may be a
 * process that is handed the descriptor.
 */
static int read_reply(int fd, const struct attempt *attempt)
{
    struct mux_reply reply = {0};
    int rc = 0;
    while (rc == 0) {
        uint8_t byte;
        rc = attempt_wait(attempt, fd, POLLIN);
        if (rc < 0) {
            return rc;
        }
        ssize_t got = recv(fd, &byte, 1, 0);
        if (got == 0) {
            /* How every multiplexer says that the guest refused the port. */
            return -ECONNRESET;
        }
        if (got == 1) {
            rc = mux_reply_feed(&reply, byte);
        } else if (errno != EAGAIN && errno != EINTR) {
            return -errno;
        }
    }
    return rc < 0 ? rc : 0;
}

static int mux_connect(const struct vsh_address *address, const struct attempt *attempt,
                       int *ret_fd)
{
    cleanup_close int fd = -1;
    int rc = unix_connect(address->path, attempt, &fd);
    if (rc < 0) {
        return rc;
    }
    /* One write: some multiplexers parse each read as a whole line. */
    char line[32];
    int length = snprintf(line, sizeof(line), "CONNECT %u\n", address->port);
    rc = fd_write_full(fd, line, (size_t)length, attempt->deadline_ms);
    if (rc < 0) {
        return rc == -EPIPE ? -ECONNRESET : rc;
    }
    rc = read_reply(fd, attempt);
    if (rc == 0) {
        *ret_fd = take_fd(&fd);
    }
    return rc;
}

/*
 * The bound name is the only thing an accepted socket tells about its listener, so ours carries a
 * mark that no other spelling of the path has: "/./" in front of the last part. Through it a guest
 * is never taken for the VMM's own user.
 */
#define MARK "/./"

static int mux_listen(const struct vsh_address *address, int backlog, int *ret_fd)
{
    char path[VSH_PATH_MAX + sizeof(MARK) + 12];
    if (address->path[0] == '@') {
        return -EADDRNOTAVAIL; /* VMMs deliver to socket files only */
    }
    const char *slash = strrchr(address->path, '/');
    int folder = slash == NULL ? 1 : (int)(slash - address->path);
    (void)snprintf(path, sizeof(path), "%.*s" MARK "%s_%u", folder,
                   slash == NULL ? "." : address->path, slash == NULL ? address->path : slash + 1,
                   address->port);
    return unix_listen(path, backlog, ret_fd);
}

bool mux_is_listening_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *port = strrchr(path, '_');
    return slash != NULL && slash - path >= 2 && memcmp(slash - 2, MARK, sizeof(MARK) - 1) == 0 &&
           port != NULL && port > slash && port[1] != '\0' &&
           port[1 + strspn(port + 1, "0123456789")] == '\0';
}

const struct transport transport_mux = {VSH_FAMILY_MUX, mux_connect, mux_listen};
