/* SPDX-License-Identifier: MIT */
/*
 * Where a path of the peer lies: a folder descriptor and a name for the *at() calls.
 *
 * Without a root a path is used as it is, relative to the working directory (the user's home). With
 * a root "/" is that folder, the working directory too, and base/beneath.h keeps every path inside;
 * a symbolic link that leads out (an absolute one always does) is refused with -EXDEV.
 */
#ifndef SERVER_SSH_SFTPD_PLACE_H
#define SERVER_SSH_SFTPD_PLACE_H

#include <limits.h>
#include <stddef.h>
#include <sys/stat.h>

struct sftpd_place {
    int at_fd;        /* AT_FDCWD or held_fd */
    const char *name; /* the caller's path, or text below */
    int held_fd;      /* closed by sftpd_place_done(); -1 = none */
    char text[NAME_MAX + 1];
};

/*
 * The entry itself: a symbolic link as last component is not followed by us. For calls that create,
 * rename, remove or look at the link. Always call sftpd_place_done(), on failure too.
 */
int sftpd_place_entry(int root_fd, const char *path, struct sftpd_place *ret);
/* What the path leads to, links followed. It must exist when there is a root. */
int sftpd_place_target(int root_fd, const char *path, struct sftpd_place *ret);
void sftpd_place_done(struct sftpd_place *place);

int sftpd_place_lstat(int root_fd, const char *path, struct stat *ret);
int sftpd_place_stat(int root_fd, const char *path, struct stat *ret);

/*
 * The canonical absolute path: links resolved, "." and ".." gone. The last component need not
 * exist, as OpenSSH's servers do it. ret has PATH_MAX bytes. Returns 0 or a negative errno.
 */
int sftpd_place_real(int root_fd, const char *path, char *ret);

#endif
