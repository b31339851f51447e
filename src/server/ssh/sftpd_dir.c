/* SPDX-License-Identifier: MIT */
/* Requests on folders: list, make, remove. */
#include "server/ssh/sftpd_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "server/ssh/sftpd_place.h"

/* Every client takes replies of this size (the draft asks for 34000 bytes). */
#define LIST_BYTES   32000u
#define LIST_ENTRIES 100u
#define LONG_NAME    512u /* NAME_MAX, and the columns before it */

int sftpd_on_opendir(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    sftpd_get_text(r, sftpd->path, sizeof(sftpd->path));
    if (r->error != 0) {
        return r->error;
    }
    int fd = beneath_open(sftpd->options.root_fd, sftpd->path, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) {
        return fd;
    }
    struct sftpd_handle values = {.fd = fd, .dir = fdopendir(fd)};
    if (values.dir == NULL) {
        (void)close(fd);
        return -ENOMEM;
    }
    int result = sftpd_reply_handle(sftpd, id, &values);
    if (result < 0) {
        (void)closedir(values.dir);
    }
    return result;
}

/* What lies above the root is nobody's business: there ".." is the root itself. */
static bool entry_stat(const struct sftpd *sftpd, int dir_fd, const char *name, struct stat *ret)
{
    struct stat here, root;
    if (sftpd->options.root_fd >= 0 && strcmp(name, "..") == 0 && fstat(dir_fd, &here) == 0 &&
        fstat(sftpd->options.root_fd, &root) == 0 && here.st_dev == root.st_dev &&
        here.st_ino == root.st_ino) {
        *ret = root;
        return true;
    }
    return fstatat(dir_fd, name, ret, AT_SYMLINK_NOFOLLOW) == 0;
}

int sftpd_on_readdir(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    const struct sftpd_handle *handle = sftpd_get_handle(sftpd, r);
    struct sftpd_writer w;
    uint32_t count = 0;
    time_t now = time(NULL);
    if (handle == NULL || handle->dir == NULL) {
        return r->error != 0 ? r->error : SFTPD_BAD_HANDLE;
    }
    sftpd_reply_begin(sftpd, SFTP_NAME, id, LIST_BYTES + 4 * LONG_NAME, &w);
    size_t count_at = w.length;
    sftpd_put_u32(&w, 0);
    errno = 0;
    while (w.error == 0 && count < LIST_ENTRIES && w.length < LIST_BYTES) {
        char long_name[LONG_NAME];
        struct stat st;
        const struct dirent *entry = readdir(handle->dir);
        if (entry == NULL) {
            break;
        }
        if (!entry_stat(sftpd, handle->fd, entry->d_name, &st)) {
            continue; /* gone in between */
        }
        sftpd_put_text(&w, entry->d_name);
        sftpd_put_text(&w, sftpd_long_name(long_name, sizeof(long_name), entry->d_name, &st,
                                           sftpd->names, now));
        sftpd_put_stat(&w, &st);
        count++;
        errno = 0;
    }
    if (count == 0) {
        return errno != 0 ? -errno : SFTPD_AT_END;
    }
    if (w.error == 0) {
        sftpd_store_u32(w.data + count_at, count);
    }
    return sftpd_reply_end(sftpd, &w);
}

int sftpd_on_mkdir(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    struct sftpd_attributes a;
    struct sftpd_place place;
    (void)id;
    sftpd_get_text(r, sftpd->path, sizeof(sftpd->path));
    sftpd_get_attributes(r, &a);
    if (r->error != 0) {
        return r->error;
    }
    mode_t mode = a.flags & SFTP_ATTR_PERMISSIONS ? a.permissions & 07777 : 0777;
    int result = sftpd_place_entry(sftpd->options.root_fd, sftpd->path, &place);
    if (result == 0 && mkdirat(place.at_fd, place.name, mode) < 0) {
        result = -errno;
    }
    sftpd_place_done(&place);
    return result;
}

static int remove_entry(struct sftpd *sftpd, struct sftpd_reader *r, int flags)
{
    struct sftpd_place place;
    sftpd_get_text(r, sftpd->path, sizeof(sftpd->path));
    if (r->error != 0) {
        return r->error;
    }
    int result = sftpd_place_entry(sftpd->options.root_fd, sftpd->path, &place);
    if (result == 0 && unlinkat(place.at_fd, place.name, flags) < 0) {
        result = -errno;
    }
    sftpd_place_done(&place);
    return result;
}

int sftpd_on_rmdir(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    (void)id;
    return remove_entry(sftpd, r, AT_REMOVEDIR);
}

int sftpd_on_remove(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    (void)id;
    return remove_entry(sftpd, r, 0);
}
