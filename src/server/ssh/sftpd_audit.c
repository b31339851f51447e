/* SPDX-License-Identifier: MIT */
/*
 * What the audit says of an SFTP session's insides: a line per file at its end, and one per change
 * or refusal. All are details: a session has one line at the level that is always shown.
 */
#include "server/ssh/sftpd_internal.h"

#include "common/audit.h"

void sftpd_audit_request(struct sftpd *sftpd, const char *name, bool changes, int outcome)
{
    struct audit audit;
    const char *paths[] = {sftpd->path, sftpd->second_path};
    sftpd->totals.changes += changes && outcome == 0 ? 1 : 0;
    if (name == NULL || outcome == SFTPD_REPLIED || sftpd->options.audit == NULL) {
        return;
    }
    const struct audit_result result =
        audit_because("%s%s", outcome == SFTPD_REFUSED ? "refused: " : "",
                      outcome == 0 ? "" : sftpd_outcome_text(sftpd, outcome));
    audit_begin(&audit, name, "path", sftpd->path);
    if (sftpd->second_path[0] != '\0') {
        /* Two paths in one text: quoted where a blank would make three of them. */
        audit_words(&audit, paths, 2);
    }
    audit_log(LOG_LEVEL_INFO, sftpd->options.audit, &audit, &result);
}

void sftpd_audit_file(struct sftpd *sftpd, const struct sftpd_handle *handle)
{
    struct audit audit;
    if (handle->dir != NULL || sftpd->options.audit == NULL) {
        return;
    }
    audit_begin(&audit, "sftp-file", "path", handle->path);
    audit.started_ms = handle->opened_ms;
    audit.bytes_in = handle->bytes_written;
    audit.bytes_out = handle->bytes_read;
    audit_log(LOG_LEVEL_INFO, sftpd->options.audit, &audit, &(struct audit_result){0});
}

void sftpd_audit_open_files(struct sftpd *sftpd)
{
    const struct sftpd_handle *handle;
    uint32_t at = 0;
    while ((handle = sftpd_handle_next(sftpd->handles, &at)) != NULL) {
        sftpd_audit_file(sftpd, handle);
    }
}
