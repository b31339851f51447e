/* SPDX-License-Identifier: MIT */
/*
 * Accounts from passwd(5) and group(5), read by ourselves. A line that is not exactly an entry
 * (comments, NIS's "+", a field too many) is skipped: half-understood rights are worse than none.
 */
#include "account_database.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <vsock-shell/address.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "session/account.h"

#define FILE_MAX      (4u * 1024u * 1024u)
#define PASSWD_FIELDS 7
#define GROUP_FIELDS  4

/* Cuts a line at its colons into exactly count fields; a line of another shape is skipped. */
static bool split(char *line, char *fields[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fields[i] = strsep(&line, ":");
        if (!fields[i]) {
            return false;
        }
    }
    return line == NULL && fields[0][0] != '\0';
}

/* The first entry counts, as it does for getpwnam(3): a second one of the same name is nobody. */
static int find_passwd(char *text, const struct account_key *key, struct account **ret)
{
    char *fields[PASSWD_FIELDS];
    char *line;

    while ((line = strsep(&text, "\n"))) {
        uint32_t uid, gid;

        if (!split(line, fields, PASSWD_FIELDS) ||
            vsh_parse_u32(fields[2], UINT32_MAX - 1, &uid) < 0 ||
            vsh_parse_u32(fields[3], UINT32_MAX - 1, &gid) < 0) {
            continue;
        }
        if (key->name ? strcmp(fields[0], key->name) != 0 : (uid_t)uid != key->uid) {
            continue;
        }
        int r = account_make(fields[0], fields[5], fields[6], ret);
        if (r == 0) {
            (*ret)->uid = uid;
            (*ret)->gid = gid;
        }
        return r;
    }
    return -ENOENT;
}

static bool is_member(char *members, const char *name)
{
    const char *member;

    while ((member = strsep(&members, ","))) {
        if (strcmp(member, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_group(const struct account *account, gid_t gid)
{
    for (int i = 0; i < account->group_count; i++) {
        if (account->groups[i] == gid) {
            return true;
        }
    }
    return false;
}

/* The primary group first; a group that is listed twice, or is the primary one, counts once. */
static int add_groups(struct account *account, char *text)
{
    char *fields[GROUP_FIELDS];
    char *line;

    account->groups = calloc(ACCOUNT_GROUPS_MAX, sizeof(gid_t));
    if (!account->groups) {
        return -ENOMEM;
    }
    account->groups[account->group_count++] = account->gid;
    while ((line = strsep(&text, "\n"))) {
        uint32_t gid;

        if (!split(line, fields, GROUP_FIELDS) ||
            vsh_parse_u32(fields[2], UINT32_MAX - 1, &gid) < 0 ||
            !is_member(fields[3], account->name) || has_group(account, gid)) {
            continue;
        }
        if (account->group_count == ACCOUNT_GROUPS_MAX) {
            return -E2BIG;
        }
        account->groups[account->group_count++] = gid;
    }
    return 0;
}

/* No file is no entry: an initramfs has neither. */
static int read_database(const char *path, char **ret)
{
    size_t length = 0;
    int r = fd_read_file(path, FILE_MAX, ret, &length);

    if (r == -ENOENT) {
        *ret = strdup("");
        return *ret ? 0 : -ENOMEM;
    }
    return r;
}

int account_files_find_in(const char *passwd_path, const char *group_path,
                          const struct account_key *key, struct account **ret)
{
    cleanup_free char *passwd = NULL;
    cleanup_free char *group = NULL;
    struct account *account = NULL;

    int r = read_database(passwd_path, &passwd);
    if (r != 0) {
        return r;
    }
    r = read_database(group_path, &group);
    if (r != 0) {
        return r;
    }
    r = find_passwd(passwd, key, &account);
    if (r != 0) {
        return r;
    }
    r = add_groups(account, group);
    if (r != 0) {
        account_free(account);
        return r;
    }
    *ret = account;
    return 0;
}

int account_files_find(const struct account_key *key, struct account **ret)
{
    return account_files_find_in("/etc/passwd", "/etc/group", key, ret);
}

int account_files_group(const char *name, gid_t *ret)
{
    cleanup_free char *text = NULL;
    char *fields[GROUP_FIELDS];
    char *rest, *line;

    int r = read_database("/etc/group", &text);
    if (r < 0) {
        return r;
    }
    rest = text;
    while ((line = strsep(&rest, "\n"))) {
        uint32_t gid;

        if (split(line, fields, GROUP_FIELDS) && strcmp(fields[0], name) == 0 &&
            vsh_parse_u32(fields[2], UINT32_MAX - 1, &gid) == 0) {
            *ret = gid;
            return 0;
        }
    }
    return -ENOENT;
}
