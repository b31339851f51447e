/* SPDX-License-Identifier: MIT */
/* The rules of a policy as text: what --allow and --deny say, and what --check prints. */
#include "policy_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "session/account.h"

/* IOCTL_VM_SOCKETS_GET_LOCAL_CID of vsock(7); musl brings no <linux/vm_sockets.h>. */
#define GET_LOCAL_CID _IO(7, 0xb9)

/* 4294967295 is VMADDR_CID_ANY: no peer has it. */
static const struct {
    const char *word;
    uint32_t first, last;
} named[] = {
    {"host", VSH_CID_HOST, VSH_CID_HOST},
    {"local", VSH_CID_LOCAL, VSH_CID_LOCAL},
    {"any", 0, UINT32_MAX - 1},
};

static const struct {
    enum policy_right right;
    const char *name, *word;
} rights[] = {
    {POLICY_EXEC, "--no-exec", "running a command or a shell"},
    {POLICY_PTY, "--no-pty", "a terminal"},
    {POLICY_UPLOAD, "--no-upload", "an upload"},
    {POLICY_DOWNLOAD, "--no-download", "a download"},
    {POLICY_FORWARD, "--no-forward", "forwarding"},
};
#define RIGHT_COUNT (sizeof(rights) / sizeof(rights[0]))

uint32_t policy_local_cid(void)
{
    /* The ioctl looks the number up; it sends nothing and needs no peer. */
    uint32_t cid = VSH_CID_ANY;
    cleanup_close int fd = open("/dev/vsock", O_RDONLY | O_CLOEXEC);

    if (fd < 0 || ioctl(fd, GET_LOCAL_CID, &cid) < 0) {
        return VSH_CID_ANY;
    }
    return cid;
}

/* "N" or "N-M", both in the range of CIDs that a peer can have. */
static int parse_range(const char *text, struct policy_range *ret)
{
    char first[16];
    size_t length = strcspn(text, "-");

    if (length >= sizeof(first)) {
        return -EINVAL;
    }
    memcpy(first, text, length);
    first[length] = '\0';
    if (vsh_parse_u32(first, UINT32_MAX - 1, &ret->first) < 0) {
        return -EINVAL;
    }
    ret->last = ret->first;
    if (text[length] == '-' && vsh_parse_u32(text + length + 1, UINT32_MAX - 1, &ret->last) < 0) {
        return -EINVAL;
    }
    return ret->first <= ret->last ? 0 : -EINVAL;
}

static int parse_rule(const char *text, struct policy_range *ret)
{
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        if (strcmp(text, named[i].word) == 0) {
            ret->first = named[i].first;
            ret->last = named[i].last;
            return 0;
        }
    }
    return parse_range(text, ret);
}

/* An --allow, whatever it says, switches the default off: who writes rules writes all of them. */
static int add_rule(struct policy *policy, const char *text, bool deny, char *error, size_t size)
{
    struct policy_range range = {.deny = deny};

    if (parse_rule(text, &range) < 0) {
        (void)snprintf(error, size,
                       "%s: '%s' is not host, local, any, a CID from 0 to 4294967294, or a range "
                       "such as 3-9",
                       deny ? "--deny" : "--allow", text);
        return -EINVAL;
    }
    struct policy_range *grown = reallocarray(policy->cids, policy->cid_count + 1, sizeof(*grown));
    if (!grown) {
        return -ENOMEM;
    }
    policy->cids = grown;
    policy->cids[policy->cid_count++] = range;
    policy->has_allow = policy->has_allow || !deny;
    return 0;
}

int policy_allow(struct policy *policy, const char *text, char *error, size_t error_size)
{
    return add_rule(policy, text, false, error, error_size);
}

int policy_deny(struct policy *policy, const char *text, char *error, size_t error_size)
{
    return add_rule(policy, text, true, error, error_size);
}

