/* SPDX-License-Identifier: MIT */
/* Becoming a user: nothing of root is left, nothing of it comes back. */
#include <errno.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "session/account.h"

/* Runs check in a child, so that this process stays who it is. */
static int in_child(int (*check)(void))
{
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(check());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static gid_t groups[] = {60001, 60002, 60003};
static char user_name[] = "vsh-test", user_home[] = "/", user_shell[] = "/bin/sh";
static const struct account somebody = {
    .name = user_name,
    .home = user_home,
    .shell = user_shell,
    .uid = 60000,
    .gid = 60001,
    .group_count = 3,
    .groups = groups,
};

/* The lines of /proc/self/status from Cap* on that must be all zero. */
static int has_capabilities(void)
{
    char line[128];
    int left = 0, seen = 0;
    FILE *file = fopen("/proc/self/status", "re");

    if (!file) {
        return 1;
    }
    while (fgets(line, sizeof(line), file)) {
        if (strncmp(line, "CapInh:", 7) == 0 || strncmp(line, "CapPrm:", 7) == 0 ||
            strncmp(line, "CapEff:", 7) == 0 || strncmp(line, "CapAmb:", 7) == 0) {
            seen++;
            left += strtoull(line + 7, NULL, 16) != 0;
        }
    }
    (void)fclose(file);
    return left != 0 || seen != 4;
}

static int check_become(void)
{
    uid_t r, e, s;
    gid_t got[8];

    if (account_become(&somebody) != 0) {
        return 1;
    }
    if (getresuid(&r, &e, &s) != 0 || r != 60000 || e != 60000 || s != 60000) {
        return 2;
    }
    if (getresgid(&r, &e, &s) != 0 || r != 60001 || e != 60001 || s != 60001) {
        return 3;
    }
    if (getgroups(8, got) != 3 || got[0] != 60001 || got[1] != 60002 || got[2] != 60003) {
        return 4;
    }
    if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0 || setegid(0) == 0 ||
        setgroups(0, NULL) == 0) {
        return 5;
    }
    if (has_capabilities()) {
        return 6;
    }
    /* sudo must work in a session. */
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 0) {
        return 7;
    }
    /* Again is fine: it is that user already. */
    return account_become(&somebody) == 0 ? 0 : 8;
}

/* A daemon that keeps capabilities over setuid (systemd's ambient set) must not hand them on. */
static int check_become_with_kept_capabilities(void)
{
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || account_become(&somebody) != 0) {
        return 1;
    }
    return has_capabilities();
}

/* With the fix-up switched off the kernel keeps everything: only our own capset takes it. */
static int check_become_without_fixup(void)
{
    if (prctl(PR_SET_SECUREBITS, 1 << 2, 0, 0, 0) != 0) { /* SECBIT_NO_SETUID_FIXUP */
        return 1;
    }
    if (account_become(&somebody) != 0) {
        return 2;
    }
    return has_capabilities();
}

static int check_root_stays_root(void)
{
    gid_t root_groups[] = {0, 60007};
    const struct account root = {.name = user_name,
                                 .home = user_home,
                                 .shell = user_shell,
                                 .group_count = 2,
                                 .groups = root_groups};
    gid_t got[4];

    if (account_become(&root) != 0 || geteuid() != 0) {
        return 1;
    }
    if (getgroups(4, got) != 2 || got[1] != 60007) {
        return 2;
    }
    /* And is able to become somebody else later. */
    return account_become(&somebody) == 0 ? 0 : 3;
}

static int check_somebody_cannot_become_another(void)
{
    struct account other = somebody;

    if (account_become(&somebody) != 0) {
        return 1;
    }
    other.uid = 60010;
    if (account_become(&other) != -EPERM) {
        return 2;
    }
    other.uid = 0;
    other.gid = 0;
    return account_become(&other) == -EPERM && geteuid() == 60000 ? 0 : 3;
}

/* Same uid, other group: not the account, and no way to it without privilege. */
static int check_same_uid_other_group(void)
{
    struct account other = somebody;

    if (account_become(&somebody) != 0) {
        return 1;
    }
    other.gid = 60099;
    return account_become(&other) == -EPERM ? 0 : 2;
}

static int check_invalid_ids(void)
{
    struct account other = somebody;

    other.uid = (uid_t)-1;
    if (account_become(&other) != -EINVAL) {
        return 1;
    }
    other = somebody;
    other.gid = (gid_t)-1;
    return account_become(&other) == -EINVAL && geteuid() == 0 ? 0 : 2;
}

enum { KEY_ID = 0, KEY_JOIN = 1, KEY_SEARCH = 10, KEY_SESSION = -3 };

/* A key that whoever started the server has in his session is not in the user's. */
static int check_keyring_is_left(void)
{
    static const char type[] = "user";
    static const char name[] = "vsh-test-key";
    long keyring = syscall(SYS_keyctl, KEY_JOIN, NULL);

    if (keyring < 0) {
        return 0; /* no keyrings here */
    }
    long key = syscall(SYS_add_key, type, name, "x", 1, KEY_SESSION);
    if (key < 0 || syscall(SYS_keyctl, KEY_SEARCH, KEY_SESSION, type, name, 0) != key) {
        return 1;
    }
    if (account_become(&somebody) != 0) {
        return 2;
    }
    if (syscall(SYS_keyctl, KEY_ID, KEY_SESSION, 0) == keyring) {
        return 3;
    }
    if (syscall(SYS_keyctl, KEY_SEARCH, KEY_SESSION, type, name, 0) >= 0) {
        return 4;
    }
    /* And it is a keyring that takes keys. */
    return syscall(SYS_add_key, type, name, "y", 1, KEY_SESSION) >= 0 ? 0 : 5;
}

static void test_become(void **state)
{
    static int (*const checks[])(void) = {
        check_become,
        check_become_with_kept_capabilities,
        check_become_without_fixup,
        check_root_stays_root,
        check_somebody_cannot_become_another,
        check_same_uid_other_group,
        check_invalid_ids,
        check_keyring_is_left,
    };

    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        int r = in_child(checks[i]);
        if (r != 0) {
            print_error("check %zu failed at step %d\n", i, r);
        }
        assert_int_equal(r, 0);
    }
}

static int check_stay_oneself(void)
{
    struct account *account = NULL;

    if (account_lookup_uid(getuid(), &account) != 0) {
        return 1;
    }
    account->gid = getgid();
    int r = account_become(account) == 0 && geteuid() == account->uid ? 0 : 2;
    account_free(account);
    return r;
}

static void test_become_oneself(void **state)
{
    (void)state;
    assert_int_equal(in_child(check_stay_oneself), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_become),
        cmocka_unit_test(test_become_oneself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
