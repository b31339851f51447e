/* SPDX-License-Identifier: MIT */
/*
 * The end of children, and that of the listener: no new connections, grace for the old ones, then
 * firmness.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "server/config.h"
#include "server/control.h"
#include "server/listener_internal.h"
#include "server/notify.h"
#include "server/server.h"
#include "server/status.h"

/* A connection process needs up to 5 s to end the processes of its session. */
#define TERMINATE_MS 7000

void listener_note_path(struct listen_socket *socket, const struct vsh_address *address)
{
    char path[VSH_PATH_MAX + 16];
    struct stat st;
    if (address->family == VSH_FAMILY_UNIX && address->path[0] != '@') {
        (void)snprintf(path, sizeof(path), "%s", address->path);
    } else if (address->family == VSH_FAMILY_MUX) {
        (void)snprintf(path, sizeof(path), "%s_%u", address->path, address->port);
    } else {
        return;
    }
    if (lstat(path, &st) == 0) {
        socket->path = strdup(path);
        socket->device = st.st_dev;
        socket->inode = st.st_ino;
    }
}

void listener_close_sockets(struct listener *listener)
{
    for (size_t i = 0; i < listener->socket_count; i++) {
        struct listen_socket *socket = &listener->sockets[i];
        struct stat st;
        if (socket->fd >= 0) {
            loop_unwatch(listener->loop, socket->fd);
            (void)close(socket->fd);
        }
        /* Another server may have put its own socket there since. */
        if (socket->path && lstat(socket->path, &st) == 0 && st.st_dev == socket->device &&
            st.st_ino == socket->inode) {
            (void)unlink(socket->path);
        }
        free(socket->path);
    }
    free(listener->sockets);
    listener->sockets = NULL;
    listener->socket_count = 0;
}

static void check_end(struct listener *listener)
{
    if (listener->stopping && listener->children.count == 0) {
        loop_stop(listener->loop, 0);
    }
}

static void on_child_ended(const struct child *child, int status, void *data)
{
    status_child_ended(child, status);
    fork_server_judge(data, child, status);
}

void listener_on_child(int signo, void *data)
{
    struct listener *listener = data;
    const struct children_events events = {
        .look = fork_server_take_reports, .ended = on_child_ended, .data = listener};
    (void)signo;
    children_reap(&listener->children, &events);
    fork_server_reap(listener);
    check_end(listener);
}

static void on_too_late(void *data)
{
    struct listener *listener = data;
    log_warning("%zu connections did not end: killed", listener->children.count);
    children_signal(&listener->children, SIGKILL);
    loop_stop(listener->loop, 0);
}

static void terminate(void *data)
{
    struct listener *listener = data;
    if (listener->terminated) {
        return;
    }
    listener->terminated = true;
    log_notice("ending %zu connections", listener->children.count);
    children_signal(&listener->children, SIGTERM);
    loop_timer_set(listener->loop, &listener->ending, TERMINATE_MS, on_too_late, listener);
}

void listener_on_leave(int signo, void *data)
{
    struct listener *listener = data;
    (void)notify_send("STOPPING=1");
    log_notice("%s: leaving %zu connections to themselves", strsignal(signo),
               listener->children.count);
    listener_close_sockets(listener);
    control_free(listener->control); /* the next server wants its place */
    listener->control = NULL;
    loop_stop(listener->loop, 0);
}

void listener_on_stop(int signo, void *data)
{
    struct listener *listener = data;
    if (listener->stopping) {
        terminate(listener);
        return;
    }
    listener->stopping = true;
    (void)notify_send("STOPPING=1");
    log_notice("%s: no new connections; %zu are left", strsignal(signo), listener->children.count);
    loop_timer_clear(listener->loop, &listener->backoff);
    listener_close_sockets(listener);
    loop_timer_set(listener->loop, &listener->ending, listener->server->config->grace_ms, terminate,
                   listener);
    check_end(listener);
}
