/* SPDX-License-Identifier: MIT */
/* EXTENDED requests: the extensions that OpenSSH's server offers, by name. */
#include "server/ssh/sftpd_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "server/ssh/sftpd_place.h"

#define EXTENSION_NAME_MAX 64
/* Descriptors that are not the peer's files: socket, log, pipes of other channels. */
#define RESERVED_FDS 32u

static const struct {
    const char *name;
    const char *version;
    bool changes;
    sftpd_handler *handler;
    const char *audited;
} extensions[] = {
    {"posix-rename@openssh.com", "1", true, sftpd_on_posix_rename, "sftp-rename"},
    {"statvfs@openssh.com", "2", false, sftpd_on_statvfs, NULL},
    {"fstatvfs@openssh.com", "2", false, sftpd_on_fstatvfs, NULL},
    {"hardlink@openssh.com", "1", true, sftpd_on_hardlink, "sftp-link"},
    {"fsync@openssh.com", "1", true, sftpd_on_fsync, NULL},
    {"lsetstat@openssh.com", "1", true, sftpd_on_lsetstat, "sftp-setstat"},
    {"limits@openssh.com", "1", false, sftpd_on_limits, NULL},
    {"expand-path@openssh.com", "1", false, sftpd_on_expand_path, NULL},
    {"copy-data", "1", true, sftpd_on_copy_data, NULL},
    {"home-directory", "1", false, sftpd_on_home_directory, NULL},
    {"users-groups-by-id@openssh.com", "1", false, sftpd_on_users_groups, NULL},
};

void sftpd_put_extensions(const struct sftpd *sftpd, struct sftpd_writer *w)
{
    for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
        if (!extensions[i].changes || sftpd->no_upload == NULL) {
            sftpd_put_text(w, extensions[i].name);
            sftpd_put_text(w, extensions[i].version);
        }
    }
}

int sftpd_on_extended(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    char name[EXTENSION_NAME_MAX];
    sftpd_get_text(r, name, sizeof(name));
    if (r->error == -ENAMETOOLONG) {
        return SFTPD_UNSUPPORTED;
    }
    if (r->error != 0) {
        return r->error;
    }
    for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
        if (strcmp(extensions[i].name, name) != 0) {
            continue;
        }
        int outcome = extensions[i].changes && sftpd->no_upload != NULL
                          ? sftpd_refuse(sftpd, sftpd->no_upload)
                          : extensions[i].handler(sftpd, id, r);
        sftpd_audit_request(sftpd, extensions[i].audited, extensions[i].changes, outcome);
        return outcome;
    }
    return SFTPD_UNSUPPORTED;
}

static int reply_statvfs(struct sftpd *sftpd, uint32_t id, const struct statvfs *st)
{
    uint64_t flags = (st->f_flag & ST_RDONLY ? 1u : 0) | (st->f_flag & ST_NOSUID ? 2u : 0);
    const uint64_t fields[] = {st->f_bsize,  st->f_frsize, st->f_blocks, st->f_bfree,
                               st->f_bavail, st->f_files,  st->f_ffree,  st->f_favail,
                               st->f_fsid,   flags,        st->f_namemax};
    struct sftpd_writer w;
    sftpd_reply_begin(sftpd, SFTP_EXTENDED_REPLY, id, sizeof(fields), &w);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        sftpd_put_u64(&w, fields[i]);
    }
    return sftpd_reply_end(sftpd, &w);
}

int sftpd_on_statvfs(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    struct sftpd_place place;
    struct statvfs st;
    sftpd_get_text(r, sftpd->path, sizeof(sftpd->path));
    if (r->error != 0) {
        return r->error;
    }
    int result = sftpd_place_target(sftpd->options.root_fd, sftpd->path, &place);
    if (result == 0) {
        int found = place.held_fd >= 0 ? fstatvfs(place.held_fd, &st) : statvfs(place.name, &st);
        result = found < 0 ? -errno : reply_statvfs(sftpd, id, &st);
    }
    sftpd_place_done(&place);
    return result;
}

int sftpd_on_fstatvfs(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    const struct sftpd_handle *handle = sftpd_get_handle(sftpd, r);
    struct statvfs st;
    if (handle == NULL) {
        return r->error != 0 ? r->error : SFTPD_BAD_HANDLE;
    }
    return fstatvfs(handle->fd, &st) < 0 ? -errno : reply_statvfs(sftpd, id, &st);
}

