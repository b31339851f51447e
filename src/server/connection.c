/* SPDX-License-Identifier: MIT */
/*
 * Chooses the mode of a connection by its first bytes, without taking them from the socket: SSH
 * hands the socket on to another program.
 */
#include "server/connection.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <vsock-shell/error.h>

#include "base/fd.h"
#include "common/audit.h"
#include "common/log.h"
#include "common/session_slot.h"
#include "server/config.h"
#include "server/handover.h"
#include "server/native/native.h"
#include "server/native/native_refuse.h"
#include "server/recorder.h"
#include "server/server.h"
#include "server/ssh_launch.h"
#include "server/ssh_refuse.h"
#include "session/record.h"

#define PREFIX_BYTES 4
/*
 * A few SSH clients wait for the server's version line before they say anything. No native client
 * does, but one on a loaded VM may be late: be generous.
 */
#define SSH_SILENCE_MS 1000

struct connection {
    const struct server *server;
    int fd;
    const struct vsh_peer *peer;
    struct audit_session *audit;
    int64_t deadline_ms; /* of the first request; -1 = none */
    struct recorder *recorder;
};

struct mode {
    const char *name;
    char prefix[PREFIX_BYTES + 1];
    int (*serve)(const struct connection *connection);
    void (*refuse)(int fd, enum vsh_error_code code, const char *text, int64_t deadline_ms);
};

/* For a connection that was never served. */
__attribute__((format(printf, 2, 3))) static void audit_end(const struct audit_session *audit,
                                                            const char *format, ...)
{
    struct audit_result result = {0};
    va_list args;

    va_start(args, format);
    (void)vsnprintf(result.text, sizeof(result.text), format, args);
    va_end(args);
    audit_log_connection(LOG_LEVEL_NOTICE, audit, 0, 0, &result);
}

static int serve_native(const struct connection *connection)
{
    const struct server *server = connection->server;
    const struct config *config = server->config;
    handover_close(&server->handover); /* before a byte of the peer is read */
    if (config->no_native) {
        audit_end(connection->audit, "the native protocol is switched off here by --no-native");
        native_refuse_to_ssh(connection->fd,
                             "the native protocol is switched off here by --no-native: use ssh",
                             monotonic_ms() + REFUSE_MS);
        return 1;
    }
    struct native_settings settings = {
        .policy = server->policy,
        .account = server->account,
        .shell = config->shell,
        .audit = connection->audit,
        .deadline_ms = connection->deadline_ms,
        .idle_timeout_ms = config->idle_timeout_ms,
        .recorder = connection->recorder,
        .ssh = server->ssh_program != NULL,
    };
    return native_serve(connection->fd, &settings);
}

static int serve_ssh(const struct connection *connection)
{
    const struct server *server = connection->server;
    if (!server->ssh_program) {
        audit_end(connection->audit, "SSH is off here: start the server with --ssh");
        ssh_refuse(connection->fd, VSH_ERROR_UNSUPPORTED,
                   "vsock-shell-server: SSH is off here; start the server with --ssh",
                   monotonic_ms() + REFUSE_MS);
        return 1;
    }
    /* A recorder is a child of this process, which therefore has to stay. */
    if (connection->recorder->fd < 0 &&
        handover_ssh(server, connection->fd, connection->audit->peer, connection->deadline_ms) ==
            0) {
        return 0;
    }
    int status = ssh_launch(server, connection->fd, connection->audit->peer,
                            connection->deadline_ms, connection->recorder);
    audit_end(connection->audit, "the program for SSH cannot be started");
    return status;
}

/* The first bytes differ from mode to mode, so one byte is enough to tell them apart. */
static const struct mode modes[] = {
    {"native", {(char)0xbe, (char)0xba, (char)0xfe, (char)0xca, 0}, serve_native, native_refuse},
    {"ssh", "SSH-", serve_ssh, ssh_refuse},
};
#define MODE_NATIVE (&modes[0])
#define MODE_SSH    (&modes[1])

/* Waits for the first bytes up to deadline_ms. Returns their number (> 0) or a negative errno. */
static int peek(int fd, char bytes[PREFIX_BYTES], int64_t deadline_ms)
{
    for (;;) {
        int r = fd_wait(fd, POLLIN, deadline_ms);
        if (r < 0) {
            return r;
        }
        ssize_t n = recv(fd, bytes, PREFIX_BYTES, MSG_PEEK | MSG_DONTWAIT);
        if (n > 0) {
            return (int)n;
        }
        if (n == 0) {
            return VSH_E_GONE;
        }
        if (errno != EAGAIN && errno != EINTR) {
            return -errno;
        }
    }
}

