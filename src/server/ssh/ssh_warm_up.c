/* SPDX-License-Identifier: MIT */
/* Both ends of the exchange: the server here, as sessions do it, and a client in a child. */
#include "server/ssh/ssh_warm_up.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "server/ssh/ssh_connection.h"
#include "session/account.h"

#define WARM_UP_MS 3000
/* The first that the server offers is what most sessions will use. */
#define CIPHERS "aes128-gcm@openssh.com,chacha20-poly1305@openssh.com,aes128-ctr"

/* Nothing of this machine's SSH configuration, and no name to resolve. */
static void play_client(int fd)
{
    const bool no_config = false;
    const long timeout_s = WARM_UP_MS / 1000;
    ssh_session session = ssh_new();
    const struct {
        enum ssh_options_e option;
        const void *value;
    } table[] = {
        {SSH_OPTIONS_PROCESS_CONFIG, &no_config},
        {SSH_OPTIONS_FD, &fd},
        {SSH_OPTIONS_HOST, "localhost"},
        {SSH_OPTIONS_USER, "nobody"},
        {SSH_OPTIONS_SSH_DIR, "/nonexistent"},
        {SSH_OPTIONS_KNOWNHOSTS, "/dev/null"},
        {SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null"},
        {SSH_OPTIONS_CIPHERS_C_S, CIPHERS},
        {SSH_OPTIONS_CIPHERS_S_C, CIPHERS},
        {SSH_OPTIONS_TIMEOUT, &timeout_s},
    };
    for (size_t i = 0; session != NULL && i < sizeof(table) / sizeof(table[0]); i++) {
        if (ssh_options_set(session, table[i].option, table[i].value) < 0) {
            return;
        }
    }
    if (session != NULL && ssh_connect(session) == SSH_OK) {
        (void)ssh_userauth_none(session, NULL);
    }
}

static int on_auth_none(ssh_session session, const char *user, void *data)
{
    bool *refused = data;
    (void)session;
    (void)user;
    *refused = true;
    return SSH_AUTH_DENIED;
}

/* The default: accepts the service request, refuses everything else. */
static int on_message(ssh_session session, ssh_message message, void *data)
{
    (void)session;
    (void)message;
    (void)data;
    return 1;
}

static int play_server(ssh_session session, const bool *refused, int64_t deadline_ms)
{
    int r = -ETIMEDOUT;
    ssh_event event = ssh_event_new();
    ssh_set_blocking(session, 0);
    if (event == NULL || ssh_handle_key_exchange(session) == SSH_ERROR ||
        ssh_event_add_session(event, session) != SSH_OK) {
        ssh_event_free(event);
        return -EPROTO;
    }
    for (int64_t left; !*refused && (left = deadline_ms - monotonic_ms()) > 0;) {
        if (ssh_event_dopoll(event, (int)left) == SSH_ERROR ||
            (ssh_get_status(session) & (SSH_CLOSED | SSH_CLOSED_ERROR)) != 0) {
            r = -EPROTO;
            break;
        }
    }
    (void)ssh_event_remove_session(event, session);
    ssh_event_free(event);
    return *refused ? 0 : r;
}

/* Owns fd. */
static int serve(const struct ssh_settings *settings, ssh_key key, int fd)
{
    bool refused = false;
    struct ssh_server_callbacks_struct callbacks = {.userdata = &refused,
                                                    .auth_none_function = on_auth_none};
    ssh_session session = ssh_new();
    if (session == NULL) {
        (void)close(fd);
        return -ENOMEM;
    }
    int r = ssh_connection_accept(session, settings, key, fd);
    if (r < 0) {
        (void)close(fd);
        ssh_free(session);
        return r;
    }
    ssh_callbacks_init(&callbacks);
    (void)ssh_set_server_callbacks(session, &callbacks);
    ssh_set_message_callback(session, on_message, NULL);
    ssh_set_auth_methods(session, SSH_AUTH_METHOD_PUBLICKEY);
    r = play_server(session, &refused, monotonic_ms() + WARM_UP_MS);
    ssh_free(session);
    return r;
}

/* The account database's modules: the libraries of their own that they load stay loaded. */
static void load_account_database(void)
{
    struct account *account = NULL;
    if (account_lookup_uid(geteuid(), &account) == 0) {
        account_free(account);
    }
}

int ssh_warm_up(const struct ssh_settings *settings, ssh_key key)
{
    int ends[2];
    load_account_database();
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        return -errno;
    }
    pid_t client = fork();
    if (client == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(ends[1], STDIN_FILENO);
        fd_close_from(STDERR_FILENO + 1);
        play_client(STDIN_FILENO);
        _exit(0);
    }
    int r = client < 0 ? -errno : 0;
    (void)close(ends[1]);
    if (r < 0) {
        (void)close(ends[0]);
        return r;
    }
    r = serve(settings, key, ends[0]);
    (void)kill(client, SIGKILL);
    while (waitpid(client, NULL, 0) < 0 && errno == EINTR) {
    }
    return r;
}
