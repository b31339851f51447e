/* SPDX-License-Identifier: MIT */
/* stdin and stdout as one socket. */
#include "server/ssh/ssh_stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "common/relay.h"

#define FINISH_MS 5000
#define PAUSE_MS  10

/* One socket for both directions: stdin, unless stdout is a stream of its own. */
static bool is_one_socket(void)
{
    struct stat out;
    if (!fd_is_socket(STDIN_FILENO)) {
        return false;
    }
    if (fstat(STDOUT_FILENO, &out) < 0 || (!S_ISSOCK(out.st_mode) && !S_ISFIFO(out.st_mode))) {
        return true;
    }
    return fd_is_same(STDIN_FILENO, STDOUT_FILENO);
}

int ssh_stdio_null(void)
{
    cleanup_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0) {
        return -errno;
    }
    return 0;
}

__attribute__((noreturn)) static void relay(int fd)
{
    const struct relay_side pipes = {
        .in_fd = STDIN_FILENO, .out_fd = STDOUT_FILENO, .half_close = true};
    const struct relay_side socket = {.in_fd = fd, .out_fd = fd, .half_close = true};
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    _exit(relay_run(&pipes, &socket) < 0 ? 1 : 0);
}

static int start_relay(int *ret_fd, pid_t *ret_relay)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        return -errno;
    }
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(pair[0]);
        relay(pair[1]);
    }
    int error = errno;
    (void)close(pair[1]);
    if (pid < 0) {
        (void)close(pair[0]);
        return -error;
    }
    *ret_fd = pair[0];
    *ret_relay = pid;
    return 0;
}

int ssh_stdio_take(int *ret_fd, pid_t *ret_relay)
{
    cleanup_close int fd = -1;
    int r = 0;
    *ret_relay = 0;
    if (is_one_socket()) {
        fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
        /* libssh takes EAGAIN for the end of the connection. */
        r = fd < 0 ? -errno : fd_set_nonblock(fd, false);
    } else {
        r = start_relay(&fd, ret_relay);
    }
    if (r == 0) {
        r = ssh_stdio_null();
    }
    if (r == 0) {
        *ret_fd = take_fd(&fd);
    }
    return r;
}

void ssh_stdio_finish(pid_t relay_pid)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000l};
    if (relay_pid <= 0) {
        return;
    }
    for (int waited = 0; waited < FINISH_MS; waited += PAUSE_MS) {
        if (waitpid(relay_pid, NULL, WNOHANG) != 0) {
            return;
        }
        (void)nanosleep(&pause, NULL);
    }
    /* A caller that reads nothing any more. */
    (void)kill(relay_pid, SIGKILL);
    (void)waitpid(relay_pid, NULL, 0);
}
