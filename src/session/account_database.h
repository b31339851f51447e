/* SPDX-License-Identifier: MIT */
/*
 * The two sources of account.c, of one shape: NSS, and the files themselves for where NSS is not
 * (the static build, an initramfs) or knows nothing.
 */
#ifndef SESSION_ACCOUNT_DATABASE_H
#define SESSION_ACCOUNT_DATABASE_H

#include <sys/types.h>

struct account;

/* What is asked for: a name, or (name NULL) a uid. */
struct account_key {
    const char *name;
    uid_t uid;
};

/* An account with its own memory; 0, -ENOMEM, or -EINVAL for a text the database cannot mean. */
int account_make(const char *name, const char *home, const char *shell, struct account **ret);

/* 0 and *ret, -ENOENT, or another negative errno. */
int account_nss_find(const struct account_key *key, struct account **ret);
int account_files_find(const struct account_key *key, struct account **ret);

/* A group's number from /etc/group. 0, -ENOENT or another negative errno. */
int account_files_group(const char *name, gid_t *ret);

/* The same, from files elsewhere: for tests. */
int account_files_find_in(const char *passwd_path, const char *group_path,
                          const struct account_key *key, struct account **ret);

#endif
