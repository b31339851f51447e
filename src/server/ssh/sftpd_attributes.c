/* SPDX-License-Identifier: MIT */
/* Attributes in and out. Times are 32-bit on the wire (until 2106): version 3 has no more. */
#include "server/ssh/sftpd_attributes.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "server/ssh/sftpd_protocol.h"

void sftpd_get_attributes(struct sftpd_reader *r, struct sftpd_attributes *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->flags = sftpd_get_u32(r);
    if (ret->flags & SFTP_ATTR_SIZE) {
        ret->size = sftpd_get_u64(r);
    }
    if (ret->flags & SFTP_ATTR_OWNER) {
        ret->uid = sftpd_get_u32(r);
        ret->gid = sftpd_get_u32(r);
    }
    if (ret->flags & SFTP_ATTR_PERMISSIONS) {
        ret->permissions = sftpd_get_u32(r);
    }
    if (ret->flags & SFTP_ATTR_TIMES) {
        ret->atime = sftpd_get_u32(r);
        ret->mtime = sftpd_get_u32(r);
    }
    if (ret->flags & SFTP_ATTR_EXTENDED) {
        uint32_t count = sftpd_get_u32(r);
        /* A lying count ends with the packet: the reader's error is sticky. */
        for (uint32_t i = 0; i < count && r->error == 0; i++) {
            size_t ignored;
            (void)sftpd_get_string(r, &ignored);
            (void)sftpd_get_string(r, &ignored);
        }
    }
}

void sftpd_put_stat(struct sftpd_writer *w, const struct stat *st)
{
    sftpd_put_u32(w, SFTP_ATTR_SIZE | SFTP_ATTR_OWNER | SFTP_ATTR_PERMISSIONS | SFTP_ATTR_TIMES);
    sftpd_put_u64(w, (uint64_t)st->st_size);
    sftpd_put_u32(w, st->st_uid);
    sftpd_put_u32(w, st->st_gid);
    sftpd_put_u32(w, st->st_mode);
    sftpd_put_u32(w, (uint32_t)st->st_atime);
    sftpd_put_u32(w, (uint32_t)st->st_mtime);
}

void sftpd_put_no_attributes(struct sftpd_writer *w)
{
    sftpd_put_u32(w, 0);
}

static char type_letter(mode_t mode)
{
    static const struct {
        mode_t type;
        char letter;
    } letters[] = {{S_IFREG, '-'}, {S_IFDIR, 'd'},  {S_IFLNK, 'l'}, {S_IFCHR, 'c'},
                   {S_IFBLK, 'b'}, {S_IFSOCK, 's'}, {S_IFIFO, 'p'}};
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        if ((mode & S_IFMT) == letters[i].type) {
            return letters[i].letter;
        }
    }
    return '?';
}

/* One "rwx" group; special is the set-id or sticky bit, shown as letter or its capital. */
static void mode_triple(char out[3], mode_t bits, bool special, char letter)
{
    bool executable = (bits & 1) != 0;
    out[0] = bits & 4 ? 'r' : '-';
    out[1] = bits & 2 ? 'w' : '-';
    out[2] = executable ? 'x' : '-';
    if (special) {
        out[2] = (char)(executable ? letter : letter - 'a' + 'A');
    }
}

/* A name, or the number when the database has none. */
static const char *name_or_number(char *buf, size_t size, const char *name, unsigned id)
{
    if (name[0] != '\0') {
        return name;
    }
    (void)snprintf(buf, size, "%u", id);
    return buf;
}

const char *sftpd_long_name(char *buf, size_t size, const char *name, const struct stat *st,
                            struct sftpd_names *names, time_t now)
{
    char mode[11], user_number[16], group_number[16], date[32] = "";
    mode[0] = type_letter(st->st_mode);
    mode_triple(mode + 1, st->st_mode >> 6 & 7, (st->st_mode & S_ISUID) != 0, 's');
    mode_triple(mode + 4, st->st_mode >> 3 & 7, (st->st_mode & S_ISGID) != 0, 's');
    mode_triple(mode + 7, st->st_mode & 7, (st->st_mode & S_ISVTX) != 0, 't');
    mode[10] = '\0';

    /* As ls(1): the hour within half a year, else the year. */
    const time_t half_year = 365 * 24 * 3600 / 2;
    bool recent = st->st_mtime <= now && now - st->st_mtime < half_year;
    struct tm tm;
    if (localtime_r(&st->st_mtime, &tm) != NULL) {
        (void)strftime(date, sizeof(date), recent ? "%b %e %H:%M" : "%b %e  %Y", &tm);
    }
    const char *user = name_or_number(user_number, sizeof(user_number),
                                      sftpd_user_name(names, st->st_uid), st->st_uid);
    const char *group = name_or_number(group_number, sizeof(group_number),
                                       sftpd_group_name(names, st->st_gid), st->st_gid);
    (void)snprintf(buf, size, "%s  %3lu %-8s %-8s %8lld %s %s", mode, (unsigned long)st->st_nlink,
                   user, group, (long long)st->st_size, date, name);
    return buf;
}
