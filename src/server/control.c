/* SPDX-License-Identifier: MIT */
/* The control socket in the listener's loop; what it answers is the caller's business. */
#include "server/control.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vsock-shell/transport.h>

#include "base/cleanup.h"
#include "common/log.h"
#include "common/loop.h"

#define BACKLOG     8
#define CLIENTS_MAX 4
#define CLIENT_MS   2000 /* for request and answer together */
#define REST_MS     1000 /* after a shortage of descriptors */
#define REQUEST_MAX 16

struct client {
    struct control *control;
    int fd; /* -1 = free */
    char request[REQUEST_MAX];
    size_t request_length;
    char *answer; /* NULL = the request has not come whole */
    size_t length, sent;
    struct loop_timer timer;
};

struct control {
    struct loop *loop;
    int fd;
    char path[CONTROL_PATH_MAX];
    dev_t device;
    ino_t inode;
    control_answer_fn *answer;
    void *data;
    struct loop_timer rest;
    struct client clients[CLIENTS_MAX];
};

int control_default_path(uint32_t port, char path[CONTROL_PATH_MAX])
{
    const char *folder = "/run/vsock-shell";
    const char *below = "";
    if (geteuid() != 0) {
        folder = getenv("RUNTIME_DIRECTORY"); /* of the service manager */
        if (!folder) {
            folder = getenv("XDG_RUNTIME_DIR");
            below = "/vsock-shell";
        }
    }
    if (!folder || folder[0] != '/') {
        return -ENOENT;
    }
    int length = snprintf(path, CONTROL_PATH_MAX, "%s%s/%u.control", folder, below, port);
    return length < 0 || length >= CONTROL_PATH_MAX ? -ENAMETOOLONG : 0;
}

static struct client *find_free(struct control *control)
{
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        if (control->clients[i].fd < 0) {
            return &control->clients[i];
        }
    }
    return NULL;
}

/* Whoever comes while all places are taken waits in the queue. */
static void watch_listening(struct control *control)
{
    short events = find_free(control) && control->rest.deadline_ms == 0 ? POLLIN : 0;
    (void)loop_watch_events(control->loop, control->fd, events);
}

static void end_client(struct client *client)
{
    struct control *control = client->control;
    loop_timer_clear(control->loop, &client->timer);
    loop_unwatch(control->loop, client->fd);
    (void)close(client->fd);
    free(client->answer);
    *client = (struct client){.control = control, .fd = -1};
    watch_listening(control);
}

static void on_client_late(void *data)
{
    end_client(data);
}

static void send_answer(struct client *client)
{
    while (client->sent < client->length) {
        ssize_t n = send(client->fd, client->answer + client->sent, client->length - client->sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) {
            (void)loop_watch_events(client->control->loop, client->fd, POLLOUT);
            return;
        }
        if (n < 0) {
            break;
        }
        client->sent += (size_t)n;
    }
    end_client(client);
}

/* Takes what has come. True when a request is whole; *ret_json says which. -EBADMSG for any other.
 */
