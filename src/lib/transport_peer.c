/* SPDX-License-Identifier: MIT */
/* Accepting, and who is at the other end. */
#include "lib/transport.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include <linux/vm_sockets.h>

#include "base/cleanup.h"

union name {
    struct sockaddr any;
    struct sockaddr_vm vsock;
    struct sockaddr_un unix_name;
    char bytes[sizeof(struct sockaddr_un) + 1]; /* a NUL behind the longest path */
};

/* A stream that a VMM delivers is a guest's, whatever the credentials of the VMM's process are. */
static enum vsh_family unix_family(int fd)
{
    union name name = {0};
    socklen_t length = sizeof(struct sockaddr_un);
    if (getsockname(fd, &name.any, &length) < 0) {
        return VSH_FAMILY_UNIX;
    }
    return mux_is_listening_name(name.unix_name.sun_path) ? VSH_FAMILY_MUX : VSH_FAMILY_UNIX;
}

static int unix_peer(int fd, struct vsh_peer *peer)
{
    struct ucred credentials;
    socklen_t length = sizeof(credentials);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0) {
        return -errno;
    }
    peer->family = unix_family(fd);
    peer->pid = credentials.pid;
    peer->uid = credentials.uid;
    peer->gid = credentials.gid;
    return 0;
}

static int fill_peer(int fd, const union name *name, struct vsh_peer *peer)
{
    *peer = (struct vsh_peer){.uid = (uid_t)-1, .gid = (gid_t)-1};
    if (name->any.sa_family == AF_VSOCK) {
        peer->family = VSH_FAMILY_VSOCK;
        peer->cid = name->vsock.svm_cid;
        peer->port = name->vsock.svm_port;
        return 0;
    }
    return name->any.sa_family == AF_UNIX ? unix_peer(fd, peer) : 0;
}

int vsh_accept(int listen_fd, int *ret_fd, struct vsh_peer *ret_peer)
{
    union name name = {0};
    socklen_t length = sizeof(name);
    cleanup_close int fd = accept4(listen_fd, &name.any, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        return -errno;
    }
    struct vsh_peer peer;
    int rc = fill_peer(fd, &name, &peer);
    if (rc < 0) {
        return rc;
    }
    if (name.any.sa_family == AF_UNIX) {
        unix_grow_buffers(fd); /* unlike vsock, nothing is inherited from the listener */
    }
    *ret_peer = peer;
    *ret_fd = take_fd(&fd);
    return 0;
}

int vsh_peer_get(int fd, struct vsh_peer *ret_peer)
{
    union name name = {0};
    socklen_t length = sizeof(name);
    if (getpeername(fd, &name.any, &length) < 0 && errno != ENOTSOCK) {
        return -errno;
    }
    return fill_peer(fd, &name, ret_peer);
}

const char *vsh_peer_format(const struct vsh_peer *peer, char *buf, size_t size)
{
    switch (peer->family) {
    case VSH_FAMILY_VSOCK:
        (void)snprintf(buf, size, "vsock:%u:%u", peer->cid, peer->port);
        break;
    case VSH_FAMILY_UNIX:
    case VSH_FAMILY_MUX:
        (void)snprintf(buf, size, "%s:uid=%d:pid=%d",
                       peer->family == VSH_FAMILY_MUX ? "mux" : "unix", (int)peer->uid,
                       (int)peer->pid);
        break;
    case VSH_FAMILY_NONE:
        (void)snprintf(buf, size, "stdio");
        break;
    }
    return buf;
}

int vsh_buffer_size(int fd, uint64_t *ret_bytes)
{
    int domain = 0;
    socklen_t length = sizeof(domain);
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) < 0) {
        return -errno;
    }
    if (domain == AF_VSOCK) {
        uint64_t bytes = 0;
        length = sizeof(bytes);
        if (getsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, &bytes, &length) < 0) {
            return -errno;
        }
        *ret_bytes = bytes;
        return 0;
    }
    int bytes = 0;
    length = sizeof(bytes);
    if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, &length) < 0) {
        return -errno;
    }
    *ret_bytes = (uint64_t)bytes;
    return 0;
}
