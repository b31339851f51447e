/* SPDX-License-Identifier: MIT */
/*
 * What a peer may do here: rules in, one verdict out, default deny.
 *
 * Order of calls: policy_new(), one policy_*() per option, policy_finish(), then questions.
 */
#ifndef SESSION_POLICY_H
#define SESSION_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <vsock-shell/transport.h>

enum policy_right {
    POLICY_EXEC = 1 << 0,
    POLICY_PTY = 1 << 1,
    POLICY_UPLOAD = 1 << 2,
    POLICY_DOWNLOAD = 1 << 3,
    POLICY_FORWARD = 1 << 4,
};
#define POLICY_ALL_RIGHTS                                                                          \
    (POLICY_EXEC | POLICY_PTY | POLICY_UPLOAD | POLICY_DOWNLOAD | POLICY_FORWARD)

struct policy;

int policy_new(struct policy **ret);
void policy_free(struct policy *policy);

/* "host", "local", "any", "N" or "N-M" (--allow, --deny). Return 0, -ENOMEM, or -EINVAL with a
 * sentence in error[]. Deny wins. */
int policy_allow(struct policy *policy, const char *text, char *error, size_t error_size);
int policy_deny(struct policy *policy, const char *text, char *error, size_t error_size);
/* A user name or uid (--allow-uid), or "any". */
int policy_allow_uid(struct policy *policy, const char *text, char *error, size_t error_size);
void policy_require_privileged_port(struct policy *policy);
void policy_remove_right(struct policy *policy, enum policy_right right);

/* --root DIR: kept as an O_PATH descriptor for all file requests; -1 without a root. */
int policy_set_root(struct policy *policy, const char *path);
int policy_root_fd(const struct policy *policy);

/*
 * Nothing is guessed: with no --allow at all, the rule is "host" on a machine whose own CID is a
 * guest's (3 and above, as /dev/vsock says), and nobody elsewhere. uid rules: own uid and root,
 * plus
 * --allow-uid. policy_finish() asks policy_local_cid(); policy_finish_on() takes the answer, for
 * tests and for machines that know better.
 */
void policy_finish(struct policy *policy);
void policy_finish_on(struct policy *policy, uint32_t local_cid);

/* For a policy that by default lets nobody in, before a question: at a machine's boot the driver
 * that makes a guest of it may come after the server. */
void policy_look_again(struct policy *policy);

/* This machine's own CID, VSH_CID_ANY when /dev/vsock does not tell. Connects to nothing. */
uint32_t policy_local_cid(void);

/*
 * May this peer come in? 0, or -EACCES and in reason[] one sentence for the log that names the peer
 * and the option that would let it in. VSH_FAMILY_NONE (stdio) is allowed: whoever started us
 * decided. VSH_FAMILY_MUX is a guest whose CID and port nobody tells: only "any" lets it in.
 */
int policy_check_peer(const struct policy *policy, const struct vsh_peer *peer, char *reason,
                      size_t size);

/* May a session do this? 0, or -EACCES and a sentence that names the switch (--no-exec, ...). */
int policy_check_right(const struct policy *policy, enum policy_right right, char *reason,
                       size_t size);

/* One line per rule, for --check and SIGHUP: written to buf, truncated if need be. */
const char *policy_describe(const struct policy *policy, char *buf, size_t size);

#endif
