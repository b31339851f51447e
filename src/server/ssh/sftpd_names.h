/* SPDX-License-Identifier: MIT */
/* Names of users and groups by id, remembered: a folder's listing asks for the same few again. */
#ifndef SERVER_SSH_SFTPD_NAMES_H
#define SERVER_SSH_SFTPD_NAMES_H

#include <sys/types.h>

struct sftpd_names;

int sftpd_names_new(struct sftpd_names **ret); /* 0 or -ENOMEM */
void sftpd_names_free(struct sftpd_names *names);

/*
 * How often the database may be asked from here on; after that a name that is not remembered is "".
 * One request may hold thousands of ids, and each may be a question to a far server.
 */
void sftpd_names_allow(struct sftpd_names *names, unsigned lookups);

/* The name, or "" when the database knows none. Borrowed until the next call. May block in NSS. */
const char *sftpd_user_name(struct sftpd_names *names, uid_t uid);
const char *sftpd_group_name(struct sftpd_names *names, gid_t gid);

#endif
