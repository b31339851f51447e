/* SPDX-License-Identifier: MIT */
/*
 * What the peer may forward. Sockets of the unix kind are refused: libssh does not show their
 * paths.
 */
#include "server/ssh/ssh_forward.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "common/log.h"
#include "server/ssh/ssh_channel.h"
#include "server/ssh/ssh_listen.h"
#include "server/ssh/ssh_relay.h"
#include "server/ssh/ssh_settings.h"
#include "session/policy.h"

/*
 * libssh wants its answer from within the callback. Nearly every connection is made, or refused, in
 * this time; a slower one is accepted first and closed if it fails.
 */
#define ANSWER_MS  250

#define TARGET_MAX 300 /* a host name and a port */

#define ANSWERED   0
#define REFUSE     1

/* The line of a forward that does not become a channel; result NULL = "ok". */
static void audit(struct ssh_connection *connection, const char *action, const char *target,
                  const char *result)
{
    const struct audit_result told = audit_because("%s", result != NULL ? result : "");
    struct audit line;
    audit_begin(&line, action, "target", target);
    audit_log(LOG_LEVEL_NOTICE, &connection->audit, &line, &told);
}

static bool is_allowed(struct ssh_connection *connection, bool opens, const char *host,
                       unsigned port, const char *target)
{
    const char *action = opens ? "forward" : "listen";
    char reason[256];
    const struct authorized_key *key = &connection->auth.key;
    if (policy_check_right(connection->settings->policy, POLICY_FORWARD, reason, sizeof(reason)) <
        0) {
        audit(connection, action, target, audit_because("refused: %s", reason).text);
        return false;
    }
    if (key->line == NULL) {
        return true;
    }
    const struct authorized_list *list =
        opens ? &key->options.permit_open : &key->options.permit_listen;
    if (!key->options.port_forwarding || !authorized_forward_permitted(list, host, port)) {
        audit(connection, action, target, "refused: the key does not permit it");
        return false;
    }
    return true;
}

/* Connects, or begins to: *ret_fd is -1 then. False after an audit line. */
static bool begin_connect(struct ssh_connection *connection, const char *host, unsigned port,
                          const char *target, struct ssh_connect *ret, int *ret_fd)
{
    int r = ssh_connect_start(host, port, ret);
    if (r == 0 && fd_wait(ret->fd, POLLIN, monotonic_ms() + ANSWER_MS) == 0) {
        *ret_fd = ssh_connect_finish(ret);
        r = *ret_fd < 0 ? -ECONNREFUSED : 0;
    }
    if (r < 0) {
        audit(connection, "forward", target, "cannot connect");
    }
    return r == 0;
}

int ssh_forward_open(struct ssh_connection *connection, ssh_message message)
{
    struct ssh_connect connect;
    int fd = -1;
    if (ssh_message_subtype(message) != SSH_CHANNEL_DIRECT_TCPIP) {
        log_info("refused a channel of a kind that libssh does not serve");
        return REFUSE;
    }
    const char *host = ssh_message_channel_request_open_destination(message);
    int port = ssh_message_channel_request_open_destination_port(message);
    if (host == NULL || port <= 0 || port > 65535) {
        return REFUSE;
    }
    char target[TARGET_MAX];
    (void)snprintf(target, sizeof(target), "%s:%d", host, port);
    if (!is_allowed(connection, true, host, (unsigned)port, target) ||
        !begin_connect(connection, host, (unsigned)port, target, &connect, &fd)) {
        return REFUSE;
    }
    struct channel *channel = ssh_channel_add(connection, false);
    if (channel == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        ssh_connect_cancel(&connect);
        audit(connection, "forward", target, "too many channels are open");
        return REFUSE;
    }
    ssh_channel handle = NULL;
    if (ssh_relay_attach(channel, fd, connect, "forward", target) == 0) {
        handle = ssh_message_channel_request_open_reply_accept(message);
    }
    if (handle == NULL || ssh_channel_attach(channel, handle) < 0) {
        channel->finished = true; /* swept by the loop */
        return REFUSE;
    }
    return ANSWERED;
}

int ssh_forward_request(struct ssh_connection *connection, ssh_message message)
{
    int type = ssh_message_subtype(message);
    if (type != SSH_GLOBAL_REQUEST_TCPIP_FORWARD &&
        type != SSH_GLOBAL_REQUEST_CANCEL_TCPIP_FORWARD) {
        return REFUSE; /* a keepalive is content with that, too */
    }
    const char *address = ssh_message_global_request_address(message);
    int port = ssh_message_global_request_port(message);
    if (address == NULL || port < 0 || port > 65535) {
        return REFUSE;
    }
    if (type == SSH_GLOBAL_REQUEST_CANCEL_TCPIP_FORWARD) {
        if (ssh_listen_cancel(connection, address, (unsigned)port) < 0) {
            return REFUSE;
        }
        (void)ssh_message_global_request_reply_success(message, 0);
        return ANSWERED;
    }
    char target[TARGET_MAX];
    (void)snprintf(target, sizeof(target), "%s:%d", address, port);
    if (!is_allowed(connection, false, address, (unsigned)port, target)) {
        return REFUSE;
    }
    int bound = ssh_listen_start(connection, address, (unsigned)port);
    if (bound < 0) {
        audit(connection, "listen", target,
              audit_because("cannot listen: %s", strerror(-bound)).text);
        return REFUSE;
    }
    (void)snprintf(target, sizeof(target), "%s:%d", address, bound);
    audit(connection, "listen", target, NULL);
    (void)ssh_message_global_request_reply_success(message, (uint16_t)bound);
    return ANSWERED;
}
