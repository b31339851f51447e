/* SPDX-License-Identifier: MIT */
/* The policy: who comes in under which rules, and whether the refusal names the cure. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "session/policy.h"

#define GUEST_CID   7u
#define HOST_CID    2u
#define UNKNOWN_CID VSH_CID_ANY
#define RULES_MAX   4

static struct policy *make(const char *const *allow, const char *const *deny, uint32_t local_cid)
{
    struct policy *policy = NULL;
    char error[256] = "";

    assert_int_equal(policy_new(&policy), 0);
    for (int i = 0; allow && i < RULES_MAX && allow[i]; i++) {
        assert_int_equal(policy_allow(policy, allow[i], error, sizeof(error)), 0);
    }
    for (int i = 0; deny && i < RULES_MAX && deny[i]; i++) {
        assert_int_equal(policy_deny(policy, deny[i], error, sizeof(error)), 0);
    }
    assert_string_equal(error, "");
    policy_finish_on(policy, local_cid);
    return policy;
}

static int ask(const struct policy *policy, uint32_t cid, uint32_t port, char *reason, size_t size)
{
    struct vsh_peer peer = {.family = VSH_FAMILY_VSOCK, .cid = cid, .port = port};

    reason[0] = '\0';
    return policy_check_peer(policy, &peer, reason, size);
}

static const struct {
    const char *allow[RULES_MAX], *deny[RULES_MAX];
    uint32_t local_cid, peer_cid;
    int result;
    const char *says; /* part of the sentence */
} rules[] = {
    /* Nothing said: a guest takes its host and nobody else. */
    {{NULL}, {NULL}, GUEST_CID, 2, 0, ""},
    {{NULL}, {NULL}, GUEST_CID, 1, -EACCES, "add --allow local"},
    {{NULL}, {NULL}, GUEST_CID, 5, -EACCES, "add --allow 5 "},
    {{NULL}, {NULL}, GUEST_CID, GUEST_CID, -EACCES, "add --allow 7 "},
    {{NULL}, {NULL}, 3, 2, 0, ""},
    /* Nothing said on a host, on loopback only, or where nobody can tell: nobody. */
    {{NULL}, {NULL}, HOST_CID, 2, -EACCES, "no guest, so nobody is by default; add --allow host"},
    {{NULL}, {NULL}, HOST_CID, 5, -EACCES, "add --allow 5 "},
    {{NULL}, {NULL}, 1, 2, -EACCES, "no guest"},
    {{NULL}, {NULL}, 1, 1, -EACCES, "add --allow local"},
    {{NULL}, {NULL}, 0, 2, -EACCES, "no guest"},
    {{NULL}, {NULL}, UNKNOWN_CID, 2, -EACCES, "not known (/dev/vsock)"},
    /* An --allow replaces the default. */
    {{"5"}, {NULL}, GUEST_CID, 2, -EACCES, "CID 2 is not allowed: add --allow host"},
    {{"5"}, {NULL}, GUEST_CID, 5, 0, ""},
    {{"5"}, {NULL}, HOST_CID, 5, 0, ""},
    {{"host"}, {NULL}, UNKNOWN_CID, 2, 0, ""},
    {{"local"}, {NULL}, HOST_CID, 1, 0, ""},
    {{"3-9"}, {NULL}, HOST_CID, 2, -EACCES, "--allow host"},
    {{"3-9"}, {NULL}, HOST_CID, 3, 0, ""},
    {{"3-9"}, {NULL}, HOST_CID, 9, 0, ""},
    {{"3-9"}, {NULL}, HOST_CID, 10, -EACCES, "--allow 10 "},
    {{"5", "host"}, {NULL}, HOST_CID, 2, 0, ""},
    {{"any"}, {NULL}, HOST_CID, 0, 0, ""},
    {{"any"}, {NULL}, HOST_CID, 4294967294u, 0, ""},
    {{"any"}, {NULL}, HOST_CID, 4294967295u, -EACCES, "CID 4294967295"},
    /* Deny wins, and the sentence names the rule. */
    {{"any"}, {"4-6"}, HOST_CID, 5, -EACCES, "take --deny 4-6 away"},
    {{"any"}, {"4-6"}, HOST_CID, 7, 0, ""},
    {{"5"}, {"5"}, HOST_CID, 5, -EACCES, "take --deny 5 away"},
    {{NULL}, {"host"}, GUEST_CID, 2, -EACCES, "take --deny host away"},
    {{NULL}, {"9"}, GUEST_CID, 2, 0, ""},
};