/* Bytes of no mode go to the native one, whose parser says what is wrong with them. */
static const struct mode *match(const char *bytes, size_t length)
{
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (memcmp(bytes, modes[i].prefix, length) == 0) {
            return &modes[i];
        }
    }
    return MODE_NATIVE;
}

/* NULL with *ret_error when the peer left, or said nothing until the deadline. */
static const struct mode *choose_mode(int fd, bool silence_is_ssh, int64_t deadline_ms,
                                      int *ret_error)
{
    int64_t silence_ms = monotonic_ms() + SSH_SILENCE_MS;
    char bytes[PREFIX_BYTES];
    bool may_be_silent = silence_is_ssh && (deadline_ms < 0 || silence_ms < deadline_ms);
    int r = peek(fd, bytes, may_be_silent ? silence_ms : deadline_ms);
    if (r == -ETIMEDOUT && may_be_silent) {
        return MODE_SSH;
    }
    if (r > 0) {
        return match(bytes, (size_t)r);
    }
    *ret_error = r;
    return NULL;
}

/* The recorder comes first: it needs the rights that the mode gives up. */
static int serve_recorded(const struct mode *mode, const struct connection *connection)
{
    if (recorder_start(connection->server, connection->fd, connection->audit->peer,
                       connection->recorder) < 0) {
        mode->refuse(connection->fd, VSH_ERROR_INTERNAL,
                     "sessions are recorded here (--record), and the recorder cannot be started",
                     monotonic_ms() + REFUSE_MS);
        audit_end(connection->audit, "the recorder cannot be started");
        return 1;
    }
    int status = mode->serve(connection);
    recorder_close(connection->recorder);
    return status;
}

int connection_serve(const struct server *server, int fd, const struct vsh_peer *peer)
{
    char peer_text[VSH_PEER_MAX];
    char tag[VSH_PEER_MAX + 16];
    int grace_ms = server->config->login_grace_ms;
    struct audit_session audit = {.peer = vsh_peer_format(peer, peer_text, sizeof(peer_text)),
                                  .started_ms = monotonic_ms()};
    struct recorder recorder = {.fd = -1};
    (void)session_slot_map(server->slot_fd, &audit.slot); /* -1 and failures: unseen */
    struct connection connection = {
        .server = server,
        .fd = fd,
        .peer = peer,
        .audit = &audit,
        .recorder = &recorder,
        .deadline_ms = grace_ms ? audit.started_ms + grace_ms : -1,
    };
    log_set_tag(peer_text);

    int r = 0;
    const struct mode *mode =
        choose_mode(fd, server->ssh_program != NULL, connection.deadline_ms, &r);
    if (r == -ETIMEDOUT) {
        audit_end(&audit, "the peer said nothing for %g s (--login-grace)", grace_ms / 1000.0);
        native_refuse(fd, VSH_ERROR_TIMEOUT, "no request came in time", monotonic_ms());
        return 1;
    }
    if (!mode) {
        audit_end(&audit, "the peer left without a word: %s", vsh_strerror(r));
        return 1;
    }
    (void)snprintf(tag, sizeof(tag), "%s %s", mode->name, peer_text);
    log_set_tag(tag);
    audit.mode = mode->name;
    audit_show(&audit, NULL);
    uint64_t buffer_bytes = 0;
    (void)vsh_buffer_size(fd, &buffer_bytes);
    log_debug("connected, with a buffer of %" PRIu64 " bytes", buffer_bytes);
    return serve_recorded(mode, &connection);
}

void connection_refuse(int fd, const struct vsh_peer *peer, enum vsh_error_code code,
                       const char *text)
{
    char peer_text[VSH_PEER_MAX];
    int r = 0;
    int64_t deadline_ms = monotonic_ms() + REFUSE_MS;
    log_set_tag(vsh_peer_format(peer, peer_text, sizeof(peer_text)));
    const struct mode *mode = choose_mode(fd, true, deadline_ms, &r);
    if (mode) {
        mode->refuse(fd, code, text, deadline_ms);
    }
}

void connection_audit_refusal(const struct vsh_peer *peer, const char *reason)
{
    char text[VSH_PEER_MAX];
    const struct audit_session audit = {.peer = vsh_peer_format(peer, text, sizeof(text)),
                                        .started_ms = monotonic_ms()};
    const struct audit_result result = audit_because("refused: %s", reason);

    audit_log_connection(LOG_LEVEL_WARNING, &audit, 0, 0, &result);
}
