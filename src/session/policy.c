/* SPDX-License-Identifier: MIT */
/*
 * The policy: who may come in and what a session may do. Owns the rules and the questions; how the
 * rules read as text is policy_rules.c.
 */
#include "policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "session/policy_rules.h"

#define PRIVILEGED_PORTS 1024u

int policy_new(struct policy **ret)
{
    struct policy *policy = calloc(1, sizeof(*policy));

    if (!policy) {
        return -ENOMEM;
    }
    policy->rights = POLICY_ALL_RIGHTS;
    /* Taken now: after the switch to the session's user it would be somebody else's. */
    policy->own_uid = geteuid();
    policy->root_fd = -1;
    policy->local_cid = VSH_CID_ANY;
    *ret = policy;
    return 0;
}

void policy_free(struct policy *policy)
{
    if (policy) {
        if (policy->root_fd >= 0) {
            (void)close(policy->root_fd);
        }
        free(policy->root_path);
        free(policy->cids);
        free(policy->uids);
        free(policy);
    }
}

void policy_require_privileged_port(struct policy *policy)
{
    policy->privileged_port = true;
}

void policy_remove_right(struct policy *policy, enum policy_right right)
{
    policy->rights &= ~(unsigned)right;
}

int policy_set_root(struct policy *policy, const char *path)
{
    cleanup_close int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    char *copy = strdup(path);
    if (!copy) {
        return -ENOMEM;
    }
    /* Both or neither: a policy never has the path of one folder and the descriptor of another. */
    if (policy->root_fd >= 0) {
        (void)close(policy->root_fd);
    }
    free(policy->root_path);
    policy->root_fd = take_fd(&fd);
    policy->root_path = copy;
    return 0;
}

int policy_root_fd(const struct policy *policy)
{
    return policy->root_fd;
}

void policy_finish(struct policy *policy)
{
    policy_finish_on(policy, policy_local_cid());
}

void policy_finish_on(struct policy *policy, uint32_t local_cid)
{
    policy->local_cid = local_cid;
    policy->host_by_default =
        !policy->has_allow && local_cid > VSH_CID_HOST && local_cid != VSH_CID_ANY;
}

void policy_look_again(struct policy *policy)
{
    if (!policy->has_allow && !policy->host_by_default) {
        policy_finish(policy);
    }
}

static int refuse(const struct vsh_peer *peer, char *reason, size_t size, const char *why)
{
    char text[VSH_PEER_MAX] = "";

    (void)snprintf(reason, size, "refused %s: %s", vsh_peer_format(peer, text, sizeof(text)), why);
    return -EACCES;
}

/* Names the option in the words a person would use: "host" and "local", or the number. */
static void suggest(const struct policy *policy, uint32_t cid, char *buf, size_t size)
{
    static const char *const names[] = {[VSH_CID_LOCAL] = "local", [VSH_CID_HOST] = "host"};
    char number[16];
    const char *word = number;
    const char *note = "";

    (void)snprintf(number, sizeof(number), "%u", cid);
    if (cid == VSH_CID_LOCAL || cid == VSH_CID_HOST) {
        word = names[cid];
    }
    if (!policy->has_allow && !policy->host_by_default) {
        note = policy->local_cid == VSH_CID_ANY
                   ? "this machine's own CID is not known (/dev/vsock), so nobody is by default; "
                   : "this machine is no guest, so nobody is by default; ";
    }
    (void)snprintf(buf, size, "CID %u is not allowed: %sadd --allow %s to let it in", cid, note,
                   word);
}

/* Deny before allow, and each refusal names the rule or the option that decides. */
static int check_cid(const struct policy *policy, const struct vsh_peer *peer, uint32_t cid,
                     char *reason, size_t size)
{
    char why[256];
    const struct policy_range *rule = policy_find_cid(policy, cid, true);

    if (rule) {
        char text[POLICY_RULE_MAX];
        (void)snprintf(why, sizeof(why), "CID %u is denied: take --deny %s away to let it in", cid,
                       policy_range_format(rule, text, sizeof(text)));
        return refuse(peer, reason, size, why);
    }
    if (!policy_find_cid(policy, cid, false) && !(policy->host_by_default && cid == VSH_CID_HOST)) {
        suggest(policy, cid, why, sizeof(why));
        return refuse(peer, reason, size, why);
    }
    return 0;
}

