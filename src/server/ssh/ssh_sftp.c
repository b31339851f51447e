/* SPDX-License-Identifier: MIT */
/* sftpd.h as a kind of channel. Requests are carried out as they arrive, replies go from work(). */
#include "server/ssh/ssh_sftp.h"

#include <errno.h>
#include <stdlib.h>

#include "common/log.h"
#include "server/ssh/sftpd.h"
#include "server/ssh/ssh_channel.h"
#include "server/ssh/ssh_settings.h"
#include "session/account.h"
#include "session/policy.h"

struct sftp_state {
    struct sftpd *sftpd;
    bool failed; /* the peer speaks no SFTP */
    bool ended;  /* the peer sends no more */
    struct audit audit;
};

static size_t input(struct channel *channel, const uint8_t *bytes, size_t length)
{
    struct sftp_state *state = channel->state;
    if (state->failed) {
        return length;
    }
    ssize_t n = sftpd_input(state->sftpd, bytes, length);
    if (n < 0) {
        state->failed = true;
        return length;
    }
    return (size_t)n;
}

static void input_eof(struct channel *channel)
{
    struct sftp_state *state = channel->state;
    state->ended = true;
}

static size_t interest(struct channel *channel, struct pump_interest list[PUMP_FDS_MAX])
{
    (void)channel;
    (void)list;
    return 0;
}

static void ready(struct channel *channel, int fd, short revents)
{
    (void)channel;
    (void)fd;
    (void)revents;
}

static bool busy(const struct channel *channel)
{
    const struct sftp_state *state = channel->state;
    return sftpd_busy(state->sftpd);
}

static void work(struct channel *channel)
{
    struct sftp_state *state = channel->state;
    const uint8_t *bytes;
    size_t length;
    sftpd_work(state->sftpd);
    while ((length = sftpd_output(state->sftpd, &bytes)) > 0) {
        size_t sent = ssh_channel_send_some(channel, bytes, length);
        if (sent == 0) {
            return;
        }
        sftpd_consume(state->sftpd, sent);
    }
    if (!state->failed && (!state->ended || sftpd_busy(state->sftpd))) {
        return;
    }
    (void)ssh_channel_request_send_exit_status(channel->handle, state->failed ? 255 : 0);
    channel->finished = true;
}

/* One line for the whole session; its files are details (see sftpd.h). */
static void audit_end(const struct channel *channel, struct sftp_state *state)
{
    const struct sftpd_totals *totals = sftpd_totals(state->sftpd);
    struct audit_result result = {0};
    if (state->failed) {
        result = audit_because("%s", sftpd_error(state->sftpd));
    } else if (!channel->finished) {
        result = ssh_channel_why_closed(channel);
    }
    state->audit.bytes_in = totals->bytes_written;
    state->audit.bytes_out = totals->bytes_read;
    state->audit.counts[0].name = "files";
    state->audit.counts[0].value = totals->files;
    state->audit.counts[1].name = "changes";
    state->audit.counts[1].value = totals->changes;
    audit_log(LOG_LEVEL_NOTICE, &channel->connection->audit, &state->audit, &result);
}

static void free_state(struct channel *channel)
{
    struct sftp_state *state = channel->state;
    sftpd_audit_open_files(state->sftpd);
    audit_end(channel, state);
    sftpd_free(state->sftpd);
    free(state);
    channel->state = NULL;
}

int ssh_sftp_start(struct channel *channel)
{
    static const struct channel_kind kind = {
        .name = "sftp",
        .input = input,
        .input_eof = input_eof,
        .interest = interest,
        .ready = ready,
        .work = work,
        .busy = busy,
        .free = free_state,
    };
    struct ssh_connection *connection = channel->connection;
    const struct policy *policy = connection->settings->policy;
    char no_upload[256], no_download[256];
    int upload = policy_check_right(policy, POLICY_UPLOAD, no_upload, sizeof(no_upload));
    int download = policy_check_right(policy, POLICY_DOWNLOAD, no_download, sizeof(no_download));
    const struct sftpd_options options = {
        .root_fd = policy_root_fd(policy),
        .home = connection->auth.account->home,
        .audit = &connection->audit,
        .no_upload = upload < 0 ? no_upload : NULL,
        .no_download = download < 0 ? no_download : NULL,
    };
    struct sftp_state *state = calloc(1, sizeof(*state));
    if (state == NULL || sftpd_new(&options, &state->sftpd) < 0) {
        free(state);
        return -ENOMEM;
    }
    channel->state = state;
    channel->kind = &kind;
    audit_begin(&state->audit, "sftp", NULL, NULL);
    audit_show(&connection->audit, &state->audit);
    return 0;
}
