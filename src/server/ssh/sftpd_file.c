/* SPDX-License-Identifier: MIT */
/* Requests on open files: open, close, read, attributes, fsync. */
#include "server/ssh/sftpd_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/fd.h"
#include "common/log.h"
#include "server/ssh/sftpd_place.h"

static int open_flags(uint32_t wanted)
{
    static const struct {
        uint32_t wire;
        int flag;
    } table[] = {{SFTP_OPEN_APPEND, O_APPEND},
                 {SFTP_OPEN_CREATE, O_CREAT},
                 {SFTP_OPEN_TRUNCATE, O_TRUNC},
                 {SFTP_OPEN_EXCLUSIVE, O_EXCL}};
    int flags = O_RDONLY;
    if (wanted & SFTP_OPEN_WRITE) {
        flags = wanted & SFTP_OPEN_READ ? O_RDWR : O_WRONLY;
    }
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        flags |= wanted & table[i].wire ? table[i].flag : 0;
    }
    return flags;
}

/* The switches: reading is a download; anything that may change something is an upload. */
static int open_refused(struct sftpd *sftpd, int flags)
{
    bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0;
    if (writes && sftpd->no_upload != NULL) {
        return sftpd_refuse(sftpd, sftpd->no_upload);
    }
    if ((flags & O_ACCMODE) != O_WRONLY && sftpd->no_download != NULL) {
        return sftpd_refuse(sftpd, sftpd->no_download);
    }
    return 0;
}

int sftpd_on_open(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    struct sftpd_attributes a;
    sftpd_get_text(r, sftpd->path, sizeof(sftpd->path));
    int flags = open_flags(sftpd_get_u32(r));
    sftpd_get_attributes(r, &a);
    if (r->error != 0) {
        return r->error;
    }
    int refused = open_refused(sftpd, flags);
    if (refused != 0) {
        return refused;
    }
    mode_t mode = a.flags & SFTP_ATTR_PERMISSIONS ? a.permissions & 07777 : 0666;
    /* O_NONBLOCK: a FIFO or a line without carrier must not stop the whole session. */
    int fd = beneath_open(sftpd->options.root_fd, sftpd->path, flags | O_NOCTTY | O_NONBLOCK, mode);
    if (fd < 0) {
        return fd;
    }
    struct sftpd_handle values = {
        .fd = fd, .flags = flags, .path = strdup(sftpd->path), .opened_ms = monotonic_ms()};
    int result = sftpd_reply_handle(sftpd, id, &values);
    if (result < 0) {
        (void)close(fd);
        free(values.path);
        return result;
    }
    log_debug("sftp: open \"%s\" flags 0x%x mode 0%o", sftpd->path, (unsigned)flags, mode);
    sftpd->totals.files++;
    return result;
}

int sftpd_on_close(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    struct sftpd_handle *handle = sftpd_get_handle(sftpd, r);
    (void)id;
    if (handle == NULL) {
        return r->error != 0 ? r->error : SFTPD_BAD_HANDLE;
    }
    sftpd_audit_file(sftpd, handle);
    return sftpd_handle_close(sftpd->handles, handle);
}

int sftpd_on_read(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    struct sftpd_handle *handle = sftpd_get_handle(sftpd, r);
    uint64_t offset = sftpd_get_u64(r);
    uint32_t length = sftpd_get_u32(r);
    struct sftpd_writer w;
    if (r->error != 0) {
        return r->error;
    }
    if (handle == NULL || handle->dir != NULL) {
        return SFTPD_BAD_HANDLE;
    }
    if (sftpd->no_download != NULL) {
        return sftpd_refuse(sftpd, sftpd->no_download);
    }
    /* A longer wish is no error: the client sees how much it got and asks for the rest. */
    length = length < SFTP_DATA_MAX ? length : SFTP_DATA_MAX;
    sftpd_reply_begin(sftpd, SFTP_DATA, id, 4 + (size_t)length, &w);
    if (w.error != 0) {
        return w.error;
    }
    ssize_t n;
    do {
        n = pread(handle->fd, w.data + w.length + 4, length, (off_t)offset);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return -errno;
    }
    if (n == 0 && length > 0) {
        return SFTPD_AT_END;
    }
    handle->bytes_read += (uint64_t)n;
    sftpd->totals.bytes_read += (uint64_t)n;
    sftpd_put_u32(&w, (uint32_t)n);
    w.length += (size_t)n;
    return sftpd_reply_end(sftpd, &w);
}

int sftpd_on_fstat(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    const struct sftpd_handle *handle = sftpd_get_handle(sftpd, r);
    struct stat st;
    if (handle == NULL) {
        return r->error != 0 ? r->error : SFTPD_BAD_HANDLE;
    }
    return fstat(handle->fd, &st) < 0 ? -errno : sftpd_reply_stat(sftpd, id, &st);
}

int sftpd_on_fsetstat(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    struct sftpd_attributes a;
    const struct sftpd_handle *handle = sftpd_get_handle(sftpd, r);
    (void)id;
    sftpd_get_attributes(r, &a);
    if (r->error != 0) {
        return r->error;
    }
    return handle == NULL ? SFTPD_BAD_HANDLE : sftpd_apply_fd(&a, handle->fd);
}

int sftpd_on_fsync(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    const struct sftpd_handle *handle = sftpd_get_handle(sftpd, r);
    (void)id;
    if (handle == NULL) {
        return r->error != 0 ? r->error : SFTPD_BAD_HANDLE;
    }
    return fsync(handle->fd) < 0 ? -errno : 0;
}
