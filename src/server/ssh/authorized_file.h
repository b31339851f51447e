/* SPDX-License-Identifier: MIT */
/* Where authorized keys are read from: the user's files, with OpenSSH's checks of who could have
 * written them. */
#ifndef SERVER_SSH_AUTHORIZED_FILE_H
#define SERVER_SSH_AUTHORIZED_FILE_H

#include <stddef.h>
#include <sys/types.h>

#define AUTHORIZED_FILE_MAX (1024u * 1024u)

struct account;

/*
 * Fills a pattern in: %h home, %u user name, %U uid, %% a percent sign; a relative result lies
 * below the home. ret has PATH_MAX bytes. 0, -EINVAL (another %-letter) or -ENAMETOOLONG.
 */
int authorized_file_path(const char *pattern, const struct account *account, char *ret);

/*
 * Reads the file. It must be a regular file of the user or root, and neither it nor a folder above
 * it, up to the home or "/", may be writable by others. Returns 0 and text (the caller frees it), a
 * negative errno when there is no such file, or -EPERM; error[] then says why in a sentence.
 */
int authorized_file_read(const char *path, const struct account *account, char **ret,
                         size_t *ret_length, char *error, size_t size);

#endif
