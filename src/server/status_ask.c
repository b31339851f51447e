/* SPDX-License-Identifier: MIT */
/* The other end of the control socket: one question, and the answer copied to standard output. */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <vsock-shell/transport.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "server/config.h"
#include "server/control.h"
#include "server/status.h"

#define ANSWER_MS 10000

static int fail(const char *path, int error)
{
    if (error == -ENOENT || error == -ECONNREFUSED) {
        (void)fprintf(stderr,
                      SERVER_PROGRAM
                      ": --status: no server answers at '%s': it does not run, or it "
                      "has another port (-p) or place (--control)\n",
                      path);
    } else if (error == -EACCES) {
        (void)fprintf(stderr,
                      SERVER_PROGRAM ": --status: cannot ask the server at '%s': only root and the "
                                     "server's own user may\n",
                      path);
    } else {
        (void)fprintf(stderr, SERVER_PROGRAM ": --status: cannot ask the server at '%s': %s\n",
                      path, strerror(-error));
    }
    return 1;
}

/*
 * Whoever serves the socket may be less than we are: no control character of it reaches a terminal.
 * Those of C1 are 0xc2 and a byte below 0xa0 in UTF-8.
 */
static void disarm(char *bytes, size_t length, bool *after_c2)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if ((c < 0x20 && c != '\n') || c == 0x7f || (*after_c2 && c >= 0x80 && c < 0xa0)) {
            bytes[i] = '?';
        }
        *after_c2 = c == 0xc2;
    }
}

/* 0, or a negative errno: -EACCES when the server closed without a word. */
static int copy_answer(int fd)
{
    int64_t deadline_ms = monotonic_ms() + ANSWER_MS;
    bool after_c2 = false;
    int end = -EACCES;
    char bytes[4096];
    for (;;) {
        int r = fd_wait(fd, POLLIN, deadline_ms);
        ssize_t n = r < 0 ? r : read(fd, bytes, sizeof(bytes));
        if (r == 0 && n < 0) {
            n = errno == EAGAIN || errno == EINTR ? 1 : -errno;
            if (n == 1) {
                continue;
            }
        }
        if (n <= 0) {
            /* Closed with our question unread, the socket is reset. */
            return n < 0 && n != -ECONNRESET ? (int)n : end;
        }
        end = 0;
        disarm(bytes, (size_t)n, &after_c2);
        if (fwrite(bytes, 1, (size_t)n, stdout) != (size_t)n) {
            return -EIO;
        }
    }
}

int status_ask(const struct config *config)
{
    const struct vsh_connect_options options = {.timeout_ms = ANSWER_MS, .cancel_fd = -1};
    struct vsh_address address = {.family = VSH_FAMILY_UNIX};
    const char *request = config->json ? CONTROL_JSON : CONTROL_TEXT;
    char path[CONTROL_PATH_MAX];
    int r = config->control ? 0 : control_default_path(config->port, path);
    if (r < 0) {
        (void)fprintf(stderr,
                      SERVER_PROGRAM ": --status: this user has no folder for control "
                                     "sockets (XDG_RUNTIME_DIR): name one with --control\n");
        return 1;
    }
    const char *place = config->control ? config->control : path;
    (void)snprintf(address.path, sizeof(address.path), "%s", place);
    cleanup_close int fd = -1;
    r = vsh_connect(&address, &options, &fd);
    if (r == 0) {
        r = fd_write_full(fd, request, strlen(request), monotonic_ms() + ANSWER_MS);
    }
    if (r == -EPIPE || r == -ECONNRESET) {
        r = -EACCES; /* closed before it could be asked */
    }
    if (r == 0) {
        r = copy_answer(fd);
    }
    if (r == 0 && fflush(stdout) != 0) {
        r = -errno;
    }
    return r < 0 ? fail(place, r) : 0;
}
