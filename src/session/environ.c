/* SPDX-License-Identifier: MIT */
/* A session's environment, made from nothing. Owns the list of names that a peer may set. */
#include "environ.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "session/account.h"

#define LOGIN_DEFS     "/etc/login.defs"
#define LOGIN_DEFS_MAX (256u * 1024u)

struct environ_block {
    char **vector; /* "NAME=VALUE", NULL-terminated */
    size_t count;
    size_t capacity;
};

/* What a login inherits from the machine: the daemon's own settings of language and time. */
static const char *const inherited[] = {"LANG", "LANGUAGE", "LC_*", "TZ", NULL};

/* What sshd_config of the distributions accepts, and our own. GIT_PROTOCOL only picks a version. */
static const char *const allowed[] = {
    "LANG",     "LANGUAGE",     "LC_*",          "TZ", "COLORTERM",
    "NO_COLOR", "GIT_PROTOCOL", "VSOCK_SHELL_*", NULL,
};

/* Read by the dynamic loader and libc before the program's first line: they could replace it. */
static const char *const forbidden[] = {
    "LD_*",    "GLIBC_TUNABLES", "GCONV_PATH",       "LOCPATH",
    "NLSPATH", "MALLOC_*",       "VSOCK_SHELL_PEER", NULL,
};

static bool matches(const char *const *patterns, const char *name)
{
    for (; *patterns; patterns++) {
        if (fnmatch(*patterns, name, 0) == 0) {
            return true;
        }
    }
    return false;
}

/* What a shell can export; bash reads anything else ("BASH_FUNC_x%%") as code. */
static bool is_identifier(const char *name, size_t length)
{
    if (length == 0 || isdigit((unsigned char)name[0])) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!(isascii((unsigned char)name[i]) && isalnum((unsigned char)name[i])) &&
            name[i] != '_') {
            return false;
        }
    }
    return true;
}

void environ_free(struct environ_block *block)
{
    if (block) {
        for (size_t i = 0; i < block->count; i++) {
            free(block->vector[i]);
        }
        free(block->vector);
        free(block);
    }
}

/* The place of a variable, or count when it is not set. */
static size_t find(const struct environ_block *block, const char *name)
{
    size_t length = strlen(name);
    size_t i;

    for (i = 0; i < block->count; i++) {
        if (strncmp(block->vector[i], name, length) == 0 && block->vector[i][length] == '=') {
            break;
        }
    }
    return i;
}

/* Room for one more pair and the NULL behind it. */
static int reserve(struct environ_block *block)
{
    if (block->count + 1 < block->capacity) {
        return 0;
    }
    size_t capacity = block->capacity ? block->capacity * 2 : 32;
    char **grown = reallocarray(block->vector, capacity, sizeof(*grown));
    if (!grown) {
        return -ENOMEM;
    }
    block->vector = grown;
    block->capacity = capacity;
    return 0;
}

int environ_set(struct environ_block *block, const char *name, const char *value)
{
    size_t at = find(block, name);
    char *pair = NULL;

    if (!is_identifier(name, strlen(name))) {
        return -EINVAL;
    }
    if (reserve(block) < 0 || asprintf(&pair, "%s=%s", name, value) < 0) {
        return -ENOMEM;
    }
    if (at < block->count) {
        free(block->vector[at]);
    } else {
        block->count++;
        block->vector[block->count] = NULL;
    }
    block->vector[at] = pair;
    return 0;
}

int environ_request(struct environ_block *block, const char *pair, bool accept_all)
{
    const char *equals = strchr(pair, '=');

    if (!equals || !is_identifier(pair, (size_t)(equals - pair))) {
        return -EINVAL;
    }
    cleanup_free char *name = strndup(pair, (size_t)(equals - pair));
    if (!name) {
        return -ENOMEM;
    }
    if (matches(forbidden, name) || (!accept_all && !matches(allowed, name))) {
        return -EPERM;
    }
    return environ_set(block, name, equals + 1);
}

const char *environ_get(const struct environ_block *block, const char *name)
{
    size_t at = find(block, name);

    return at < block->count ? block->vector[at] + strlen(name) + 1 : NULL;
}

char *const *environ_vector(const struct environ_block *block)
{
    return block->vector;
}

const char *environ_find(char *const *vector, const char *name, const char *fallback)
{
    size_t length = strlen(name);

    for (; vector && *vector; vector++) {
        if (strncmp(*vector, name, length) == 0 && (*vector)[length] == '=') {
            return *vector + length + 1;
        }
    }
    return fallback;
}

/* "KEY value" of login.defs(5); the value may be spelled "PATH=value". NULL when it is not there.
 */
static const char *find_definition(char *text, const char *key)
{
    size_t length = strlen(key);
    const char *found = NULL;
    char *line;

    while ((line = strsep(&text, "\n"))) {
        char *p = line + strspn(line, " \t");
        if (strncmp(p, key, length) != 0 || (p[length] != ' ' && p[length] != '\t')) {
            continue;
        }
        p += length;
        p += strspn(p, " \t");
        p[strcspn(p, " \t\r")] = '\0';
        if (strncmp(p, "PATH=", 5) == 0) {
            p += 5;
        }
        found = p[0] != '\0' ? p : found;
    }
    return found;
}

/* PATH as login(1) would set it here; without login.defs (an initramfs) as Debian does. */
static int set_path(struct environ_block *block, uid_t uid)
{
    static const struct {
        const char *key, *path;
    } defaults[] = {
        {"ENV_PATH", "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"},
        {"ENV_SUPATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
    };
    cleanup_free char *text = NULL;
    const char *path = NULL;
    size_t length = 0;
    int which = uid == 0;

    if (fd_read_file(LOGIN_DEFS, LOGIN_DEFS_MAX, &text, &length) == 0) {
        path = find_definition(text, defaults[which].key);
    }
    return environ_set(block, "PATH", path ? path : defaults[which].path);
}

static int inherit(struct environ_block *block)
{
    int r = 0;

    for (char **at = environ; at && *at && r == 0; at++) {
        const char *equals = strchr(*at, '=');
        if (!equals) {
            continue;
        }
        cleanup_free char *name = strndup(*at, (size_t)(equals - *at));
        if (!name) {
            return -ENOMEM;
        }
        if (matches(inherited, name) && is_identifier(name, strlen(name))) {
            r = environ_set(block, name, equals + 1);
        }
    }
    return r;
}

int environ_new(const struct account *account, const char *shell, struct environ_block **ret)
{
    const char *const pairs[][2] = {
        {"USER", account->name},
        {"LOGNAME", account->name},
        {"HOME", account->home},
        {"SHELL", shell ? shell : account->shell},
    };
    struct environ_block *block = calloc(1, sizeof(*block));
    if (!block) {
        return -ENOMEM;
    }
    int r = 0;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]) && r == 0; i++) {
        r = environ_set(block, pairs[i][0], pairs[i][1]);
    }
    if (r == 0) {
        r = set_path(block, account->uid);
    }
    if (r == 0) {
        r = inherit(block);
    }
    if (r < 0) {
        environ_free(block);
        return r;
    }
    *ret = block;
    return 0;
}
