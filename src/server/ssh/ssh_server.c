/* SPDX-License-Identifier: MIT */
/* The session from its socket to a login: libssh's options, key exchange, authentication. */
#include "server/ssh/ssh_connection.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "common/log.h"
#include "server/ssh/ssh_algorithms.h"
#include "server/ssh/ssh_channel_requests.h"
#include "server/ssh/ssh_forward.h"
#include "server/ssh/ssh_settings.h"
#include "session/account.h"

/* Handle that many bursts before looking at anything else: libssh reads 4 KiB at a time. */
#define BURST_MAX      64

#define BANNER_WAIT_MS 100

/* At once: the packet that logs in may bring the first request along. */
static int note_login(struct ssh_connection *connection, int answer)
{
    connection->audit.login = connection->auth.login;
    connection->audit.refused = connection->auth.attempts;
    if (connection->auth.succeeded) {
        connection->audit.user = connection->auth.account->name;
        audit_show(&connection->audit, NULL);
    }
    return answer;
}

static int on_auth_none(ssh_session session, const char *user, void *data)
{
    struct ssh_connection *connection = data;
    (void)session;
    return note_login(connection, ssh_auth_none(&connection->auth, user));
}

static int on_auth_publickey(ssh_session session, const char *user, struct ssh_key_struct *key,
                             char state, void *data)
{
    struct ssh_connection *connection = data;
    (void)session;
    return note_login(connection, ssh_auth_publickey(&connection->auth, user, key, state));
}

/* What no other callback took: forwards, and requests whose names libssh does not know. */
static int on_message(ssh_session session, ssh_message message, void *data)
{
    struct ssh_connection *connection = data;
    (void)session;
    if (!connection->auth.succeeded) {
        return 1; /* the default: accepts the service request, refuses everything else */
    }
    switch (ssh_message_type(message)) {
    case SSH_REQUEST_CHANNEL_OPEN:
        return ssh_forward_open(connection, message);
    case SSH_REQUEST_GLOBAL:
        return ssh_forward_request(connection, message);
    case SSH_REQUEST_CHANNEL:
        return ssh_channel_requests_unknown(connection, message);
    default:
        return 1;
    }
}

static void on_log(int priority, const char *function, const char *buffer, void *data)
{
    (void)priority;
    (void)function;
    (void)data;
    log_debug("libssh: %s", buffer);
}

static void quiet_library(void)
{
    (void)ssh_set_log_callback(on_log);
    (void)ssh_set_log_level(log_get_level() >= LOG_LEVEL_DEBUG ? SSH_LOG_PROTOCOL : SSH_LOG_NOLOG);
}

/*
 * Looks at the client's banner without taking it: the algorithms are chosen before libssh reads it.
 * OpenSSH sends it at once; who waits for ours is somebody else.
 */
static bool is_openssh(int fd)
{
    static const char banner[] = "SSH-2.0-OpenSSH";
    char seen[sizeof(banner) - 1] = "";
    ssize_t n = -1;
    if (fd_wait(fd, POLLIN, monotonic_ms() + BANNER_WAIT_MS) == 0) {
        n = recv(fd, seen, sizeof(seen), MSG_PEEK);
    }
    return n == (ssize_t)sizeof(seen) && memcmp(seen, banner, sizeof(seen)) == 0;
}

/* A bind object exists for its options alone; the socket is ours. */
int ssh_connection_accept(ssh_session session, const struct ssh_settings *settings, ssh_key key,
                          int fd)
{
    quiet_library();
    ssh_bind bind = ssh_bind_new();
    ssh_key copy = ssh_key_dup(key); /* the bind frees it */
    int r = bind == NULL || copy == NULL ? -ENOMEM : 0;
    if (r == 0 && ssh_bind_options_set(bind, SSH_BIND_OPTIONS_IMPORT_KEY, copy) < 0) {
        r = -EINVAL;
    } else if (r == 0) {
        copy = NULL;
        r = ssh_algorithms_apply(bind, is_openssh(fd), settings->all_ciphers);
    }
    if (r == 0 && ssh_bind_accept_fd(bind, session, fd) != SSH_OK) {
        log_error("libssh does not take the socket: %s", ssh_get_error(bind));
        r = -EIO;
    }
    ssh_key_free(copy);
    ssh_bind_free(bind);
    return r;
}

