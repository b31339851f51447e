/* SPDX-License-Identifier: MIT */
/* Requests on names: attributes, real path, links, renames. Semantics are those of OpenSSH. */
#include "server/ssh/sftpd_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "server/ssh/sftpd_place.h"

static int get_path(struct sftpd *sftpd, struct sftpd_reader *r)
{
    sftpd_get_text(r, sftpd->path, sizeof(sftpd->path));
    return r->error;
}

static int get_two_paths(struct sftpd *sftpd, struct sftpd_reader *r)
{
    sftpd_get_text(r, sftpd->path, sizeof(sftpd->path));
    sftpd_get_text(r, sftpd->second_path, sizeof(sftpd->second_path));
    return r->error;
}

int sftpd_on_stat(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    struct stat st;
    int result = get_path(sftpd, r);
    if (result == 0) {
        result = sftpd_place_stat(sftpd->options.root_fd, sftpd->path, &st);
    }
    return result < 0 ? result : sftpd_reply_stat(sftpd, id, &st);
}

int sftpd_on_lstat(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    struct stat st;
    int result = get_path(sftpd, r);
    if (result == 0) {
        result = sftpd_place_lstat(sftpd->options.root_fd, sftpd->path, &st);
    }
    return result < 0 ? result : sftpd_reply_stat(sftpd, id, &st);
}

int sftpd_on_setstat(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    struct sftpd_attributes a;
    struct sftpd_place place;
    (void)id;
    (void)get_path(sftpd, r);
    sftpd_get_attributes(r, &a);
    if (r->error != 0) {
        return r->error;
    }
    int result = sftpd_place_target(sftpd->options.root_fd, sftpd->path, &place);
    if (result == 0) {
        result = sftpd_apply_place(&a, &place, 0);
    }
    sftpd_place_done(&place);
    return result;
}

int sftpd_on_lsetstat(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    struct sftpd_attributes a;
    struct sftpd_place place;
    (void)id;
    (void)get_path(sftpd, r);
    sftpd_get_attributes(r, &a);
    if (r->error != 0) {
        return r->error;
    }
    if (a.flags & SFTP_ATTR_SIZE) {
        return -EINVAL; /* a link has no size to set */
    }
    int result = sftpd_place_entry(sftpd->options.root_fd, sftpd->path, &place);
    if (result == 0) {
        result = sftpd_apply_place(&a, &place, AT_SYMLINK_NOFOLLOW);
    }
    sftpd_place_done(&place);
    return result;
}

int sftpd_on_realpath(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    int result = get_path(sftpd, r);
    if (result == 0) {
        result = sftpd_place_real(sftpd->options.root_fd, sftpd->path, sftpd->second_path);
    }
    return result < 0 ? result : sftpd_reply_path(sftpd, id, sftpd->second_path);
}

int sftpd_on_readlink(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    struct sftpd_place place;
    ssize_t length = -1;
    int result = get_path(sftpd, r);
    if (result < 0) {
        return result;
    }
    result = sftpd_place_entry(sftpd->options.root_fd, sftpd->path, &place);
    if (result == 0) {
        length =
            readlinkat(place.at_fd, place.name, sftpd->second_path, sizeof(sftpd->second_path) - 1);
        result = length < 0 ? -errno : 0;
    }
    sftpd_place_done(&place);
    if (result < 0) {
        return result;
    }
    sftpd->second_path[length] = '\0';
    return sftpd_reply_path(sftpd, id, sftpd->second_path);
}

/* OpenSSH has always sent the target first, against the draft; clients follow it. */
int sftpd_on_symlink(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    struct sftpd_place place;
    (void)id;
    int result = get_two_paths(sftpd, r);
    if (result < 0) {
        return result;
    }
    result = sftpd_place_entry(sftpd->options.root_fd, sftpd->second_path, &place);
    if (result == 0 && symlinkat(sftpd->path, place.at_fd, place.name) < 0) {
        result = -errno;
    }
    sftpd_place_done(&place);
    return result;
}

typedef int two_places_fn(const struct sftpd_place *from, const struct sftpd_place *to);

static int on_two_places(struct sftpd *sftpd, struct sftpd_reader *r, two_places_fn *act)
{
    struct sftpd_place from, to;
    int result = get_two_paths(sftpd, r);
    if (result < 0) {
        return result;
    }
    result = sftpd_place_entry(sftpd->options.root_fd, sftpd->path, &from);
    int second = sftpd_place_entry(sftpd->options.root_fd, sftpd->second_path, &to);
    if (result == 0) {
        result = second < 0 ? second : act(&from, &to);
    }
    sftpd_place_done(&from);
    sftpd_place_done(&to);
    return result;
}

/* For file systems that do not know RENAME_NOREPLACE: a link cannot replace anything either. */
static int rename_by_link(const struct sftpd_place *from, const struct sftpd_place *to)
{
    struct stat st;
    if (linkat(from->at_fd, from->name, to->at_fd, to->name, 0) == 0) {
        return unlinkat(from->at_fd, from->name, 0) < 0 ? -errno : 0;
    }
    if (errno == EEXIST) {
        return -EEXIST;
    }
    /* A folder, or no hard links here: look, then act, as there is nothing better. */
    if (fstatat(to->at_fd, to->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        return -EEXIST;
    }
    return renameat(from->at_fd, from->name, to->at_fd, to->name) < 0 ? -errno : 0;
}

static int rename_new(const struct sftpd_place *from, const struct sftpd_place *to)
{
    int r = rename_without_replacing(from->at_fd, from->name, to->at_fd, to->name);

    return r == -EINVAL || r == -ENOSYS ? rename_by_link(from, to) : r;
}

static int rename_replacing(const struct sftpd_place *from, const struct sftpd_place *to)
{
    return renameat(from->at_fd, from->name, to->at_fd, to->name) < 0 ? -errno : 0;
}

static int make_link(const struct sftpd_place *from, const struct sftpd_place *to)
{
    return linkat(from->at_fd, from->name, to->at_fd, to->name, 0) < 0 ? -errno : 0;
}

int sftpd_on_rename(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    (void)id;
    return on_two_places(sftpd, r, rename_new);
}

int sftpd_on_posix_rename(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    (void)id;
    return on_two_places(sftpd, r, rename_replacing);
}

int sftpd_on_hardlink(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    (void)id;
    return on_two_places(sftpd, r, make_link);
}
