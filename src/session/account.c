/* SPDX-License-Identifier: MIT */
/* Accounts: asks the sources in order and makes an account up for a uid that none of them knows. */
#include "account.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vsock-shell/address.h>

#include "session/account_database.h"

/* In this order: NSS sees what the files do not (LDAP, systemd-homed). */
static int (*const sources[])(const struct account_key *key, struct account **ret) = {
    account_nss_find,
    account_files_find,
};

void account_free(struct account *account)
{
    if (account) {
        free(account->name);
        free(account->home);
        free(account->shell);
        free(account->groups);
        free(account);
    }
}

int account_make(const char *name, const char *home, const char *shell, struct account **ret)
{
    struct account *account = calloc(1, sizeof(*account));

    if (!account) {
        return -ENOMEM;
    }
    account->name = strdup(name);
    account->home = strdup(home[0] != '\0' ? home : "/");
    account->shell = strdup(shell[0] != '\0' ? shell : "/bin/sh");
    if (!account->name || !account->home || !account->shell) {
        account_free(account);
        return -ENOMEM;
    }
    *ret = account;
    return 0;
}

/* Only "I do not know" leads to the next source; a source that failed is a failure. */
static int find(const struct account_key *key, struct account **ret)
{
    int r = -ENOENT;

    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]) && r == -ENOENT; i++) {
        r = sources[i](key, ret);
    }
    return r;
}

/* Our own groups for our own uid; a stranger gets the group of the same number, as id(1) would. */
static int adopt_groups(struct account *account)
{
    int count = 0;

    account->groups = calloc(ACCOUNT_GROUPS_MAX + 1, sizeof(gid_t));
    if (!account->groups) {
        return -ENOMEM;
    }
    account->gid = account->uid == getuid() ? getgid() : (gid_t)account->uid;
    account->groups[count++] = account->gid;
    if (account->uid == getuid()) {
        int more = getgroups(ACCOUNT_GROUPS_MAX, account->groups + 1);
        count += more > 0 ? more : 0;
    }
    account->group_count = count;
    return 0;
}

int account_lookup_uid(uid_t uid, struct account **ret)
{
    struct account_key key = {.uid = uid};
    struct account *account = NULL;
    char number[16];

    int r = find(&key, ret);
    if (r != -ENOENT) {
        return r;
    }
    (void)snprintf(number, sizeof(number), "%u", (unsigned)uid);
    r = account_make(uid == 0 ? "root" : number, "/", "/bin/sh", &account);
    if (r < 0) {
        return r;
    }
    account->uid = uid;
    r = adopt_groups(account);
    if (r < 0) {
        account_free(account);
        return r;
    }
    *ret = account;
    return 0;
}

int account_lookup(const char *name, struct account **ret)
{
    struct account_key key = {.name = name};
    uint32_t uid = 0;

    int r = name[0] != '\0' ? find(&key, ret) : -ENOENT;
    /* (uid_t)-1 means "leave it" to the kernel's calls: never a user. */
    if (r == -ENOENT && vsh_parse_u32(name, UINT32_MAX - 1, &uid) == 0) {
        return account_lookup_uid((uid_t)uid, ret);
    }
    return r;
}