static int check_vsock(const struct policy *policy, const struct vsh_peer *peer, char *reason,
                       size_t size)
{
    char why[160];

    int r = check_cid(policy, peer, peer->cid, reason, size);
    if (r < 0 || !policy->privileged_port || peer->port < PRIVILEGED_PORTS) {
        return r;
    }
    (void)snprintf(why, sizeof(why),
                   "its source port %u is not below 1024: run the client as root there, or take "
                   "--require-privileged-port away",
                   peer->port);
    return refuse(peer, reason, size, why);
}

/*
 * A stream that a VMM delivers here was begun in its guest, whose CID nobody tells: only a rule for
 * everybody fits it, and there is no port that could prove anything.
 */
static int check_mux(const struct policy *policy, const struct vsh_peer *peer, char *reason,
                     size_t size)
{
    /* The last CID that a rule can name; only a rule up to the end has it. */
    const uint32_t unknown = VSH_CID_ANY - 1;

    if (policy_find_cid(policy, unknown, true) || !policy_find_cid(policy, unknown, false)) {
        return refuse(peer, reason, size,
                      "a guest behind a multiplexer shows no CID: add --allow any to let it in");
    }
    if (!policy->privileged_port) {
        return 0;
    }
    return refuse(peer, reason, size,
                  "a multiplexer shows no source port: take --require-privileged-port away");
}

/* Whoever may become us or be us needs no rule; the kernel vouches for the uid. */
static int check_unix(const struct policy *policy, const struct vsh_peer *peer, char *reason,
                      size_t size)
{
    char why[160];

    if (policy->any_uid || peer->uid == 0 || peer->uid == policy->own_uid) {
        return 0;
    }
    for (size_t i = 0; i < policy->uid_count; i++) {
        if (policy->uids[i] == peer->uid) {
            return 0;
        }
    }
    if (peer->uid == (uid_t)-1) {
        return refuse(peer, reason, size, "its uid is not known: only --allow-uid any lets it in");
    }
    (void)snprintf(why, sizeof(why), "uid %u is not allowed: add --allow-uid %u to let it in",
                   (unsigned)peer->uid, (unsigned)peer->uid);
    return refuse(peer, reason, size, why);
}

/* Pipes, a terminal, inetd: whoever started us with them has decided. */
static int check_stdio(const struct policy *policy, const struct vsh_peer *peer, char *reason,
                       size_t size)
{
    (void)policy;
    (void)peer;
    (void)reason;
    (void)size;
    return 0;
}

int policy_check_peer(const struct policy *policy, const struct vsh_peer *peer, char *reason,
                      size_t size)
{
    static int (*const checks[])(const struct policy *policy, const struct vsh_peer *peer,
                                 char *reason, size_t size) = {
        [VSH_FAMILY_NONE] = check_stdio,
        [VSH_FAMILY_VSOCK] = check_vsock,
        [VSH_FAMILY_UNIX] = check_unix,
        [VSH_FAMILY_MUX] = check_mux,
    };

    if ((size_t)peer->family >= sizeof(checks) / sizeof(checks[0])) {
        return refuse(peer, reason, size, "its kind of address is not known here");
    }
    return checks[peer->family](policy, peer, reason, size);
}

int policy_check_right(const struct policy *policy, enum policy_right right, char *reason,
                       size_t size)
{
    if (policy->rights & (unsigned)right) {
        return 0;
    }
    (void)snprintf(reason, size, "%s is switched off here by %s", policy_right_word(right),
                   policy_right_switch(right));
    return -EACCES;
}
