/* SPDX-License-Identifier: MIT */
/* Listening sockets, and a channel for every connection to one. */
#include "server/ssh/ssh_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "common/log.h"
#include "server/ssh/ssh_connection.h"
#include "server/ssh/ssh_relay.h"

#define REST_MS 1000 /* after a shortage of descriptors or memory */

#define BACKLOG 64

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

int ssh_listen_add(struct ssh_connection *connection, int fd, const char *address, unsigned port,
                   listener_accept_fn *accept)
{
    struct listener *listener = NULL;
    size_t count = 0;
    for (const struct listener *at = connection->listeners; at != NULL; at = at->next) {
        count++;
    }
    int r = count < SSH_LISTENERS_MAX ? 0 : -ENOBUFS;
    if (r == 0) {
        listener = calloc(1, sizeof(*listener));
        r = listener != NULL ? 0 : -ENOMEM;
    }
    if (r == 0 && address != NULL) {
        listener->address = strdup(address);
        r = listener->address != NULL ? 0 : -ENOMEM;
    }
    if (r < 0) {
        free(listener);
        (void)close(fd);
        return r;
    }
    listener->connection = connection;
    listener->fd = fd;
    listener->port = port;
    listener->accept = accept;
    listener->next = connection->listeners;
    connection->listeners = listener;
    return 0;
}

/* Who came: numeric address and port. */
static void describe(const union address *peer, char *ret, unsigned *ret_port)
{
    ret[0] = '\0';
    if (peer->any.sa_family == AF_INET) {
        (void)inet_ntop(AF_INET, &peer->v4.sin_addr, ret, INET6_ADDRSTRLEN);
        *ret_port = ntohs(peer->v4.sin_port);
    } else {
        (void)inet_ntop(AF_INET6, &peer->v6.sin6_addr, ret, INET6_ADDRSTRLEN);
        *ret_port = ntohs(peer->v6.sin6_port);
    }
}

int ssh_listen_accept(struct listener *listener, struct sockaddr *peer, socklen_t *length)
{
    int fd = accept4(listener->fd, peer, length, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0) {
        return fd;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        log_warning("cannot accept a connection to forward: %s", strerror(errno));
        listener->rest_until_ms = monotonic_ms() + REST_MS;
    }
    return -errno;
}

static void accept_forward(struct listener *listener)
{
    union address peer;
    socklen_t length = sizeof(peer);
    char text[INET6_ADDRSTRLEN];
    unsigned port = 0;
    memset(&peer, 0, sizeof(peer));
    int fd = ssh_listen_accept(listener, &peer.any, &length);
    if (fd < 0) {
        return;
    }
    describe(&peer, text, &port);
    ssh_relay_open_reverse(listener, fd, text, port);
}

static int bind_loopback(int family, unsigned port, int *ret_fd)
{
    union address address;
    socklen_t length = family == AF_INET ? sizeof(address.v4) : sizeof(address.v6);
    const int on = 1;
    memset(&address, 0, sizeof(address));
    if (family == AF_INET) {
        address.v4 = (struct sockaddr_in){.sin_family = AF_INET,
                                          .sin_port = htons((uint16_t)port),
                                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    } else {
        address.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
                                           .sin6_port = htons((uint16_t)port),
                                           .sin6_addr = in6addr_loopback};
    }
    cleanup_close int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(fd, &address.any, length) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, &address.any, &length) < 0) {
        return -errno;
    }
    *ret_fd = take_fd(&fd);
    return ntohs(family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
}

int ssh_listen_start(struct ssh_connection *connection, const char *address, unsigned port)
{
    int fd = -1;
    int bound = bind_loopback(AF_INET, port, &fd);
    if (bound < 0) {
        return bound;
    }
    int r = ssh_listen_add(connection, fd, address, (unsigned)bound, accept_forward);
    if (r < 0) {
        return r;
    }
    /* Where there is no IPv6, or the port is taken there, IPv4 will do. */
    if (bind_loopback(AF_INET6, (unsigned)bound, &fd) > 0) {
        (void)ssh_listen_add(connection, fd, address, (unsigned)bound, accept_forward);
    }
    return bound;
}

int ssh_listen_cancel(struct ssh_connection *connection, const char *address, unsigned port)
{
    int r = -ENOENT;
    for (struct listener *at = connection->listeners; at != NULL; at = at->next) {
        if (at->address != NULL && at->port == port && strcmp(at->address, address) == 0) {
            at->closed = true;
            r = 0;
        }
    }
    return r;
}

static void sweep(struct ssh_connection *connection, bool all)
{
    struct listener **at = &connection->listeners;
    while (*at != NULL) {
        struct listener *listener = *at;
        if (!all && !listener->closed) {
            at = &listener->next;
            continue;
        }
        *at = listener->next;
        (void)close(listener->fd);
        free(listener->address);
        free(listener);
    }
}

void ssh_listen_sweep(struct ssh_connection *connection)
{
    sweep(connection, false);
}

void ssh_listen_close_all(struct ssh_connection *connection)
{
    sweep(connection, true);
}
