/* SPDX-License-Identifier: MIT */
/*
 * Replies. sftpd.c takes a request only while a whole reply has room, so nothing here fails for
 * want of it.
 */
#include "server/ssh/sftpd_internal.h"

#include <errno.h>
#include <string.h>

#define HEADER 9u /* length, type, id */

static const struct {
    int error;
    enum sftp_status status;
} errors[] = {
    {ENOENT, SFTP_NO_SUCH_FILE},      {ENOTDIR, SFTP_NO_SUCH_FILE},
    {EBADF, SFTP_NO_SUCH_FILE},       {ELOOP, SFTP_NO_SUCH_FILE},
    {EPERM, SFTP_PERMISSION_DENIED},  {EACCES, SFTP_PERMISSION_DENIED},
    {EFAULT, SFTP_PERMISSION_DENIED}, {EXDEV, SFTP_FAILURE},
    {ENAMETOOLONG, SFTP_BAD_MESSAGE}, {EINVAL, SFTP_BAD_MESSAGE},
    {EBADMSG, SFTP_BAD_MESSAGE},      {ENOSYS, SFTP_OP_UNSUPPORTED},
};

static enum sftp_status status_of_error(int error)
{
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (errors[i].error == error) {
            return errors[i].status;
        }
    }
    return SFTP_FAILURE;
}

/* The code and the sentence of an outcome. */
static enum sftp_status explain(const struct sftpd *sftpd, int outcome, const char **ret_text)
{
    switch (outcome) {
    case 0:
        *ret_text = "Success";
        return SFTP_OK;
    case SFTPD_AT_END:
        *ret_text = "End of file";
        return SFTP_EOF;
    case SFTPD_BAD_HANDLE:
        *ret_text = "This handle is not open";
        return SFTP_FAILURE;
    case SFTPD_UNSUPPORTED:
        *ret_text = "This server does not know the request";
        return SFTP_OP_UNSUPPORTED;
    case SFTPD_REFUSED:
        *ret_text = sftpd->refusal;
        return SFTP_PERMISSION_DENIED;
    case -EBADMSG:
        *ret_text = "The request is malformed";
        return SFTP_BAD_MESSAGE;
    case -EXDEV:
        if (sftpd->options.root_fd >= 0) {
            *ret_text =
                "The path leads out of the folder that this server shows (--root), or to another "
                "file system";
            return SFTP_PERMISSION_DENIED;
        }
        break;
    default:
        break;
    }
    *ret_text = strerror(-outcome);
    return status_of_error(-outcome);
}

const char *sftpd_outcome_text(const struct sftpd *sftpd, int outcome)
{
    const char *text;
    (void)explain(sftpd, outcome, &text);
    return text;
}

void sftpd_reply_status(struct sftpd *sftpd, uint32_t id, int outcome)
{
    const char *text;
    struct sftpd_writer w;
    enum sftp_status status = explain(sftpd, outcome, &text);
    sftpd_reply_begin(sftpd, SFTP_STATUS, id, 16 + strlen(text), &w);
    sftpd_put_u32(&w, status);
    sftpd_put_text(&w, text);
    sftpd_put_text(&w, "en");
    (void)sftpd_reply_end(sftpd, &w);
}

void sftpd_reply_begin(struct sftpd *sftpd, uint8_t type, uint32_t id, size_t size,
                       struct sftpd_writer *ret)
{
    uint8_t *at = buffer_reserve(&sftpd->output, HEADER + size);
    *ret = (struct sftpd_writer){.data = at, .capacity = HEADER + size, .length = HEADER};
    if (at == NULL) {
        ret->error = -EMSGSIZE;
        ret->capacity = ret->length;
        return;
    }
    at[4] = type;
    sftpd_store_u32(at + 5, id);
}

int sftpd_reply_end(struct sftpd *sftpd, const struct sftpd_writer *w)
{
    if (w->error != 0) {
        return w->error;
    }
    sftpd_store_u32(w->data, (uint32_t)w->length - 4);
    buffer_commit(&sftpd->output, w->length);
    return SFTPD_REPLIED;
}

int sftpd_reply_handle(struct sftpd *sftpd, uint32_t id, const struct sftpd_handle *values)
{
    uint8_t wire[SFTP_HANDLE_BYTES];
    struct sftpd_writer w;
    int r = sftpd_handle_add(sftpd->handles, values, wire);
    if (r < 0) {
        return r;
    }
    sftpd_reply_begin(sftpd, SFTP_HANDLE, id, 4 + sizeof(wire), &w);
    sftpd_put_string(&w, wire, sizeof(wire));
    return sftpd_reply_end(sftpd, &w);
}

int sftpd_reply_stat(struct sftpd *sftpd, uint32_t id, const struct stat *st)
{
    struct sftpd_writer w;
    sftpd_reply_begin(sftpd, SFTP_ATTRS, id, 64, &w);
    sftpd_put_stat(&w, st);
    return sftpd_reply_end(sftpd, &w);
}

int sftpd_reply_path(struct sftpd *sftpd, uint32_t id, const char *path)
{
    struct sftpd_writer w;
    sftpd_reply_begin(sftpd, SFTP_NAME, id, 16 + 2 * strlen(path), &w);
    sftpd_put_u32(&w, 1);
    sftpd_put_text(&w, path);
    sftpd_put_text(&w, path); /* the long name: clients show it for want of a better one */
    sftpd_put_no_attributes(&w);
    return sftpd_reply_end(sftpd, &w);
}
