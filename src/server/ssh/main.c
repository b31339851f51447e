/* SPDX-License-Identifier: MIT */
/*
 * vsock-shell-ssh-session: one SSH session on the stream that it was given, or on one for each
 * request to the fork server, in a process of its own. The order is the point: the host key while
 * we may read it, --user before the peer's first byte, then the login.
 */
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "common/log.h"
#include "common/session_slot.h"
#include "server/ssh/ssh_connection.h"
#include "server/ssh/ssh_fork_server.h"
#include "server/ssh/ssh_host_key.h"
#include "server/ssh/ssh_settings.h"
#include "server/ssh/ssh_stdio.h"
#include "session/account.h"

#define FDS_WANTED 20000

/*
 * A session ends without the libraries' tidying up: that writes to most of the pages that a copy of
 * the fork server shares with it, to hand them to a kernel which takes them anyway. Not so where
 * the sanitizer looks for leaks on the way.
 */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TIDY_UP true
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define TIDY_UP true
#endif
#ifndef TIDY_UP
#define TIDY_UP false
#endif

static ssh_key load_host_key(const struct ssh_settings *settings)
{
    char error[512];
    ssh_key key = NULL;
    if (ssh_host_key_load(settings->host_key, &key, error, sizeof(error)) < 0) {
        die("%s", error);
    }
    return key;
}

/* The one user that may log in, or NULL. With --user we are that user from here on. */
static struct account *choose_user(const struct ssh_settings *settings)
{
    struct account *account = NULL;
    if (settings->user != NULL) {
        int r = account_lookup(settings->user, &account);
        if (r < 0) {
            die("--user: there is no user '%s'", settings->user);
        }
        r = account_become(account);
        if (r < 0) {
            die("--user: cannot become %s: %s", settings->user, strerror(-r));
        }
        return account;
    }
    if (geteuid() != 0 && account_lookup_uid(geteuid(), &account) < 0) {
        die("cannot look our own user up");
    }
    return account;
}

/* Where the listener may look; a session is served without that, too. */
static struct session_slot *map_slot(const struct ssh_settings *settings)
{
    struct session_slot *slot = NULL;
    if (settings->slot_fd < 0) {
        return NULL;
    }
    int r = session_slot_map(settings->slot_fd, &slot);
    if (r < 0) {
        log_warning("--slot-fd: not a page of the server: %s", strerror(-r));
        return NULL;
    }
    (void)close(settings->slot_fd);
    return slot;
}

static int serve(struct ssh_settings *settings, ssh_key key, int fd)
{
    struct ssh_connection connection = {.signal_fd = -1, .recorder = &settings->recorder};
    ssh_peer_describe(settings->peer_text, fd, &connection.peer);
    char tag[sizeof(connection.peer.text) + 8] = "ssh ";
    log_set_tag(strcat(tag, connection.peer.text));
    connection.audit = (struct audit_session){.peer = connection.peer.text,
                                              .mode = "ssh",
                                              .started_ms = monotonic_ms(),
                                              .slot = map_slot(settings)};
    audit_show(&connection.audit, NULL);
    ssh_auth_init(&connection.auth, settings, connection.peer.text);
    struct account *only = choose_user(settings);
    connection.auth.only = only;

    int r = ssh_connection_start(&connection, settings, key, fd);
    if (r < 0) {
        log_error("cannot begin an SSH session: %s", strerror(-r));
        connection.ended = audit_because("cannot begin an SSH session: %s", strerror(-r));
    } else {
        r = ssh_connection_login(&connection);
    }
    if (r == 0) {
        ssh_connection_serve(&connection);
    }
    ssh_connection_end(&connection);
    recorder_close(&settings->recorder);
    session_slot_free(connection.audit.slot);
    account_free(only);
    return r == 0 ? 0 : 255;
}

/* For thousands of sftp handles; process_spawn() gives its children the usual limit back. */
static void raise_fd_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < FDS_WANTED) {
        limit.rlim_cur = limit.rlim_max < FDS_WANTED ? limit.rlim_max : FDS_WANTED;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* -1: to serve the session on *ret_fd. Else the exit status. */
static int start(struct ssh_settings *settings, ssh_key key, int *ret_fd, pid_t *ret_relay)
{
    if (settings->show_host_key) {
        return ssh_host_key_print(key) < 0 ? 255 : 0;
    }
    if (settings->fork_server_fd >= 0) {
        return ssh_fork_server_run(settings, key, ret_fd);
    }
    int r = ssh_stdio_take(ret_fd, ret_relay);
    if (r < 0) {
        die("cannot use stdin and stdout as a connection: %s", strerror(-r));
    }
    return -1;
}

int main(int argc, char **argv)
{
    struct ssh_settings settings;
    ssh_key key = NULL;
    pid_t relay = 0;
    int fd = -1;
    ssh_settings_parse(argc, argv, &settings);
    log_open("vsock-shell-ssh-session", settings.log_target, settings.log_level);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)fd_open_standard();
    (void)umask(022);
    raise_fd_limit();
    if (ssh_init() != SSH_OK) {
        die("libssh cannot be initialised");
    }
    int r = settings.fork_server_fd >= 0 ? ssh_fork_server_begin(&settings) : -1;
    if (r < 0) {
        key = load_host_key(&settings);
        r = start(&settings, key, &fd, &relay);
    }
    if (r < 0) {
        r = serve(&settings, key, fd);
        ssh_stdio_finish(relay);
        if (!TIDY_UP) {
            _exit(r);
        }
    }
    ssh_key_free(key);
    ssh_settings_done(&settings);
    (void)ssh_finalize();
    return r;
}
