/* SPDX-License-Identifier: MIT */
/* The connecting child. */
#include "server/ssh/ssh_connect.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "common/log.h"

#define CONNECT_SECONDS 30

/* The first address that answers. */
static int connect_to(const char *host, unsigned port)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    char service[16];
    int result = -EHOSTUNREACH;
    (void)snprintf(service, sizeof(service), "%u", port);
    int r = getaddrinfo(host, service, &hints, &list);
    if (r != 0) {
        log_info("cannot connect to %s port %u: %s", host, port, gai_strerror(r));
        return -ENOENT;
    }
    for (const struct addrinfo *at = list; at != NULL; at = at->ai_next) {
        cleanup_close int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) == 0) {
            result = take_fd(&fd);
            break;
        }
        result = -errno;
    }
    freeaddrinfo(list);
    if (result < 0) {
        log_info("cannot connect to %s port %u: %s", host, port, strerror(-result));
    }
    return result;
}

#define FIRST_FD 3 /* behind standard error */

__attribute__((noreturn)) static void child(const char *host, unsigned port, int fd)
{
    /* The other channels' pipes and sockets would be held open by us for as long as this takes. */
    if (fd != FIRST_FD && dup3(fd, FIRST_FD, O_CLOEXEC) < 0) {
        _exit(0);
    }
    fd = FIRST_FD;
    fd_close_from(FIRST_FD + 1);
    (void)alarm(CONNECT_SECONDS);
    int result = connect_to(host, port);
    if (result >= 0 && fd_set_nonblock(result, true) == 0) {
        (void)fd_send(fd, result);
    }
    _exit(0);
}

int ssh_connect_start(const char *host, unsigned port, struct ssh_connect *ret)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        return -errno;
    }
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(pair[0]);
        child(host, port, pair[1]);
    }
    int error = errno;
    (void)close(pair[1]);
    if (pid < 0) {
        (void)close(pair[0]);
        return -error;
    }
    *ret = (struct ssh_connect){.pid = pid, .fd = pair[0]};
    return 0;
}

int ssh_connect_finish(struct ssh_connect *connect)
{
    int fd = -1;
    int r = fd_receive(connect->fd, &fd);
    ssh_connect_cancel(connect);
    return r < 0 ? r : fd;
}

void ssh_connect_cancel(struct ssh_connect *connect)
{
    if (connect->pid <= 0) {
        return;
    }
    (void)close(connect->fd);
    (void)kill(connect->pid, SIGKILL);
    while (waitpid(connect->pid, NULL, 0) < 0 && errno == EINTR) {
        continue;
    }
    *connect = (struct ssh_connect){.fd = -1};
}
