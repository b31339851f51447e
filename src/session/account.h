/* SPDX-License-Identifier: MIT */
/*
 * User accounts: look one up, and become it for good. The static build reads /etc/passwd and
 * /etc/group itself (account_files.c); the other asks NSS (account_nss.c).
 */
#ifndef SESSION_ACCOUNT_H
#define SESSION_ACCOUNT_H

#include <stdbool.h>
#include <sys/types.h>

#define ACCOUNT_GROUPS_MAX 1024

struct account {
    char *name;
    char *home;
    char *shell; /* never empty: /bin/sh when the database says nothing */
    uid_t uid;
    gid_t gid;
    int group_count;
    gid_t *groups; /* gid included */
};

/* By name; an all-digits text that is no name is taken as a uid. 0, -ENOENT or another negative
 * errno. */
int account_lookup(const char *name, struct account **ret);
/*
 * By uid. A uid without an entry (containers, an initramfs without /etc/passwd) still gets an
 * account: name "root" or the number, home "/", /bin/sh.
 */
int account_lookup_uid(uid_t uid, struct account **ret);
void account_free(struct account *account);

/*
 * Becomes the account: groups, gid, uid, in this order, all three ids each, then proves that the
 * old ids cannot come back, and clears ambient and inheritable capabilities. Another user's session
 * keyring is left for an own one. Does nothing but check when the process already is that user.
 * Returns 0 or a negative errno; on failure the caller must not go on (die()).
 */
int account_become(const struct account *account);

#endif