static int take_request(struct client *client, bool *ret_json)
{
    size_t room = sizeof(client->request) - 1 - client->request_length;
    ssize_t n = recv(client->fd, client->request + client->request_length, room, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    if (n <= 0) {
        return -EBADMSG;
    }
    client->request_length += (size_t)n;
    client->request[client->request_length] = '\0';
    *ret_json = strcmp(client->request, CONTROL_JSON) == 0;
    if (*ret_json || strcmp(client->request, CONTROL_TEXT) == 0) {
        return 1;
    }
    return client->request_length == sizeof(client->request) - 1 || strchr(client->request, '\n')
               ? -EBADMSG
               : 0;
}

static void on_client(int fd, short revents, void *data)
{
    struct client *client = data;
    struct control *control = client->control;
    bool json = false;
    (void)fd;
    (void)revents;
    if (!client->answer) {
        int r = take_request(client, &json);
        if (r == 1) {
            r = control->answer(control->data, json, &client->answer, &client->length);
            r = r < 0 ? r : 1;
        }
        if (r == 0) {
            return;
        }
        if (r < 0) {
            end_client(client);
            return;
        }
    }
    send_answer(client);
}

static void on_rested(void *data)
{
    watch_listening(data);
}

static void on_control(int listen_fd, short revents, void *data)
{
    struct control *control = data;
    struct client *client = find_free(control);
    cleanup_close int fd = -1;
    struct vsh_peer peer;
    (void)revents;
    int r = client ? vsh_accept(listen_fd, &fd, &peer) : -EAGAIN;
    if (r == -EMFILE || r == -ENFILE || r == -ENOMEM || r == -ENOBUFS) {
        loop_timer_set(control->loop, &control->rest, REST_MS, on_rested, control);
        (void)loop_watch_events(control->loop, control->fd, 0);
    }
    if (r < 0) {
        return;
    }
    /* The file's mode says so, too, but an owner can change that. */
    if (peer.uid != 0 && peer.uid != geteuid()) {
        log_warning("--status: refused uid %d", (int)peer.uid);
        return; /* closed without an answer */
    }
    if (loop_watch(control->loop, fd, POLLIN, on_client, client) < 0) {
        return;
    }
    client->fd = take_fd(&fd);
    loop_timer_set(control->loop, &client->timer, CLIENT_MS, on_client_late, client);
    watch_listening(control);
}

/* The folder of the default place; others exist, or the person is told. */
static void make_parent(const char *path)
{
    char folder[CONTROL_PATH_MAX];
    (void)snprintf(folder, sizeof(folder), "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash && slash != folder) {
        *slash = '\0';
        (void)mkdir(folder, 0755); /* exists, or bind(2) says what is wrong */
    }
}

static int bind_path(struct control *control, const char *path)
{
    struct vsh_address address = {.family = VSH_FAMILY_UNIX};
    struct stat st;
    if (strlen(path) >= sizeof(control->path)) {
        return -ENAMETOOLONG;
    }
    (void)snprintf(address.path, sizeof(address.path), "%s", path);
    (void)snprintf(control->path, sizeof(control->path), "%s", path);
    mode_t before = umask(0177);
    int r = vsh_listen(&address, BACKLOG, &control->fd);
    (void)umask(before);
    if (r == 0 && lstat(path, &st) == 0) {
        control->device = st.st_dev;
        control->inode = st.st_ino;
    }
    return r;
}

int control_open(struct loop *loop, const char *path, bool make_folder, control_answer_fn *answer,
                 void *data, struct control **ret)
{
    struct control *control = calloc(1, sizeof(*control));
    if (!control) {
        return -ENOMEM;
    }
    *control = (struct control){.loop = loop, .fd = -1, .answer = answer, .data = data};
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        control->clients[i] = (struct client){.control = control, .fd = -1};
    }
    if (make_folder) {
        make_parent(path);
    }
    int r = bind_path(control, path);
    if (r == 0) {
        r = loop_watch(loop, control->fd, POLLIN, on_control, control);
    }
    if (r < 0) {
        control_free(control);
        return r;
    }
    *ret = control;
    return 0;
}

void control_free(struct control *control)
{
    struct stat st;
    if (!control) {
        return;
    }
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        if (control->clients[i].fd >= 0) {
            end_client(&control->clients[i]);
        }
    }
    loop_timer_clear(control->loop, &control->rest);
    if (control->fd >= 0) {
        loop_unwatch(control->loop, control->fd);
        (void)close(control->fd);
        if (lstat(control->path, &st) == 0 && st.st_dev == control->device &&
            st.st_ino == control->inode) {
            (void)unlink(control->path);
        }
    }
    free(control);
}

void control_abandon(struct control *control)
{
    if (!control) {
        return;
    }
    (void)close(control->fd);
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        if (control->clients[i].fd >= 0) {
            (void)close(control->clients[i].fd);
        }
    }
}