int sftpd_on_limits(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    struct rlimit fds;
    struct sftpd_writer w;
    uint64_t handles = SFTPD_HANDLES_MAX;
    (void)r;
    if (getrlimit(RLIMIT_NOFILE, &fds) == 0 && fds.rlim_cur < SFTPD_HANDLES_MAX + RESERVED_FDS) {
        handles = fds.rlim_cur > RESERVED_FDS ? fds.rlim_cur - RESERVED_FDS : 1;
    }
    sftpd_reply_begin(sftpd, SFTP_EXTENDED_REPLY, id, 32, &w);
    sftpd_put_u64(&w, SFTP_PACKET_MAX);
    sftpd_put_u64(&w, SFTP_DATA_MAX);
    sftpd_put_u64(&w, SFTP_DATA_MAX);
    sftpd_put_u64(&w, handles);
    return sftpd_reply_end(sftpd, &w);
}

/* The home of a user; "" or our own name is ours. NULL when there is none to show. */
static const char *home_of(const struct sftpd *sftpd, const char *user)
{
    if (sftpd->options.root_fd >= 0) {
        return user[0] == '\0' ? "/" : NULL;
    }
    if (user[0] == '\0') {
        return sftpd->home;
    }
    const struct passwd *entry = getpwnam(user);
    return entry != NULL ? entry->pw_dir : NULL;
}

int sftpd_on_home_directory(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    sftpd_get_text(r, sftpd->path, sizeof(sftpd->path));
    if (r->error != 0) {
        return r->error;
    }
    const char *home = home_of(sftpd, sftpd->path);
    return home == NULL ? -ENOENT : sftpd_reply_path(sftpd, id, home);
}

/* "~", "~/x" and "~user/x" as a shell would, then as REALPATH. */
int sftpd_on_expand_path(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    char user[256];
    sftpd_get_text(r, sftpd->path, sizeof(sftpd->path));
    if (r->error != 0) {
        return r->error;
    }
    const char *wanted = sftpd->path;
    char expanded[PATH_MAX];
    if (wanted[0] == '~') {
        size_t length = strcspn(wanted + 1, "/");
        const char *rest = wanted + 1 + length;
        if (length >= sizeof(user)) {
            return -ENOENT;
        }
        memcpy(user, wanted + 1, length);
        user[length] = '\0';
        const char *home = home_of(sftpd, user);
        if (home == NULL) {
            return -ENOENT;
        }
        int n = snprintf(expanded, sizeof(expanded), "%s%s", home, rest);
        if (n < 0 || (size_t)n >= sizeof(expanded)) {
            return -ENAMETOOLONG;
        }
        wanted = expanded;
    }
    int result = sftpd_place_real(sftpd->options.root_fd, wanted, sftpd->second_path);
    return result < 0 ? result : sftpd_reply_path(sftpd, id, sftpd->second_path);
}

/* One list of ids in, one list of names out, each list a string of strings. */
static void put_names(struct sftpd *sftpd, struct sftpd_writer *w, const uint8_t *ids,
                      size_t length, const char *(*name_of)(struct sftpd_names *names, unsigned id))
{
    size_t start = w->length;
    sftpd_put_u32(w, 0);
    for (size_t at = 0; at + 4 <= length && w->error == 0; at += 4) {
        sftpd_put_text(w, name_of(sftpd->names, sftpd_load_u32(ids + at)));
    }
    if (w->error == 0) {
        sftpd_store_u32(w->data + start, (uint32_t)(w->length - start - 4));
    }
}

int sftpd_on_users_groups(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    size_t users_length, groups_length;
    struct sftpd_writer w;
    const uint8_t *users = sftpd_get_string(r, &users_length);
    const uint8_t *groups = sftpd_get_string(r, &groups_length);
    if (r->error != 0 || users_length % 4 != 0 || groups_length % 4 != 0) {
        return -EBADMSG;
    }
    sftpd_reply_begin(sftpd, SFTP_EXTENDED_REPLY, id, SFTP_PACKET_MAX - 16, &w);
    put_names(sftpd, &w, users, users_length, sftpd_user_name);
    put_names(sftpd, &w, groups, groups_length, sftpd_group_name);
    return sftpd_reply_end(sftpd, &w);
}