/* The signals of the loop come through a descriptor; process_spawn() clears the mask again. */
static int open_signals(void)
{
    sigset_t set;
    static const int signals[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP};
    (void)sigemptyset(&set);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        (void)sigaddset(&set, signals[i]);
    }
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) {
        return -errno;
    }
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int ssh_connection_start(struct ssh_connection *connection, const struct ssh_settings *settings,
                         ssh_key key, int fd)
{
    connection->settings = settings;
    connection->fd = fd;
    connection->staging = malloc(SSH_OUTPUT_CHUNK);
    connection->signal_fd = open_signals();
    connection->session = ssh_new();
    if (connection->staging == NULL || connection->session == NULL) {
        return -ENOMEM;
    }
    if (connection->signal_fd < 0) {
        return connection->signal_fd;
    }
    int r = ssh_connection_accept(connection->session, settings, key, fd);
    if (r < 0) {
        return r;
    }
    (void)ssh_options_set(connection->session, SSH_OPTIONS_COMPRESSION_C_S, "none");
    (void)ssh_options_set(connection->session, SSH_OPTIONS_COMPRESSION_S_C, "none");
    connection->callbacks = (struct ssh_server_callbacks_struct){
        .userdata = connection,
        .auth_none_function = on_auth_none,
        .auth_pubkey_function = on_auth_publickey,
        .channel_open_request_session_function = ssh_channel_requests_open,
    };
    ssh_callbacks_init(&connection->callbacks);
    if (ssh_set_server_callbacks(connection->session, &connection->callbacks) != SSH_OK) {
        return -EIO;
    }
    ssh_set_message_callback(connection->session, on_message, connection);
    ssh_set_auth_methods(connection->session, ssh_auth_methods(settings));
    ssh_set_counters(connection->session, &connection->counter, NULL);
    return 0;
}

short ssh_connection_events(const struct ssh_connection *connection)
{
    bool writing = (ssh_get_poll_flags(connection->session) & SSH_WRITE_PENDING) != 0;
    return (short)(POLLIN | (writing ? POLLOUT : 0));
}

bool ssh_connection_pump(struct ssh_connection *connection)
{
    int r = SSH_OK;
    /* Not one burst more after the last attempt that is allowed. */
    for (int i = 0; i < BURST_MAX && r == SSH_OK && !connection->auth.give_up; i++) {
        r = ssh_event_dopoll(connection->event, 0);
        /* After an error the library keeps the socket open and reports nothing more. */
        if ((ssh_get_status(connection->session) & (SSH_CLOSED | SSH_CLOSED_ERROR)) != 0 ||
            !ssh_is_connected(connection->session)) {
            return false;
        }
    }
    return true;
}

void ssh_connection_disconnect(struct ssh_connection *connection, const char *reason)
{
    connection->goodbye = reason;
    connection->ending = true;
    connection->ended = audit_because("%s", reason);
}

static bool is_signalled(const struct ssh_connection *connection)
{
    struct signalfd_siginfo info;
    while (read(connection->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo != SIGCHLD) {
            return true;
        }
    }
    return false;
}

/*
 * One wait for the peer; deadline -1 = none. 1 = go on, 0 = the link is over, or a negative errno.
 */
static int wait_for_peer(struct ssh_connection *connection, int64_t deadline)
{
    struct pollfd fds[2] = {
        {.fd = connection->fd, .events = ssh_connection_events(connection)},
        {.fd = connection->signal_fd, .events = POLLIN},
    };
    int64_t left = deadline < 0 ? -1 : deadline - monotonic_ms();
    if (deadline >= 0 && left <= 0) {
        return -ETIMEDOUT;
    }
    int n = poll(fds, 2, (int)left);
    if (n < 0) {
        return errno == EINTR ? 1 : -errno;
    }
    if (fds[1].revents != 0 && is_signalled(connection)) {
        return -ECANCELED;
    }
    return fds[0].revents == 0 || ssh_connection_pump(connection) ? 1 : 0;
}

static void explain_login(struct ssh_connection *connection, int r)
{
    const char *error = ssh_get_error(connection->session);
    if (r == -ETIMEDOUT) {
        connection->ended = audit_because("no login within %g s (--login-grace)",
                                          connection->settings->login_grace_ms / 1000.0);
    } else if (r == 0) {
        connection->ended = audit_because("the peer left before it had logged in%s%s",
                                          error[0] != '\0' ? ": " : "", error);
    } else if (r == -ECANCELED) {
        connection->ended = audit_because("ended by a signal before anybody had logged in");
    } else {
        connection->ended = audit_because("login ended: %s", strerror(-r));
    }
}

int ssh_connection_login(struct ssh_connection *connection)
{
    int grace = connection->settings->login_grace_ms;
    int64_t deadline = grace > 0 ? monotonic_ms() + grace : -1;
    int r = 1;
    /* Not blocking: the first call sends the banner and sets the handlers up, the loop does the
       rest, so that no peer can keep us longer than the deadline. */
    ssh_set_blocking(connection->session, 0);
    if (ssh_handle_key_exchange(connection->session) == SSH_ERROR) {
        connection->ended =
            audit_because("key exchange failed: %s", ssh_get_error(connection->session));
        return -EPROTO;
    }
    connection->event = ssh_event_new();
    if (connection->event == NULL ||
        ssh_event_add_session(connection->event, connection->session) != SSH_OK) {
        return -ENOMEM;
    }
    while (r > 0 && !connection->auth.succeeded) {
        r = wait_for_peer(connection, deadline);
        if (connection->auth.give_up) {
            ssh_connection_disconnect(connection, "Too many authentication failures");
            return -EACCES;
        }
    }
    if (r <= 0 && !connection->auth.succeeded) {
        explain_login(connection, r);
        return r < 0 ? r : -EPIPE;
    }
    return 0;
}
