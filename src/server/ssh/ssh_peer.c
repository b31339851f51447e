/* SPDX-License-Identifier: MIT */
/* The peer in words. */
#include "server/ssh/ssh_peer.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/vm_sockets.h>

/* Our own side of a vsock connection: CID and port as blank-separated fields. */
static void describe_local(int fd, char *ret, size_t size, unsigned *ret_port)
{
    struct sockaddr_vm address;
    socklen_t length = sizeof(address);
    memset(&address, 0, sizeof(address));
    if (getsockname(fd, (struct sockaddr *)&address, &length) == 0 &&
        address.svm_family == AF_VSOCK) {
        *ret_port = address.svm_port;
        (void)snprintf(ret, size, "vsock:%u", address.svm_cid);
        return;
    }
    *ret_port = VSH_PORT_DEFAULT;
    (void)snprintf(ret, size, "vsock");
}

void ssh_peer_describe(const char *text, int fd, struct ssh_peer *ret)
{
    char local[32] = "", remote[VSH_PEER_MAX];
    unsigned cid, port, uid, pid, local_port = 0;
    struct vsh_peer peer = {.family = VSH_FAMILY_NONE};
    if (text != NULL) {
        (void)snprintf(ret->text, sizeof(ret->text), "%s", text);
    } else {
        (void)vsh_peer_get(fd, &peer);
        (void)vsh_peer_format(&peer, ret->text, sizeof(ret->text));
    }
    /* The server or vsh_peer_format() wrote it; anything else is shown as one word. */
    if (sscanf(ret->text, "vsock:%u:%u", &cid, &port) == 2) { /* NOLINT(cert-err34-c) */
        (void)snprintf(remote, sizeof(remote), "vsock:%u", cid);
        describe_local(fd, local, sizeof(local), &local_port);
    } else if (sscanf(ret->text, "%*[a-z]:uid=%u:pid=%u", &uid, &pid) == 2) { /* NOLINT */
        port = pid;
        (void)snprintf(remote, sizeof(remote), "unix:uid=%u", uid);
        (void)snprintf(local, sizeof(local), "unix");
    } else {
        port = 0;
        (void)snprintf(remote, sizeof(remote), "%.*s", (int)strcspn(ret->text, " \t\n"), ret->text);
        (void)snprintf(local, sizeof(local), "stdio");
    }
    (void)snprintf(ret->connection, sizeof(ret->connection), "%s %u %s %u", remote, port, local,
                   local_port);
    (void)snprintf(ret->client, sizeof(ret->client), "%s %u %u", remote, port, local_port);
}
