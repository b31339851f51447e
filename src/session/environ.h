/* SPDX-License-Identifier: MIT */
/* The environment of a session: built from nothing by an allow list, never inherited from the
 * daemon. */
#ifndef SESSION_ENVIRON_H
#define SESSION_ENVIRON_H

#include <stdbool.h>
#include <stddef.h>

struct account;
struct environ_block;

/*
 * USER, LOGNAME, HOME, SHELL, PATH (root's or a user's, as login(1) sets it), and LANG, LC_*, TZ of
 * the server if set there. shell overrides the account's when not NULL.
 */
int environ_new(const struct account *account, const char *shell, struct environ_block **ret);
void environ_free(struct environ_block *block);

/* Sets without asking: TERM, SSH_*, VSOCK_SHELL_PEER. 0, -EINVAL (bad name) or -ENOMEM. */
int environ_set(struct environ_block *block, const char *name, const char *value);

/*
 * A pair that the peer asked for: kept when the name is a plain identifier and is allowed (LANG,
 * LC_*, COLORTERM, NO_COLOR, TZ, GIT_*-free list in environ.c, VSOCK_SHELL_*); -EPERM otherwise,
 * -EINVAL when it is no pair. The native protocol passes accept_all when peer and session user are
 * the same trust (its commands may set anything anyway): then only names that would change the
 * loader before exec (LD_*, GCONV_PATH, ...) are refused.
 */
int environ_request(struct environ_block *block, const char *pair, bool accept_all);

const char *environ_get(const struct environ_block *block, const char *name);

/* NULL-terminated, for execve(2); borrowed until the next change. */
char *const *environ_vector(const struct environ_block *block);

/* The value of a name in such a vector, which may be NULL; fallback when it has none. */
const char *environ_find(char *const *vector, const char *name, const char *fallback);

#endif
