/* SPDX-License-Identifier: MIT */
/* The listener's side of the fork server: its start, its end, and what becomes known of sessions.
 */
#include "server/fork_server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "common/fork_request.h"
#include "common/log.h"
#include "common/session_slot.h"
#include "server/config.h"
#include "server/listener_internal.h"
#include "server/server.h"
#include "server/ssh_launch.h"

#define PAUSE_MS       1000             /* between two starts, at least */
#define BACKOFF_MAX_MS (10 * 60 * 1000) /* for one that ends by itself again and again */
#define STEADY_MS      60000            /* after so long an end is no consequence of the start */

void fork_server_init(struct fork_server *forks)
{
    *forks = (struct fork_server){.socket = -1, .report_fds = {-1, -1}};
}

/* The child: becomes the program, or ends. */
static __attribute__((noreturn)) void become(const struct server *server, int socket, pid_t parent)
{
    /* However the listener ends, and whoever still holds the other end of the socket. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent) {
        _exit(1);
    }
    ssh_launch_fork_server(server, socket);
    _exit(1);
}

static int launch(struct listener *listener)
{
    struct fork_server *forks = &listener->forks;
    int ends[2];
    sigset_t all;
    sigset_t before;
    pid_t parent = getpid();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        return -errno;
    }
    /* No handler of ours may run in the child. */
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0) {
        become(listener->server, ends[1], parent);
    }
    int r = pid < 0 ? -errno : 0;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    (void)close(ends[1]);
    if (r < 0) {
        (void)close(ends[0]);
        return r;
    }
    forks->pid = pid;
    forks->socket = ends[0];
    forks->generation++;
    log_debug("the fork server for SSH is process %d", (int)pid);
    return 0;
}

static void on_report(int fd, short revents, void *data)
{
    (void)fd;
    (void)revents;
    fork_server_take_reports(data);
}

static int open_reports(struct listener *listener)
{
    struct fork_server *forks = &listener->forks;
    if (forks->report_fds[0] >= 0) {
        return 0;
    }
    if (pipe2(forks->report_fds, O_CLOEXEC | O_NONBLOCK) < 0) {
        return -errno;
    }
    return loop_watch(listener->loop, forks->report_fds[0], POLLIN, on_report, listener);
}

static void start(struct listener *listener);

static void on_restart(void *data)
{
    start(data);
}

static void start_in(struct listener *listener, int64_t delay_ms)
{
    loop_timer_set(listener->loop, &listener->forks.restart, delay_ms, on_restart, listener);
}

static int back_off(struct fork_server *forks)
{
    forks->backoff_ms = forks->backoff_ms == 0 ? PAUSE_MS : forks->backoff_ms * 2;
    if (forks->backoff_ms > BACKOFF_MAX_MS) {
        forks->backoff_ms = BACKOFF_MAX_MS;
    }
    return forks->backoff_ms;
}

/* Recorders are children of their connection's process: recorded sessions start their programs. */
static bool is_wanted(const struct listener *listener)
{
    const struct server *server = listener->server;
    return server->ssh_program != NULL && server->record_fd < 0;
}

static void start(struct listener *listener)
{
    struct fork_server *forks = &listener->forks;
    if (!is_wanted(listener) || forks->pid != 0) {
        return;
    }
    forks->started_ms = monotonic_ms();
    int r = open_reports(listener);
    if (r == 0) {
        r = launch(listener);
    }
    if (r < 0) {
        log_debug("cannot start the fork server for SSH: %s", strerror(-r));
        start_in(listener, back_off(forks));
    }
}

void fork_server_stop(struct listener *listener)
{
    struct fork_server *forks = &listener->forks;
    loop_timer_clear(listener->loop, &forks->restart);
    if (forks->pid != 0) {
        (void)kill(forks->pid, SIGKILL); /* reaped as a child that nobody knows */
        forks->pid = 0;
    }
    if (forks->socket >= 0) {
        (void)close(forks->socket);
        forks->socket = -1;
    }
}

void fork_server_done(struct listener *listener)
{
    struct fork_server *forks = &listener->forks;
    fork_server_stop(listener);
    for (size_t i = 0; i < 2; i++) {
        if (forks->report_fds[i] >= 0) {
            loop_unwatch(listener->loop, forks->report_fds[i]);
            (void)close(forks->report_fds[i]);
        }
    }
}

/* Not twice within the pause, whatever makes us. */
static void restart(struct listener *listener)
{
    struct fork_server *forks = &listener->forks;
    int64_t age_ms = monotonic_ms() - forks->started_ms;
    bool first = forks->generation == 0;
    fork_server_stop(listener);
    if (first || age_ms >= PAUSE_MS) {
        start(listener);
    } else {
        start_in(listener, PAUSE_MS - age_ms);
    }
}