int policy_allow_uid(struct policy *policy, const char *text, char *error, size_t error_size)
{
    struct account *account = NULL;

    if (strcmp(text, "any") == 0) {
        policy->any_uid = true;
        return 0;
    }
    int r = account_lookup(text, &account);
    if (r == -ENOENT) {
        (void)snprintf(error, error_size,
                       "--allow-uid: '%s' is not any, a uid or a user of this machine", text);
        return -EINVAL;
    }
    if (r < 0) {
        (void)snprintf(error, error_size, "--allow-uid: cannot look up '%s': %s", text,
                       strerror(-r));
        return r == -ENOMEM ? r : -EINVAL;
    }
    uid_t uid = account->uid;
    account_free(account);
    uid_t *grown = reallocarray(policy->uids, policy->uid_count + 1, sizeof(*grown));
    if (!grown) {
        return -ENOMEM;
    }
    policy->uids = grown;
    policy->uids[policy->uid_count++] = uid;
    return 0;
}

const struct policy_range *policy_find_cid(const struct policy *policy, uint32_t cid, bool deny)
{
    for (size_t i = 0; i < policy->cid_count; i++) {
        const struct policy_range *range = &policy->cids[i];
        if (range->deny == deny && cid >= range->first && cid <= range->last) {
            return range;
        }
    }
    return NULL;
}

const char *policy_range_format(const struct policy_range *range, char *buf, size_t size)
{
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        if (range->first == named[i].first && range->last == named[i].last) {
            (void)snprintf(buf, size, "%s", named[i].word);
            return buf;
        }
    }
    if (range->first == range->last) {
        (void)snprintf(buf, size, "%u", range->first);
    } else {
        (void)snprintf(buf, size, "%u-%u", range->first, range->last);
    }
    return buf;
}

const char *policy_right_word(enum policy_right right)
{
    for (size_t i = 0; i < RIGHT_COUNT; i++) {
        if (rights[i].right == right) {
            return rights[i].word;
        }
    }
    return "this request";
}

const char *policy_right_switch(enum policy_right right)
{
    for (size_t i = 0; i < RIGHT_COUNT; i++) {
        if (rights[i].right == right) {
            return rights[i].name;
        }
    }
    return "the server's options";
}

/* The caller's memory on its way to be a description. */
struct text {
    char *buf;
    size_t size, length;
};

/* Appends a line; a text that is full stays a valid string and takes no more. */
__attribute__((format(printf, 2, 3))) static void add_line(struct text *text, const char *format,
                                                           ...)
{
    va_list args;

    if (text->length + 1 >= text->size) {
        return;
    }
    va_start(args, format);
    int n = vsnprintf(text->buf + text->length, text->size - text->length, format, args);
    va_end(args);
    text->length += n > 0 ? (size_t)n : 0;
    if (text->length + 1 >= text->size) {
        text->length = text->size - 1;
        return;
    }
    text->buf[text->length++] = '\n';
    text->buf[text->length] = '\0';
}

const char *policy_describe(const struct policy *policy, char *buf, size_t size)
{
    struct text text = {.buf = buf, .size = size};
    char rule[POLICY_RULE_MAX];

    if (size > 0) {
        buf[0] = '\0';
    }
    if (policy->host_by_default) {
        add_line(&text, "allow host (default: this machine is guest %u)", policy->local_cid);
    } else if (!policy->has_allow) {
        add_line(&text, "allow nobody over vsock (default: this machine is not known as a guest)");
    }
    for (size_t i = 0; i < policy->cid_count; i++) {
        const struct policy_range *range = &policy->cids[i];
        add_line(&text, "%s %s", range->deny ? "deny" : "allow",
                 policy_range_format(range, rule, sizeof(rule)));
    }
    add_line(&text, "allow-uid 0");
    if (policy->own_uid != 0) {
        add_line(&text, "allow-uid %u", (unsigned)policy->own_uid);
    }
    for (size_t i = 0; i < policy->uid_count; i++) {
        add_line(&text, "allow-uid %u", (unsigned)policy->uids[i]);
    }
    if (policy->any_uid) {
        add_line(&text, "allow-uid any");
    }
    if (policy->privileged_port) {
        add_line(&text, "require-privileged-port");
    }
    for (size_t i = 0; i < RIGHT_COUNT; i++) {
        if (!(policy->rights & (unsigned)rights[i].right)) {
            add_line(&text, "%s", rights[i].name + 2);
        }
    }
    if (policy->root_path) {
        add_line(&text, "root %s", policy->root_path);
    }
    return buf;
}
