/* SPDX-License-Identifier: MIT */
/*
 * Accepting: policy, limits, one process per connection. What such a process does is connection.c,
 * how everything ends listener_stop.c.
 */
#include "server/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include <vsock-shell/transport.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "common/log.h"
#include "common/session_slot.h"
#include "server/config.h"
#include "server/connection.h"
#include "server/control.h"
#include "server/listener_internal.h"
#include "server/notify.h"
#include "server/server.h"
#include "server/status.h"
#include "session/policy.h"

#define BACKLOG          128
#define ACCEPTS_PER_TURN 32 /* then signals and timers have their turn */
#define REFUSALS_MAX     16 /* at once; peers beyond that are closed without a word */
#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS   1000
#define REASON_MAX       512

/* A refusal that is to be told; text NULL = serve. */
struct verdict {
    enum vsh_error_code code;
    const char *text;
};

static void on_connection(int fd, short revents, void *data);

static void watch_sockets(struct listener *listener, short events)
{
    for (size_t i = 0; i < listener->socket_count; i++) {
        (void)loop_watch_events(listener->loop, listener->sockets[i].fd, events);
    }
}

static void on_backoff_over(void *data)
{
    struct listener *listener = data;
    watch_sockets(listener, POLLIN);
}

/* The machine is out of something: leave the waiting peers in the queue for a while. */
static void back_off(struct listener *listener, const char *what, int error)
{
    listener->backoff_ms = listener->backoff_ms == 0 ? BACKOFF_FIRST_MS : listener->backoff_ms * 2;
    if (listener->backoff_ms > BACKOFF_MAX_MS) {
        listener->backoff_ms = BACKOFF_MAX_MS;
    }
    log_warning("%s: %s; the next try is in %d ms", what, strerror(error), listener->backoff_ms);
    watch_sockets(listener, 0);
    loop_timer_set(listener->loop, &listener->backoff, listener->backoff_ms, on_backoff_over,
                   listener);
}

/* Without a free descriptor one peer can still be told at once that nothing will come of it. */
static void shed_one(struct listener *listener, int listen_fd)
{
    if (listener->spare_fd < 0) {
        return;
    }
    (void)close(listener->spare_fd);
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        (void)close(fd);
    }
    listener->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* The child: leaves the listener's world and never comes back. */
static __attribute__((noreturn)) void run_child(struct listener *listener, int fd,
                                                const struct vsh_peer *peer, int slot_fd,
                                                const struct verdict *verdict)
{
    loop_abandon(listener->loop);
    control_abandon(listener->control);
    (void)signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < listener->socket_count; i++) {
        (void)close(listener->sockets[i].fd);
    }
    (void)close(listener->spare_fd);
    listener->server->handover = fork_server_abandon(&listener->forks);
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);

    if (verdict->text) {
        handover_close(&listener->server->handover);
        connection_refuse(fd, peer, verdict->code, verdict->text);
        _exit(0);
    }
    listener->server->slot_fd = slot_fd;
    _exit(connection_serve(listener->server, fd, peer));
}

static int start_child(struct listener *listener, int fd, const struct vsh_peer *peer,
                       const struct verdict *verdict)
{
    struct child child = {
        .refusal = verdict->text != NULL, .peer = *peer, .started_ms = monotonic_ms()};
    cleanup_close int slot_fd = -1;
    int r = children_reserve(&listener->children);
    if (r < 0) {
        return r;
    }
    if (!child.refusal && session_slot_new(&child.slot, &slot_fd) < 0) {
        log_debug("a session will not be seen in --status: %s", strerror(errno));
    }
    /* No handler of ours may run in the child before loop_abandon(). */
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    child.pid = fork();
    if (child.pid == 0) {
        run_child(listener, fd, peer, slot_fd, verdict);
    }
    r = child.pid < 0 ? -errno : 0;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    if (r < 0) {
        session_slot_free(child.slot);
    } else {
        children_add(&listener->children, &child);
    }
    return r;
}

/* Says in reason[] why not, if not. */
static struct verdict judge(const struct listener *listener, const struct vsh_peer *peer,
                            char reason[REASON_MAX])
{
    const struct config *config = listener->server->config;
    const struct children *children = &listener->children;
    if (peer->family == VSH_FAMILY_VSOCK) {
        policy_look_again(listener->server->policy);
    }
    if (policy_check_peer(listener->server->policy, peer, reason, REASON_MAX) < 0) {
        return (struct verdict){VSH_ERROR_REFUSED, reason};
    }
    if (children_sessions(children) >= config->max_sessions) {
        (void)snprintf(reason, REASON_MAX,
                       "%u sessions are open, the most that --max-sessions allows",
                       config->max_sessions);
        return (struct verdict){VSH_ERROR_LIMIT, reason};
    }
    uint32_t peer_max = config->max_sessions_per_peer;
    if (peer_max && children_sessions_of(children, peer) >= peer_max) {
        (void)snprintf(
            reason, REASON_MAX,
            "this peer has %u sessions open, the most that --max-sessions-per-peer allows",
            peer_max);
        return (struct verdict){VSH_ERROR_LIMIT, reason};
    }
    return (struct verdict){0};
}

/* Returns 0 or a negative errno that calls for a pause. */
static int admit(struct listener *listener, int fd, const struct vsh_peer *peer)
{
    char reason[REASON_MAX];
    struct verdict verdict = judge(listener, peer, reason);
    if (verdict.text) {
        connection_audit_refusal(peer, reason);
        if (listener->children.refusals >= REFUSALS_MAX) {
            return 0;
        }
    }
    return start_child(listener, fd, peer, &verdict);
}

