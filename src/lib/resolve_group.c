/* SPDX-License-Identifier: MIT */
/*
 * Is a group one person's own? Many systems give each user such a group and a umask that lets it
 * write, so a hosts file with that right is in nobody else's hands.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "lib/resolve.h"

#define FILE_MAX_BYTES ((size_t)4 * 1024 * 1024)

/* The fields that passwd(5) and group(5) share in their order, and what stands behind them. */
struct line {
    const char *name;
    uint32_t id;
    char *rest;
};

static bool read_line(char *text, struct line *ret)
{
    const char *number;
    ret->name = strsep(&text, ":");
    if (strsep(&text, ":") == NULL || (number = strsep(&text, ":")) == NULL || text == NULL) {
        return false;
    }
    ret->rest = text;
    return vsh_parse_u32(number, UINT32_MAX - 1, &ret->id) == 0;
}

/* Finds the owner's name; false when somebody else has the group as primary one. */
static bool check_users(char *text, uid_t uid, gid_t gid, const char **ret_name)
{
    while (text != NULL) {
        struct line line;
        uint32_t primary;
        if (!read_line(strsep(&text, "\n"), &line) ||
            vsh_parse_u32(strsep(&line.rest, ":"), UINT32_MAX - 1, &primary) < 0) {
            continue;
        }
        if (line.id == uid) {
            *ret_name = *ret_name == NULL ? line.name : *ret_name;
        } else if (primary == gid) {
            return false;
        }
    }
    return *ret_name != NULL;
}

static bool has_only(char *members, const char *name)
{
    while (members != NULL) {
        const char *member = strsep(&members, ",");
        if (*member != '\0' && strcmp(member, name) != 0) {
            return false;
        }
    }
    return true;
}

bool group_is_private(const char *passwd, const char *group, uid_t uid, gid_t gid)
{
    cleanup_free char *users = NULL;
    cleanup_free char *groups = NULL;
    const char *name = NULL;
    size_t length;
    bool found = false;
    if (fd_read_file(passwd, FILE_MAX_BYTES, &users, &length) < 0 ||
        fd_read_file(group, FILE_MAX_BYTES, &groups, &length) < 0 ||
        !check_users(users, uid, gid, &name)) {
        return false;
    }
    char *rest = groups;
    while (rest != NULL) {
        struct line line;
        if (!read_line(strsep(&rest, "\n"), &line) || line.id != gid) {
            continue;
        }
        if (!has_only(line.rest, name)) {
            return false;
        }
        found = true;
    }
    return found;
}
