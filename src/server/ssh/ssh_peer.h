/* SPDX-License-Identifier: MIT */
/* Who is at the other end, as log lines and the session's environment name it. */
#ifndef SERVER_SSH_SSH_PEER_H
#define SERVER_SSH_SSH_PEER_H

#include <vsock-shell/transport.h>

#define SSH_PEER_TEXT 128

struct ssh_peer {
    char text[VSH_PEER_MAX];        /* vsh_peer_format(): "vsock:2:1023" */
    char connection[SSH_PEER_TEXT]; /* SSH_CONNECTION: client, its port, server, its port */
    char client[SSH_PEER_TEXT];     /* SSH_CLIENT: client, its port, server's port */
};

/*
 * Fills ret from the text that the server gave (NULL: asks the kernel about fd). The variables keep
 * the count of fields that scripts split at blanks, with "vsock:CID" where an IP address would be:
 * "vsock:2 1023 vsock:3 5000"; on a unix socket "unix:uid=1000 77 unix 0", 77 being the peer's pid.
 */
void ssh_peer_describe(const char *text, int fd, struct ssh_peer *ret);

#endif
