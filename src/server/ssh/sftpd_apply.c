/* SPDX-License-Identifier: MIT */
/* Setting attributes, the same for a path, a link and an open file. */
#include "server/ssh/sftpd_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "server/ssh/sftpd_place.h"

/* What is changed: fd when >= 0, else the name in at_fd, with flags (0 or AT_SYMLINK_NOFOLLOW). */
struct subject {
    int fd;
    int at_fd;
    const char *name;
    int flags;
};

static int apply_size(const struct subject *s, const struct sftpd_attributes *a)
{
    if (a->size > INT64_MAX) {
        errno = EFBIG;
        return -1;
    }
    off_t size = (off_t)a->size;
    return s->fd >= 0 ? ftruncate(s->fd, size) : truncate(s->name, size);
}

static int apply_permissions(const struct subject *s, const struct sftpd_attributes *a)
{
    mode_t mode = a->permissions & 07777;
    return s->fd >= 0 ? fchmod(s->fd, mode) : fchmodat(s->at_fd, s->name, mode, s->flags);
}

static int apply_times(const struct subject *s, const struct sftpd_attributes *a)
{
    const struct timespec times[2] = {{.tv_sec = a->atime}, {.tv_sec = a->mtime}};
    return s->fd >= 0 ? futimens(s->fd, times) : utimensat(s->at_fd, s->name, times, s->flags);
}

static int apply_owner(const struct subject *s, const struct sftpd_attributes *a)
{
    return s->fd >= 0 ? fchown(s->fd, a->uid, a->gid)
                      : fchownat(s->at_fd, s->name, a->uid, a->gid, s->flags);
}

static int apply(const struct subject *subject, const struct sftpd_attributes *a)
{
    static const struct {
        uint32_t flag;
        int (*set)(const struct subject *s, const struct sftpd_attributes *a);
    } steps[] = {{SFTP_ATTR_SIZE, apply_size},
                 {SFTP_ATTR_PERMISSIONS, apply_permissions},
                 {SFTP_ATTR_TIMES, apply_times},
                 {SFTP_ATTR_OWNER, apply_owner}};
    int result = 0;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (a->flags & steps[i].flag && steps[i].set(subject, a) < 0) {
            result = -errno;
        }
    }
    return result;
}

int sftpd_apply_place(const struct sftpd_attributes *a, const struct sftpd_place *place, int flags)
{
    const struct subject subject = {
        .fd = -1, .at_fd = place->at_fd, .name = place->name, .flags = flags};
    return apply(&subject, a);
}

int sftpd_apply_fd(const struct sftpd_attributes *a, int fd)
{
    const struct subject subject = {.fd = fd, .at_fd = AT_FDCWD, .name = ""};
    return apply(&subject, a);
}
