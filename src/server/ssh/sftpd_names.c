/* SPDX-License-Identifier: MIT */
/* A small direct-mapped cache in front of getpwuid(3) and getgrgid(3). */
#include "server/ssh/sftpd_names.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define SLOTS    64u
#define NAME_LEN 64u

struct name_slot {
    bool used;
    unsigned id;
    char name[NAME_LEN];
};

struct sftpd_names {
    unsigned left; /* questions to the database */
    struct name_slot users[SLOTS];
    struct name_slot groups[SLOTS];
};

int sftpd_names_new(struct sftpd_names **ret)
{
    *ret = calloc(1, sizeof(**ret));
    return *ret != NULL ? 0 : -ENOMEM;
}

void sftpd_names_free(struct sftpd_names *names)
{
    free(names);
}

void sftpd_names_allow(struct sftpd_names *names, unsigned lookups)
{
    names->left = lookups;
}

static const char *lookup(struct sftpd_names *names, struct name_slot *slots, unsigned id,
                          const char *(*find)(unsigned id))
{
    struct name_slot *slot = &slots[id % SLOTS];
    if (!slot->used || slot->id != id) {
        if (names->left == 0) {
            return "";
        }
        names->left--;
        const char *name = find(id);
        slot->used = true;
        slot->id = id;
        (void)snprintf(slot->name, sizeof(slot->name), "%s", name != NULL ? name : "");
    }
    return slot->name;
}

static const char *find_user(unsigned id)
{
    const struct passwd *entry = getpwuid((uid_t)id);
    return entry != NULL ? entry->pw_name : NULL;
}

static const char *find_group(unsigned id)
{
    const struct group *entry = getgrgid((gid_t)id);
    return entry != NULL ? entry->gr_name : NULL;
}

const char *sftpd_user_name(struct sftpd_names *names, uid_t uid)
{
    return lookup(names, names->users, uid, find_user);
}

const char *sftpd_group_name(struct sftpd_names *names, gid_t gid)
{
    return lookup(names, names->groups, gid, find_group);
}
