/* SPDX-License-Identifier: MIT */
/*
 * The fork server's loop. Whatever fails here costs a session its head start and nothing else: the
 * process that asked sees its pair closed and starts the program itself.
 */
#include "server/ssh/ssh_fork_server.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/wire.h"
#include "common/fork_request.h"
#include "common/log.h"
#include "server/ssh/ssh_host_key.h"
#include "server/ssh/ssh_origin.h"
#include "server/ssh/ssh_settings.h"
#include "server/ssh/ssh_stdio.h"
#include "server/ssh/ssh_warm_up.h"

#define SESSION_COMM "vsock-shell-ssh" /* as the kernel cuts the program's name */
#define GO_MS        10000

/* clone(2): which comes first depends on the machine. */
#if defined(__s390__)
#define CLONE_ARGUMENTS(flags) 0ul, (flags)
#else
#define CLONE_ARGUMENTS(flags) (flags), 0ul
#endif

/*
 * As fork(2), but a child of our parent. The C library's handlers are not called: this process has
 * one thread and registers none. OpenSSL, from 1.1.1d on, tells by getpid(2), which no current C
 * library caches, that a copy must not go on with its parent's random numbers; what the other
 * crypto libraries of libssh do is not known, see is_suitable().
 */
static pid_t fork_sibling(void)
{
    long r = syscall(SYS_clone, CLONE_ARGUMENTS((unsigned long)CLONE_PARENT | SIGCHLD), 0, 0, 0);
    return r < 0 ? -errno : (pid_t)r;
}

static bool is_suitable(void)
{
    const char *version = ssh_version(0); /* "0.10.6/openssl/zlib" */
    return version != NULL && strstr(version, "/openssl") != NULL;
}

/* The one who asked has given up, or gone. */
static bool is_withdrawn(const struct fork_request *request)
{
    struct pollfd poll_fd = {.fd = request->answer_fd, .events = POLLIN};
    return poll(&poll_fd, 1, 0) != 0;
}

/* In the copy: true when it may begin. */
static bool ask_to_begin(int answer_fd)
{
    uint8_t bytes[FORK_ANSWER_BYTES];
    wire_store_u32(bytes, (uint32_t)getpid());
    return send(answer_fd, bytes, sizeof(bytes), MSG_NOSIGNAL) == (ssize_t)sizeof(bytes) &&
           fd_wait(answer_fd, POLLIN, monotonic_ms() + GO_MS) == 0 &&
           recv(answer_fd, bytes, 1, MSG_DONTWAIT) == 1;
}

static int become_session(struct ssh_settings *settings, const struct fork_request *request)
{
    static char peer[VSH_PEER_MAX]; /* the settings borrow their texts */
    if (!ask_to_begin(request->answer_fd) || fd_set_nonblock(request->fd, false) < 0) {
        _exit(0);
    }
    (void)close(request->answer_fd);
    memcpy(peer, request->peer, sizeof(peer));
    settings->peer_text = peer;
    settings->login_grace_ms = request->grace_ms;
    settings->slot_fd = request->slot_fd;
    return request->fd;
}

/* -1 in a session, else the exit status. */
static int serve_requests(int socket, const struct ssh_origin *origin,
                          struct ssh_settings *settings, int *ret_fd)
{
    for (;;) {
        struct fork_request request;
        int r = fork_request_receive(socket, &request);
        if (r == -EBADMSG) {
            log_debug("not a request of this version of the server");
            continue;
        }
        if (r <= 0) {
            return r < 0; /* 0: the listener has gone */
        }
        if (ssh_origin_has_changed(origin)) {
            log_debug("the fork server ends: its program, a library or the host key has changed");
            return FORK_SERVER_RENEW; /* and who asked starts the new program */
        }
        pid_t pid = is_withdrawn(&request) ? 1 : fork_sibling();
        if (pid == 0) {
            (void)close(socket);
            *ret_fd = become_session(settings, &request);
            return -1;
        }
        if (pid < 0) {
            log_debug("cannot make the process of a session: %s", strerror(-pid));
        }
        fork_request_close(&request);
    }
}

/* False when nobody is left who could ask. */
static bool await_request(int socket)
{
    struct pollfd poll_fd = {.fd = socket, .events = POLLIN};
    while (poll(&poll_fd, 1, -1) < 0) {
        if (errno != EINTR) {
            return false;
        }
    }
    return (poll_fd.revents & (POLLHUP | POLLERR | POLLNVAL)) == 0;
}

int ssh_fork_server_begin(const struct ssh_settings *settings)
{
    char host_key[PATH_MAX];
    if (!is_suitable()) {
        return FORK_SERVER_UNSUITABLE;
    }
    int r = ssh_stdio_null();
    if (r < 0) {
        log_error("cannot put /dev/null on stdin and stdout: %s", strerror(-r));
        return 1;
    }
    /* For whoever looks at the processes: this one is no session. */
    (void)prctl(PR_SET_NAME, "vsh-fork-server");
    if (ssh_host_key_place(settings->host_key, host_key) == 0 && access(host_key, F_OK) < 0 &&
        !await_request(settings->fork_server_fd)) {
        return FORK_SERVER_RENEW;
    }
    return -1;
}

int ssh_fork_server_run(struct ssh_settings *settings, ssh_key key, int *ret_fd)
{
    char host_key[PATH_MAX];
    int r = ssh_warm_up(settings, key);
    if (r < 0) {
        log_debug("the first key exchange of the fork server failed: %s", strerror(-r));
    }
    /* After it: more has been loaded by then. */
    r = ssh_host_key_place(settings->host_key, host_key);
    struct ssh_origin *origin = r == 0 ? ssh_origin_new(host_key) : NULL;
    if (origin == NULL) {
        return 1;
    }
    r = serve_requests(settings->fork_server_fd, origin, settings, ret_fd);
    ssh_origin_free(origin);
    if (r < 0) {
        (void)prctl(PR_SET_NAME, SESSION_COMM);
    }
    return r;
}
