/* SPDX-License-Identifier: MIT */
/* How an SSH user may prove who he is (--ssh-auth), for those who ask and those who only pass on.
 */
#ifndef SESSION_AUTH_METHODS_H
#define SESSION_AUTH_METHODS_H

#include <stdbool.h>

#define AUTH_KEY_FILES_MAX 8 /* patterns of --authorized-keys */
#define AUTH_METHODS_FORM  "a list of publickey and none"

struct auth_methods {
    bool publickey, none;
};

/* "publickey", "none", or both with a comma. Returns 0 or -EINVAL. */
int auth_methods_parse(const char *list, struct auth_methods *ret);

#endif
