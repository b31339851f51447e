/* SPDX-License-Identifier: MIT */
/* The list of --ssh-auth; strict, for a word that is not understood must not mean "anybody". */
#include "auth_methods.h"

#include <errno.h>
#include <string.h>

int auth_methods_parse(const char *list, struct auth_methods *ret)
{
    *ret = (struct auth_methods){0};
    for (const char *at = list;;) {
        size_t length = strcspn(at, ",");
        if (length == 9 && strncmp(at, "publickey", length) == 0) {
            ret->publickey = true;
        } else if (length == 4 && strncmp(at, "none", length) == 0) {
            ret->none = true;
        } else {
            return -EINVAL;
        }
        if (at[length] == '\0') {
            return 0;
        }
        at += length + 1;
    }
}
