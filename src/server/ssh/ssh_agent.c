/* SPDX-License-Identifier: MIT */
/* The agent's socket, in a folder that only its user can enter. */
#include "server/ssh/ssh_agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "common/log.h"
#include "server/ssh/ssh_connection.h"
#include "server/ssh/ssh_listen.h"
#include "server/ssh/ssh_relay.h"

#define BACKLOG 16

static void accept_agent(struct listener *listener)
{
    int fd = ssh_listen_accept(listener, NULL, NULL);
    if (fd >= 0) {
        ssh_relay_open_agent(listener, fd);
    }
}

static int listen_in(const char *folder, struct ssh_connection *connection)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/agent.%d", folder, getpid());
    if (n < 0 || (size_t)n >= sizeof(address.sun_path)) {
        return -ENAMETOOLONG;
    }
    cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(fd, BACKLOG) < 0) {
        return -errno;
    }
    connection->agent_path = strdup(address.sun_path);
    if (connection->agent_path == NULL) {
        return -ENOMEM;
    }
    return ssh_listen_add(connection, take_fd(&fd), NULL, 0, accept_agent);
}

void ssh_agent_listen(struct ssh_connection *connection)
{
    char folder[] = "/tmp/vsock-shell-XXXXXX";
    if (connection->agent_path != NULL) {
        return;
    }
    int r = mkdtemp(folder) == NULL ? -errno : listen_in(folder, connection);
    if (r < 0) {
        log_warning("no agent forwarding: cannot make its socket: %s", strerror(-r));
        ssh_agent_done(connection);
        (void)rmdir(folder);
    }
}

void ssh_agent_done(struct ssh_connection *connection)
{
    if (connection->agent_path == NULL) {
        return;
    }
    (void)unlink(connection->agent_path);
    char *slash = strrchr(connection->agent_path, '/');
    if (slash != NULL) {
        *slash = '\0';
        (void)rmdir(connection->agent_path);
    }
    free(connection->agent_path);
    connection->agent_path = NULL;
}