static void test_rules(void **state)
{
    char reason[256];

    (void)state;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        struct policy *policy = make(rules[i].allow, rules[i].deny, rules[i].local_cid);
        int r = ask(policy, rules[i].peer_cid, 1023, reason, sizeof(reason));
        if (r != rules[i].result || !strstr(reason, rules[i].says)) {
            print_error("case %zu: %d '%s'\n", i, r, reason);
        }
        assert_int_equal(r, rules[i].result);
        assert_non_null(strstr(reason, rules[i].says));
        if (r < 0) {
            char who[32];
            (void)snprintf(who, sizeof(who), "refused vsock:%u:1023: ", rules[i].peer_cid);
            assert_ptr_equal(strstr(reason, who), reason);
        }
        policy_free(policy);
    }
}

/* What this machine is does not matter: a policy that lets somebody in is not made anew, one that
 * lets nobody in is. */
static void test_looking_again(void **state)
{
    const char *const five[RULES_MAX] = {"5"};
    char reason[256];
    char now[512];
    char again[512];

    (void)state;
    struct policy *guest = make(NULL, NULL, GUEST_CID);
    policy_look_again(guest);
    assert_int_equal(ask(guest, HOST_CID, 1023, reason, sizeof(reason)), 0);
    policy_free(guest);
    struct policy *ruled = make(five, NULL, UNKNOWN_CID);
    policy_look_again(ruled);
    assert_int_equal(ask(ruled, HOST_CID, 1023, reason, sizeof(reason)), -EACCES);
    policy_free(ruled);

    struct policy *unknown = make(NULL, NULL, UNKNOWN_CID);
    struct policy *known = make(NULL, NULL, policy_local_cid());
    policy_look_again(unknown);
    assert_string_equal(policy_describe(unknown, again, sizeof(again)),
                        policy_describe(known, now, sizeof(now)));
    policy_free(unknown);
    policy_free(known);
}

static void test_privileged_port(void **state)
{
    static const char *const allow[] = {"host", NULL};
    struct policy *policy = make(allow, NULL, HOST_CID);
    struct vsh_peer mux = {.family = VSH_FAMILY_MUX};
    char reason[256];

    (void)state;
    assert_int_equal(ask(policy, 2, 50000, reason, sizeof(reason)), 0);
    policy_require_privileged_port(policy);
    assert_int_equal(ask(policy, 2, 1023, reason, sizeof(reason)), 0);
    assert_int_equal(ask(policy, 2, 1024, reason, sizeof(reason)), -EACCES);
    assert_non_null(strstr(reason, "source port 1024 is not below 1024"));
    assert_non_null(strstr(reason, "--require-privileged-port"));
    /* The CID comes first: a stranger learns nothing of ports. */
    assert_int_equal(ask(policy, 3, 50000, reason, sizeof(reason)), -EACCES);
    assert_non_null(strstr(reason, "--allow 3"));
    policy_free(policy);

    /* A multiplexer proves no port at all. */
    static const char *const any[] = {"any", NULL};
    policy = make(any, NULL, HOST_CID);
    assert_int_equal(policy_check_peer(policy, &mux, reason, sizeof(reason)), 0);
    policy_require_privileged_port(policy);
    assert_int_equal(policy_check_peer(policy, &mux, reason, sizeof(reason)), -EACCES);
    assert_non_null(strstr(reason, "--require-privileged-port"));
    policy_free(policy);
}

