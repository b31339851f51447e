/* SPDX-License-Identifier: MIT */
/*
 * One connection, and the relay that makes a socket of two pipes: the modes, SSH's helper among
 * them, want one descriptor for both directions.
 */
#include "server/one_connection.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vsock-shell/transport.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "common/log.h"
#include "common/relay.h"
#include "server/config.h"
#include "server/connection.h"
#include "server/server.h"
#include "session/policy.h"

static int serve(const struct server *server, int fd, const struct vsh_peer *peer)
{
    char reason[512];
    if (policy_check_peer(server->policy, peer, reason, sizeof(reason)) < 0) {
        connection_audit_refusal(peer, reason);
        connection_refuse(fd, peer, VSH_ERROR_REFUSED, reason);
        return 1;
    }
    return connection_serve(server, fd, peer);
}

int one_connection_socket(const struct server *server, int fd)
{
    cleanup_close int connection = fd;
    struct vsh_peer peer;
    int r = vsh_peer_get(connection, &peer);
    if (r == 0) {
        r = fd_set_nonblock(connection, true);
    }
    if (r < 0) {
        log_error("cannot ask who the peer is: %s", strerror(-r));
        return 1;
    }
    return serve(server, connection, &peer);
}

static int put_on_null(int fd)
{
    cleanup_close int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    return null_fd < 0 || dup2(null_fd, fd) < 0 ? -errno : 0;
}

/* Takes the socket away from 0 and 1; nothing that we or a library print may reach the peer. */
static int take_stdio_socket(const struct config *config, int *ret_fd)
{
    if (fd_is_same(STDIN_FILENO, STDERR_FILENO)) {
        (void)put_on_null(STDERR_FILENO); /* inetd puts the socket there as well */
        if (config->log_target != LOG_TO_SYSLOG) {
            log_open(SERVER_PROGRAM, LOG_TO_SYSLOG, log_get_level());
        }
    }
    int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    if (fd < 0) {
        return -errno;
    }
    int r = put_on_null(STDIN_FILENO);
    if (r == 0) {
        r = put_on_null(STDOUT_FILENO);
    }
    if (r < 0) {
        (void)close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

static __attribute__((noreturn)) void run_relay(int socket)
{
    struct relay_side pipes = {.in_fd = STDIN_FILENO, .out_fd = STDOUT_FILENO, .half_close = true};
    struct relay_side inner = {.in_fd = socket, .out_fd = socket, .half_close = true};
    (void)signal(SIGINT, SIG_IGN); /* it ends when the connection process does */
    (void)signal(SIGTERM, SIG_IGN);
    _exit(relay_run(&inner, &pipes) < 0 ? 1 : 0);
}

/* Two pipes: the connection process is this one, the relay a child that outlives it by its bytes.
 */
static int serve_pipes(const struct server *server)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) {
        log_error("cannot make a socket pair: %s", strerror(errno));
        return 1;
    }
    pid_t relay = fork();
    if (relay < 0) {
        log_error("cannot start the relay process: %s", strerror(errno));
        return 1;
    }
    if (relay == 0) {
        (void)close(ends[0]);
        run_relay(ends[1]);
    }
    (void)close(ends[1]);
    (void)put_on_null(STDIN_FILENO);
    (void)put_on_null(STDOUT_FILENO);
    const struct vsh_peer peer = {.family = VSH_FAMILY_NONE};
    int status = serve(server, ends[0], &peer);
    (void)close(ends[0]);
    while (waitpid(relay, NULL, 0) < 0 && errno == EINTR) {
    }
    return status;
}

int one_connection_stdio(const struct server *server)
{
    if (!fd_is_socket(STDIN_FILENO) || !fd_is_same(STDIN_FILENO, STDOUT_FILENO)) {
        return serve_pipes(server);
    }
    int fd = -1;
    int r = take_stdio_socket(server->config, &fd);
    if (r < 0) {
        log_error("cannot take standard input over: %s", strerror(-r));
        return 1;
    }
    return one_connection_socket(server, fd);
}
