/* SPDX-License-Identifier: MIT */
/*
 * Session channels: libssh's callbacks turned into calls on a process or the SFTP server. Nothing
 * is sent from here; libssh sends the answer when a callback returns.
 */
#include "server/ssh/ssh_channel_requests.h"

#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "server/ssh/ssh_agent.h"
#include "server/ssh/ssh_channel.h"
#include "server/ssh/ssh_process.h"
#include "server/ssh/ssh_settings.h"
#include "server/ssh/ssh_sftp.h"
#include "session/policy.h"

#define COMMAND_IS_SFTP "internal-sftp"

/* The answers of libssh's callbacks. */
#define GRANT  0
#define REFUSE 1

/* One question for policy and key; a refusal gets its audit line. text may be NULL. */
static bool is_allowed(const struct channel *channel, enum policy_right right, bool key_allows,
                       const char *action, const char *text)
{
    struct ssh_connection *connection = channel->connection;
    char reason[256] = "the key does not permit it";
    int r = policy_check_right(connection->settings->policy, right, reason, sizeof(reason));
    if (r == 0 && key_allows) {
        return true;
    }
    const struct audit_result result = audit_because("refused: %s", reason);
    struct audit audit;
    audit_begin(&audit, action, text != NULL ? "command" : NULL, text);
    audit_log(LOG_LEVEL_NOTICE, &connection->audit, &audit, &result);
    return false;
}

/* What the key allows, if a key was needed. */
static const struct authorized_options *key_options(const struct channel *channel)
{
    const struct authorized_key *key = &channel->connection->auth.key;
    return key->line != NULL ? &key->options : NULL;
}

static int on_pty(ssh_session session, ssh_channel handle, const char *term, int columns, int rows,
                  int x_pixels, int y_pixels, void *user)
{
    struct channel *channel = user;
    const struct authorized_options *key = key_options(channel);
    const struct vsh_winsize size = {.rows = (uint16_t)rows,
                                     .columns = (uint16_t)columns,
                                     .x_pixels = (uint16_t)x_pixels,
                                     .y_pixels = (uint16_t)y_pixels};
    (void)session;
    (void)handle;
    if (channel->kind != NULL ||
        !is_allowed(channel, POLICY_PTY, key == NULL || key->pty, "pty", NULL)) {
        return -1;
    }
    return ssh_process_pty(channel, term, &size) < 0 ? -1 : 0;
}

static int on_window(ssh_session session, ssh_channel handle, int columns, int rows, int x_pixels,
                     int y_pixels, void *user)
{
    const struct vsh_winsize size = {.rows = (uint16_t)rows,
                                     .columns = (uint16_t)columns,
                                     .x_pixels = (uint16_t)x_pixels,
                                     .y_pixels = (uint16_t)y_pixels};
    (void)session;
    (void)handle;
    return ssh_process_resize(user, &size) < 0 ? -1 : 0;
}

static int on_environment(ssh_session session, ssh_channel handle, const char *name,
                          const char *value, void *user)
{
    (void)session;
    (void)handle;
    return ssh_process_environment(user, name, value) < 0 ? REFUSE : GRANT;
}

/* A command, or NULL for a login shell; wish is what the peer said, for SSH_ORIGINAL_COMMAND. */
static int start(struct channel *channel, const char *command, const char *wish)
{
    const struct authorized_options *key = key_options(channel);
    if (channel->kind != NULL) {
        return REFUSE;
    }
    if (key != NULL && key->command != NULL) {
        command = key->command;
        if (strcmp(command, COMMAND_IS_SFTP) == 0) {
            return ssh_sftp_start(channel) < 0 ? REFUSE : GRANT;
        }
    }
    if (!is_allowed(channel, POLICY_EXEC, true, command != NULL ? "exec" : "shell", command)) {
        return REFUSE;
    }
    return ssh_process_start(channel, command, wish) < 0 ? REFUSE : GRANT;
}

static int on_shell(ssh_session session, ssh_channel handle, void *user)
{
    (void)session;
    (void)handle;
    return start(user, NULL, NULL);
}

static int on_exec(ssh_session session, ssh_channel handle, const char *command, void *user)
{
    (void)session;
    (void)handle;
    return start(user, command, command);
}

static int on_subsystem(ssh_session session, ssh_channel handle, const char *name, void *user)
{
    struct channel *channel = user;
    const struct authorized_options *key = key_options(channel);
    const char *program = channel->connection->settings->sftp_server;
    (void)session;
    (void)handle;
    if (strcmp(name, "sftp") != 0) {
        log_info("refused subsystem \"%s\": there is only sftp", name);
        return REFUSE;
    }
    if (key != NULL && key->command != NULL) {
        return start(channel, NULL, program != NULL ? program : COMMAND_IS_SFTP);
    }
    if (program != NULL) {
        return start(channel, program, program);
    }
    return channel->kind == NULL && ssh_sftp_start(channel) == 0 ? GRANT : REFUSE;
}

static void on_signal(ssh_session session, ssh_channel handle, const char *name, void *user)
{
    (void)session;
    (void)handle;
    ssh_process_signal(user, name);
}

static void on_agent(ssh_session session, ssh_channel handle, void *user)
{
    struct channel *channel = user;
    const struct authorized_options *key = key_options(channel);
    (void)session;
    (void)handle;
    if (is_allowed(channel, POLICY_FORWARD, key == NULL || key->agent_forwarding, "agent", NULL)) {
        ssh_agent_listen(channel->connection);
    }
}

ssh_channel ssh_channel_requests_open(ssh_session session, void *data)
{
    struct ssh_connection *connection = data;
    struct channel *channel = ssh_channel_add(connection, true);
    ssh_channel handle = channel != NULL ? ssh_channel_new(session) : NULL;
    if (handle == NULL || ssh_channel_attach(channel, handle) < 0) {
        if (channel != NULL) {
            ssh_channel_remove(connection, channel);
        }
        return NULL;
    }
    return handle;
}

void ssh_channel_requests_set(struct ssh_channel_callbacks_struct *callbacks)
{
    callbacks->channel_pty_request_function = on_pty;
    callbacks->channel_pty_window_change_function = on_window;
    callbacks->channel_env_request_function = on_environment;
    callbacks->channel_shell_request_function = on_shell;
    callbacks->channel_exec_request_function = on_exec;
    callbacks->channel_subsystem_request_function = on_subsystem;
    callbacks->channel_signal_function = on_signal;
    callbacks->channel_auth_agent_req_function = on_agent;
}

/*
 * libssh shows neither the name nor the arguments. OpenSSH's client sends two that it does not
 * know: eow@openssh.com when its stdout is closed, and "break", which it can only type on a
 * terminal. Other clients have pings of their own here (PuTTY), and must get the refusal they wait
 * for.
 */
int ssh_channel_requests_unknown(struct ssh_connection *connection, ssh_message message)
{
    ssh_channel handle = ssh_message_channel_request_channel(message);
    const char *banner = ssh_get_clientbanner(connection->session);
    if (ssh_message_subtype(message) != SSH_CHANNEL_REQUEST_UNKNOWN || banner == NULL ||
        strncmp(banner, "SSH-2.0-OpenSSH", 15) != 0) {
        return 1;
    }
    for (struct channel *channel = connection->channels; channel != NULL; channel = channel->next) {
        if (channel->handle != handle || !channel->is_session) {
            continue;
        }
        if (ssh_process_has_pty(channel)) {
            ssh_process_break(channel);
        } else {
            channel->reader_gone = true;
        }
    }
    return 1;
}
