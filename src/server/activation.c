/* SPDX-License-Identifier: MIT */
/* Takes sockets over from a service manager. */
#include "server/activation.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vsock-shell/address.h>

#include "base/fd.h"

static int socket_option(int fd, int option, int *ret)
{
    socklen_t size = sizeof(*ret);
    return getsockopt(fd, SOL_SOCKET, option, ret, &size) < 0 ? -errno : 0;
}

/* 1 for a listening stream socket, 0 for a connected one, -EINVAL for anything else. */
static int socket_listens(int fd)
{
    int type = 0;
    int listens = 0;
    if (socket_option(fd, SO_TYPE, &type) < 0 || type != SOCK_STREAM ||
        socket_option(fd, SO_ACCEPTCONN, &listens) < 0) {
        return -EINVAL;
    }
    return listens ? 1 : 0;
}

static int prepare(int fd)
{
    int r = fd_set_cloexec(fd, true);
    return r < 0 ? r : fd_set_nonblock(fd, true);
}

int activation_take(struct activation *ret)
{
    *ret = (struct activation){0};
    const char *pid_text = getenv("LISTEN_PID");
    const char *count_text = getenv("LISTEN_FDS");
    uint32_t pid = 0;
    uint32_t count = 0;
    bool ours = pid_text && count_text && vsh_parse_u32(pid_text, INT32_MAX, &pid) == 0 &&
                pid == (uint32_t)getpid();
    int r = ours ? vsh_parse_u32(count_text, ACTIVATION_FDS_MAX, &count) : 0;
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
    if (r < 0 || count == 0) {
        return r;
    }
    for (uint32_t i = 0; i < count; i++) {
        int fd = ACTIVATION_FIRST_FD + (int)i;
        int listens = socket_listens(fd);
        if (listens < 0 || (listens == 0 && count > 1)) {
            return -EINVAL;
        }
        ret->connected = listens == 0;
        r = prepare(fd);
        if (r < 0) {
            return r;
        }
    }
    ret->count = count;
    return 0;
}
