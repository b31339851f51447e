/* SPDX-License-Identifier: MIT */
/* The inside of a policy: its rules, and their texts. For policy.c and policy_rules.c only. */
#ifndef SESSION_POLICY_RULES_H
#define SESSION_POLICY_RULES_H

#include <stdint.h>

#include "policy.h"

#define POLICY_RULE_MAX 32 /* room for "4294967295-4294967295" */

struct policy_range {
    uint32_t first, last;
    bool deny;
};

struct policy {
    struct policy_range *cids;
    size_t cid_count;
    uid_t *uids;
    size_t uid_count;
    uid_t own_uid;
    bool any_uid;
    bool has_allow; /* an --allow was given: nothing is added by default */
    bool host_by_default;
    bool privileged_port;
    unsigned rights;
    uint32_t local_cid; /* VSH_CID_ANY = not known */
    int root_fd;
    char *root_path;
};

/* The first rule of the kind that names this CID, or NULL. */
const struct policy_range *policy_find_cid(const struct policy *policy, uint32_t cid, bool deny);

const char *policy_range_format(const struct policy_range *range, char *buf, size_t size);

const char *policy_right_word(enum policy_right right);   /* "a command" */
const char *policy_right_switch(enum policy_right right); /* "--no-exec" */

#endif
