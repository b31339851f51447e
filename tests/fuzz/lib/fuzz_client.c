/* SPDX-License-Identifier: MIT */
/*
 * The library's client against any server: whatever bytes come, it ends with events and one final
 * result, and gives that result again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vsock-shell/client.h>

static volatile size_t sink;

static void touch(const struct vsh_client_event *event)
{
    switch (event->type) {
    case VSH_CLIENT_OUTPUT:
        sink += event->data.bytes[event->data.length - 1];
        break;
    case VSH_CLIENT_EXITED:
        sink += strlen(event->status.signal);
        break;
    case VSH_CLIENT_REFUSED:
        sink += strlen(event->error.text);
        break;
    default:
        break;
    }
}

static void run(struct vsh_client *client)
{
    static const struct vsh_exec exec = {.command = "cat"};
    struct vsh_client_event event;
    int rc = vsh_client_exec(client, &exec);

    while (rc == 0 && (rc = vsh_client_next(client, &event, 1000)) == 1) {
        touch(&event);
        (void)vsh_client_write(client, "input", 5);
        rc = 0;
    }
    /* The stream has ended, so nothing may be waited for. */
    if (rc == -ETIMEDOUT || vsh_client_next(client, &event, 0) != rc) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fds[2];
    struct vsh_client *client = NULL;

    if (size > 65536 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
        return 0;
    }
    if (send(fds[1], data, size, MSG_DONTWAIT) != (ssize_t)size && size > 0) {
        abort();
    }
    (void)shutdown(fds[1], SHUT_WR);
    if (vsh_client_open_fd(fds[0], &client) < 0) {
        abort();
    }
    run(client);
    vsh_client_close(client);
    close(fds[1]);
    return 0;
}
