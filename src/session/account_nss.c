/* SPDX-License-Identifier: MIT */
/* Accounts as NSS knows them (nsswitch.conf(5)). Not in the static build, where NSS needs dlopen.
 */
#ifndef VSH_STATIC
#include "account_database.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "session/account.h"

#define ENTRY_MAX (1024u * 1024u) /* a passwd entry above this is a broken database */

/* getpwnam_r and getpwuid_r want room of a size that nobody knows beforehand. */
static int read_entry(const struct account_key *key, struct passwd *entry, char **ret_memory)
{
    size_t size = 4096;

    for (;;) {
        struct passwd *found = NULL;
        char *memory = malloc(size);
        if (!memory) {
            return -ENOMEM;
        }
        int r = key->name ? getpwnam_r(key->name, entry, memory, size, &found)
                          : getpwuid_r(key->uid, entry, memory, size, &found);
        if (r == 0 && found) {
            *ret_memory = memory;
            return 0;
        }
        free(memory);
        if (r != ERANGE || size >= ENTRY_MAX) {
            /* Some sources say so when they only do not know the name: getpwnam(3), ERRORS. */
            return r == 0 || r == ESRCH || r == EBADF || r == EPERM || r == ENOENT ? -ENOENT : -r;
        }
        size *= 4;
    }
}

static int read_groups(struct account *account)
{
    int count = ACCOUNT_GROUPS_MAX;

    account->groups = calloc(ACCOUNT_GROUPS_MAX, sizeof(gid_t));
    if (!account->groups) {
        return -ENOMEM;
    }
    if (getgrouplist(account->name, account->gid, account->groups, &count) < 0) {
        return -E2BIG;
    }
    account->group_count = count;
    return 0;
}

int account_nss_find(const struct account_key *key, struct account **ret)
{
    cleanup_free char *memory = NULL;
    struct account *account = NULL;
    struct passwd entry;

    int r = read_entry(key, &entry, &memory);
    if (r != 0) {
        return r;
    }
    r = account_make(entry.pw_name, entry.pw_dir, entry.pw_shell, &account);
    if (r != 0) {
        return r;
    }
    account->uid = entry.pw_uid;
    account->gid = entry.pw_gid;
    r = read_groups(account);
    if (r < 0) {
        account_free(account);
        return r;
    }
    *ret = account;
    return 0;
}

#else
typedef int account_nss_is_not_in_this_build;
#endif