/* A guest of unknown CID: neither the default for a guest's host nor a rule for one CID is for it.
 */
static void test_mux_is_a_guest(void **state)
{
    static const char *const host[] = {"host", NULL};
    static const char *const any[] = {"any", NULL};
    static const struct {
        const char *const *allow;
        const char *const *deny;
        int result;
    } rows[] = {
        {NULL, NULL, -EACCES}, {host, NULL, -EACCES}, {any, NULL, 0},
        {any, any, -EACCES},   {any, host, 0},
    };
    struct vsh_peer mux = {.family = VSH_FAMILY_MUX};
    char reason[256];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct policy *policy = make(rows[i].allow, rows[i].deny, GUEST_CID);
        int r = policy_check_peer(policy, &mux, reason, sizeof(reason));
        assert_int_equal(r, rows[i].result);
        assert_true(r == 0 || strstr(reason, "--allow any"));
        policy_free(policy);
    }
}

static int ask_uid(const struct policy *policy, uid_t uid, char *reason, size_t size)
{
    struct vsh_peer peer = {.family = VSH_FAMILY_UNIX, .uid = uid, .pid = 77};

    reason[0] = '\0';
    return policy_check_peer(policy, &peer, reason, size);
}

static void test_uids(void **state)
{
    struct policy *policy = make(NULL, NULL, UNKNOWN_CID);
    char reason[256], error[256] = "";

    (void)state;
    assert_int_equal(ask_uid(policy, 0, reason, sizeof(reason)), 0);
    assert_int_equal(ask_uid(policy, geteuid(), reason, sizeof(reason)), 0);
    assert_int_equal(ask_uid(policy, 54321, reason, sizeof(reason)), -EACCES);
    assert_non_null(strstr(reason, "uid=54321"));
    assert_non_null(strstr(reason, "add --allow-uid 54321"));
    assert_int_equal(ask_uid(policy, (uid_t)-1, reason, sizeof(reason)), -EACCES);
    assert_non_null(strstr(reason, "--allow-uid any"));
    assert_int_equal(policy_allow_uid(policy, "54321", error, sizeof(error)), 0);
    assert_int_equal(ask_uid(policy, 54321, reason, sizeof(reason)), 0);
    assert_int_equal(ask_uid(policy, 54322, reason, sizeof(reason)), -EACCES);
    assert_int_equal(policy_allow_uid(policy, "no-such-user", error, sizeof(error)), -EINVAL);
    assert_non_null(strstr(error, "--allow-uid: 'no-such-user'"));
    assert_int_equal(policy_allow_uid(policy, "root", error, sizeof(error)), 0);
    assert_int_equal(policy_allow_uid(policy, "any", error, sizeof(error)), 0);
    assert_int_equal(ask_uid(policy, 54322, reason, sizeof(reason)), 0);
    assert_int_equal(ask_uid(policy, (uid_t)-1, reason, sizeof(reason)), 0);
    policy_free(policy);
}

static void test_stdio_and_unknown_families(void **state)
{
    struct policy *policy = make(NULL, NULL, UNKNOWN_CID);
    struct vsh_peer peer = {.family = VSH_FAMILY_NONE};
    char reason[256];

    (void)state;
    assert_int_equal(policy_check_peer(policy, &peer, reason, sizeof(reason)), 0);
    peer.family = (enum vsh_family)99;
    assert_int_equal(policy_check_peer(policy, &peer, reason, sizeof(reason)), -EACCES);
    policy_free(policy);
}