void fork_server_renew(struct listener *listener)
{
    listener->forks.backoff_ms = 0;
    restart(listener);
}

void fork_server_take_reports(void *data)
{
    struct listener *listener = data;
    struct fork_server *forks = &listener->forks;
    struct handover_report report;
    while (forks->report_fds[0] >= 0 && handover_read_report(forks->report_fds[0], &report) == 1) {
        children_succeed(&listener->children, report.pid, report.successor, report.generation);
        if (report.successor > 0 && report.generation <= forks->distrusted) {
            (void)kill(report.successor, SIGKILL);
        }
        if (report.successor == 0 && report.generation == forks->generation && forks->pid != 0) {
            log_warning("the fork server for SSH (process %d) does not answer: replaced",
                        (int)forks->pid);
            restart(listener);
        }
    }
}

static bool is_crash(int status)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGSYS, SIGTRAP};
    for (size_t i = 0; WIFSIGNALED(status) && i < sizeof(signals) / sizeof(signals[0]); i++) {
        if (WTERMSIG(status) == signals[i]) {
            return true;
        }
    }
    return false;
}

void fork_server_judge(struct listener *listener, const struct child *child, int status)
{
    struct fork_server *forks = &listener->forks;
    if (child->generation > forks->distrusted && is_crash(status)) {
        forks->distrusted = child->generation;
        forks->purge = true;
    }
}

/* Who has not logged in cannot be told from whoever tried the guess; the others have a login. */
static void purge(struct listener *listener)
{
    struct fork_server *forks = &listener->forks;
    size_t ended = 0;
    for (size_t i = 0; i < listener->children.count; i++) {
        const struct child *child = &listener->children.items[i];
        struct session_view view = {0};
        if (child->generation == 0 || child->generation > forks->distrusted) {
            continue;
        }
        if (child->slot) {
            session_slot_read(child->slot, &view);
        }
        if (view.user[0] == '\0') {
            (void)kill(child->successor ? child->successor : child->pid, SIGKILL);
            ended++;
        }
    }
    log_warning("a crash of an SSH session may be a guess at its memory's layout: its fork server "
                "is replaced, and %zu sessions of that one which have not logged in end",
                ended);
}

static void has_ended(struct listener *listener, int status)
{
    struct fork_server *forks = &listener->forks;
    pid_t pid = forks->pid;
    forks->pid = 0;
    fork_server_stop(listener);
    if (listener->stopping) {
        return;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == FORK_SERVER_UNSUITABLE) {
        log_debug("each SSH session starts its own program: this libssh is none to fork with");
        return;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == FORK_SERVER_RENEW) {
        forks->backoff_ms = 0;
        start_in(listener, 0);
        return;
    }
    if (monotonic_ms() - forks->started_ms >= STEADY_MS) {
        forks->backoff_ms = 0;
    }
    int delay_ms = back_off(forks);
    log_warning("the fork server for SSH (process %d) ended, %s %d; the next one starts in %d s, "
                "until then each session starts its own program",
                (int)pid, WIFSIGNALED(status) ? "signal" : "status",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), delay_ms / 1000);
    start_in(listener, delay_ms);
}

/*
 * Sessions that were never begun, because the process that asked for them had gone, and earlier
 * fork servers. What ends from here on raises SIGCHLD again.
 */
static void reap_unknown(struct listener *listener)
{
    for (;;) {
        siginfo_t info = {0};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0) {
            return;
        }
        fork_server_take_reports(listener);
        if (info.si_pid == listener->forks.pid || children_know(&listener->children, info.si_pid)) {
            return;
        }
        (void)waitpid(info.si_pid, NULL, WNOHANG);
    }
}

void fork_server_reap(struct listener *listener)
{
    struct fork_server *forks = &listener->forks;
    int status = 0;
    if (forks->purge) {
        forks->purge = false;
        if (forks->generation <= forks->distrusted) {
            restart(listener);
        }
        purge(listener);
    }
    if (forks->pid != 0 && waitpid(forks->pid, &status, WNOHANG) == forks->pid) {
        has_ended(listener, status);
    }
    reap_unknown(listener);
}

struct handover fork_server_abandon(const struct fork_server *forks)
{
    if (forks->report_fds[0] >= 0) {
        (void)close(forks->report_fds[0]);
    }
    return (struct handover){.socket = forks->socket,
                             .report_fd = forks->report_fds[1],
                             .generation = forks->generation};
}