static bool is_shortage(int error)
{
    return error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -ENOBUFS;
}

static void on_connection(int fd, short revents, void *data)
{
    struct listener *listener = data;
    (void)revents; /* accept says what is wrong, if anything */
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        cleanup_close int connection = -1;
        struct vsh_peer peer;
        int r = vsh_accept(fd, &connection, &peer);
        if (r == -EAGAIN) {
            break;
        }
        if (is_shortage(r)) {
            shed_one(listener, fd);
            back_off(listener, "cannot accept a connection", -r);
            return;
        }
        if (r < 0) {
            log_debug("accept: %s", strerror(-r)); /* that peer has gone again */
            continue;
        }
        r = admit(listener, connection, &peer);
        if (r < 0) {
            back_off(listener, "cannot start a process for a connection", -r);
            return;
        }
        listener->backoff_ms = 0;
    }
}

static void on_sighup(int signo, void *data)
{
    struct listener *listener = data;
    char text[4096];
    (void)signo;
    (void)notify_reloading();
    int r = server_reload(listener->server, text, sizeof(text));
    if (r < 0) {
        log_error("the old policy stays: %s", text);
    } else {
        (void)policy_describe(listener->server->policy, text, sizeof(text));
        for (char *line = text; (line = strchr(line, '\n')) != NULL;) {
            *line = line[1] != '\0' ? ';' : '\0';
        }
        log_notice("the policy has been read again: %s", text);
    }
    fork_server_renew(listener); /* the host key may have changed, too */
    (void)notify_send("READY=1");
}

static int take_signals(struct listener *listener)
{
    const struct {
        int signo;
        loop_signal_fn *fn;
    } signals[] = {{SIGCHLD, listener_on_child},
                   {SIGHUP, on_sighup},
                   {SIGUSR1, listener_on_leave},
                   {SIGTERM, listener_on_stop},
                   {SIGINT, listener_on_stop}};
    int r = 0;
    for (size_t i = 0; r == 0 && i < sizeof(signals) / sizeof(signals[0]); i++) {
        r = loop_signal(listener->loop, signals[i].signo, signals[i].fn, listener);
    }
    return r;
}

int listener_new(struct server *server, struct listener **ret)
{
    struct listener *listener = calloc(1, sizeof(*listener));
    if (!listener) {
        return -ENOMEM;
    }
    listener->server = server;
    listener->started_ms = monotonic_ms();
    fork_server_init(&listener->forks);
    listener->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int r = loop_new(&listener->loop);
    if (r == 0) {
        r = take_signals(listener);
    }
    if (r < 0) {
        listener_free(listener);
        return r;
    }
    *ret = listener;
    return 0;
}

void listener_free(struct listener *listener)
{
    if (!listener) {
        return;
    }
    if (listener->loop) {
        listener_close_sockets(listener);
        fork_server_done(listener);
    }
    if (listener->spare_fd >= 0) {
        (void)close(listener->spare_fd);
    }
    children_done(&listener->children);
    control_free(listener->control);
    loop_free(listener->loop);
    free(listener);
}

static void note_vsock_port(struct listener *listener, int fd)
{
    struct sockaddr_vm name = {0};
    socklen_t length = sizeof(name);
    if (!listener->has_vsock_port && getsockname(fd, (struct sockaddr *)&name, &length) == 0 &&
        name.svm_family == AF_VSOCK) {
        listener->has_vsock_port = true;
        listener->vsock_port = name.svm_port;
    }
}

static int add_socket(struct listener *listener, int fd, const struct vsh_address *address)
{
    struct listen_socket *grown =
        reallocarray(listener->sockets, listener->socket_count + 1, sizeof(*grown));
    if (!grown) {
        return -ENOMEM;
    }
    listener->sockets = grown;
    int r = loop_watch(listener->loop, fd, POLLIN, on_connection, listener);
    if (r < 0) {
        return r;
    }
    struct listen_socket *socket = &grown[listener->socket_count++];
    *socket = (struct listen_socket){.fd = fd};
    note_vsock_port(listener, fd);
    if (address) {
        listener_note_path(socket, address);
    }
    return 0;
}

int listener_open(struct listener *listener, const struct vsh_address *address)
{
    char text[512];
    cleanup_close int fd = -1;
    /* Who may enter is the policy's to say, by the peer's uid: the refused get a sentence, too. */
    mode_t before = umask(0111);
    int r = vsh_listen(address, BACKLOG, &fd);
    (void)umask(before);
    if (r < 0) {
        log_error("%s", vsh_listen_explain(address, r, text, sizeof(text)));
        return r;
    }
    r = add_socket(listener, fd, address);
    if (r == 0) {
        (void)take_fd(&fd);
        log_notice("listening on %s", vsh_address_format(address, text, sizeof(text)));
    }
    return r;
}

int listener_adopt(struct listener *listener, int fd)
{
    return add_socket(listener, fd, NULL);
}

int listener_control(struct listener *listener, const char *path)
{
    char place[CONTROL_PATH_MAX];
    bool wanted = path != NULL;
    if (!wanted) {
        if (!listener->has_vsock_port || control_default_path(listener->vsock_port, place) < 0) {
            return 0;
        }
        path = place;
    }
    int r =
        control_open(listener->loop, path, !wanted, status_answer, listener, &listener->control);
    if (r < 0 && wanted) {
        log_error("--control: cannot make the socket '%s': %s", path, strerror(-r));
        return r;
    }
    if (r < 0) {
        log_notice("no --status: cannot make the socket '%s': %s", path, strerror(-r));
    }
    return 0;
}

int listener_run(struct listener *listener)
{
    fork_server_renew(listener);
    return loop_run(listener->loop);
}