static void test_texts_that_are_no_rule(void **state)
{
    static const char *const texts[] = {
        "",    "4294967295", "4294967296", "-1",  "+1",   " 1",    "1 ",  "3-",  "-3",
        "9-3", "3--9",       "3-9-12",     "0x3", "Host", "hosts", "all", "3,4", "3-4294967295",
    };
    struct policy *policy = NULL;

    (void)state;
    assert_int_equal(policy_new(&policy), 0);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char error[256] = "", quoted[64];

        (void)snprintf(quoted, sizeof(quoted), "--allow: '%s' is not", texts[i]);
        assert_int_equal(policy_allow(policy, texts[i], error, sizeof(error)), -EINVAL);
        assert_ptr_equal(strstr(error, quoted), error);
        assert_int_equal(policy_deny(policy, texts[i], error, sizeof(error)), -EINVAL);
        assert_ptr_equal(strstr(error, "--deny: "), error);
    }
    policy_free(policy);
    policy_free(NULL);
}

static void test_rights(void **state)
{
    static const struct {
        enum policy_right right;
        const char *name;
    } rights[] = {
        {POLICY_EXEC, "--no-exec"},       {POLICY_PTY, "--no-pty"},
        {POLICY_UPLOAD, "--no-upload"},   {POLICY_DOWNLOAD, "--no-download"},
        {POLICY_FORWARD, "--no-forward"},
    };
    char reason[256];

    (void)state;
    for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
        struct policy *policy = make(NULL, NULL, GUEST_CID);
        policy_remove_right(policy, rights[i].right);
        for (size_t k = 0; k < sizeof(rights) / sizeof(rights[0]); k++) {
            int r = policy_check_right(policy, rights[k].right, reason, sizeof(reason));
            assert_int_equal(r, k == i ? -EACCES : 0);
        }
        assert_int_equal(policy_check_right(policy, rights[i].right, reason, sizeof(reason)),
                         -EACCES);
        assert_non_null(strstr(reason, rights[i].name));
        policy_free(policy);
    }
}

static void test_root(void **state)
{
    struct policy *policy = make(NULL, NULL, GUEST_CID);

    (void)state;
    assert_int_equal(policy_root_fd(policy), -1);
    assert_int_equal(policy_set_root(policy, "/no/such/folder"), -ENOENT);
    assert_int_equal(policy_set_root(policy, "/dev/null"), -ENOTDIR);
    assert_int_equal(policy_root_fd(policy), -1);
    assert_int_equal(policy_set_root(policy, "/"), 0);
    int fd = policy_root_fd(policy);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_true(fcntl(fd, F_GETFL) & O_PATH);
    policy_free(policy);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void test_description(void **state)
{
    static const char *const allow[] = {"host", "3-9", NULL}, *const deny[] = {"5", NULL};
    struct policy *policy = make(NULL, NULL, GUEST_CID);
    char text[512], tiny[20];

    (void)state;
    assert_string_equal(policy_describe(policy, tiny, sizeof(tiny)), "allow host (default");
    policy_describe(policy, text, sizeof(text));
    assert_ptr_equal(strstr(text, "allow host (default: this machine is guest 7)\n"), text);
    policy_free(policy);
    policy = make(NULL, NULL, UNKNOWN_CID);
    assert_non_null(strstr(policy_describe(policy, text, sizeof(text)), "allow nobody over vsock"));
    policy_free(policy);
    policy = make(allow, deny, HOST_CID);
    policy_require_privileged_port(policy);
    policy_remove_right(policy, POLICY_PTY);
    assert_int_equal(policy_set_root(policy, "/"), 0);
    policy_describe(policy, text, sizeof(text));
    assert_ptr_equal(strstr(text, "allow host\nallow 3-9\ndeny 5\nallow-uid 0\n"), text);
    assert_non_null(strstr(text, "\nrequire-privileged-port\nno-pty\nroot /\n"));
    policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_looking_again),
        cmocka_unit_test(test_privileged_port),
        cmocka_unit_test(test_mux_is_a_guest),
        cmocka_unit_test(test_uids),
        cmocka_unit_test(test_stdio_and_unknown_families),
        cmocka_unit_test(test_texts_that_are_no_rule),
        cmocka_unit_test(test_rights),
        cmocka_unit_test(test_root),
        cmocka_unit_test(test_description),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
