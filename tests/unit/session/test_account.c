/* SPDX-License-Identifier: MIT */
/* Accounts: NSS, the files, uids that nobody knows, and the switch that must not be undone. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "session/account.h"
#include "session/account_database.h"

static char passwd_path[] = "/tmp/vsh-passwd-XXXXXX";
static char group_path[] = "/tmp/vsh-group-XXXXXX";

static int write_temporary(char *path, const char *text)
{
    int fd = mkstemp(path);

    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
        return -1;
    }
    return close(fd);
}

static int make_files(void **state)
{
    (void)state;
    return write_temporary(passwd_path, "root:x:0:0:root:/root:/bin/bash\n"
                                        "# a comment\n"
                                        "+nis::::::\n"
                                        "short:x:7:7\n"
                                        "long:x:8:8:a:b:c:d\n"
                                        ":x:9:9::/:/bin/sh\n"
                                        "bad:x:-1:0::/:/bin/sh\n"
                                        "minus:x:4294967295:0::/:/bin/sh\n"
                                        "ann:x:1000:1000:Ann,,,:/home/ann:/bin/zsh\n"
                                        "empty:x:1001:100:::\n"
                                        "ann:x:2000:2000:second:/x:/y\n"
                                        "last:x:1002:1002::/home/last:/bin/sh") +
           write_temporary(group_path, "root:x:0:\n"
                                       "tty:x:5:\n"
                                       "sudo:x:27:bob,ann\n"
                                       "annex:x:28:annex\n"
                                       "again:x:27:ann\n"
                                       "own:x:1000:ann\n"
                                       "broken:x:nan:ann\n"
                                       "users:x:100:last,ann");
}

static int remove_files(void **state)
{
    (void)state;
    return unlink(passwd_path) + unlink(group_path);
}

static int find(const char *name, uid_t uid, struct account **ret)
{
    struct account_key key = {.name = name, .uid = uid};

    return account_files_find_in(passwd_path, group_path, &key, ret);
}

static void test_files_by_name(void **state)
{
    struct account *account = NULL;

    (void)state;
    assert_int_equal(find("ann", 0, &account), 0);
    assert_string_equal(account->name, "ann");
    assert_string_equal(account->home, "/home/ann");
    assert_string_equal(account->shell, "/bin/zsh");
    assert_int_equal(account->uid, 1000);
    assert_int_equal(account->gid, 1000);
    assert_int_equal(account->group_count, 3);
    assert_int_equal(account->groups[0], 1000);
    assert_int_equal(account->groups[1], 27);
    assert_int_equal(account->groups[2], 100);
    account_free(account);
    account_free(NULL);
}

static void test_files_by_uid(void **state)
{
    struct account *account = NULL;

    (void)state;
    /* Without a newline at the end of the file, too. */
    assert_int_equal(find(NULL, 1002, &account), 0);
    assert_string_equal(account->name, "last");
    assert_int_equal(account->group_count, 2);
    account_free(account);
    /* Empty fields get what a login needs. */
    assert_int_equal(find(NULL, 1001, &account), 0);
    assert_string_equal(account->home, "/");
    assert_string_equal(account->shell, "/bin/sh");
    account_free(account);
}

static void test_files_skip_what_is_no_entry(void **state)
{
    static const char *const names[] = {"short", "long", "bad", "minus", "", "+nis", "an", "annn"};
    struct account *account = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(find(names[i], 0, &account), -ENOENT);
    }
    assert_int_equal(find(NULL, 9, &account), -ENOENT);
    assert_int_equal(find(NULL, (uid_t)-1, &account), -ENOENT);
    assert_null(account);
}

static void test_files_that_are_missing(void **state)
{
    struct account_key key = {.name = "root"};
    struct account *account = NULL;

    (void)state;
    assert_int_equal(account_files_find_in("/no/such/passwd", group_path, &key, &account), -ENOENT);
    /* Without groups there is still the one of the passwd entry. */
    assert_int_equal(account_files_find_in(passwd_path, "/no/such/group", &key, &account), 0);
    assert_int_equal(account->group_count, 1);
    account_free(account);
}

static void test_lookup_agrees_with_the_system(void **state)
{
    struct account *by_name = NULL, *by_uid = NULL, *by_number = NULL;
    char number[16];

    (void)state;
    const struct passwd *entry = getpwuid(getuid());
    if (!entry) {
        skip();
    }
    (void)snprintf(number, sizeof(number), "%u", (unsigned)entry->pw_uid);
    assert_int_equal(account_lookup(entry->pw_name, &by_name), 0);
    assert_int_equal(account_lookup_uid(entry->pw_uid, &by_uid), 0);
    assert_int_equal(account_lookup(number, &by_number), 0);
    assert_string_equal(by_name->name, entry->pw_name);
    assert_string_equal(by_uid->name, entry->pw_name);
    assert_string_equal(by_number->name, entry->pw_name);
    assert_string_equal(by_name->home, entry->pw_dir);
    assert_int_equal(by_uid->uid, entry->pw_uid);
    assert_int_equal(by_number->gid, entry->pw_gid);
    assert_true(by_name->group_count >= 1);
    account_free(by_name);
    account_free(by_uid);
    account_free(by_number);
}

static void test_uid_without_an_entry(void **state)
{
    struct account *account = NULL;

    (void)state;
    assert_int_equal(account_lookup_uid(3999999999u, &account), 0);
    assert_string_equal(account->name, "3999999999");
    assert_string_equal(account->home, "/");
    assert_string_equal(account->shell, "/bin/sh");
    assert_int_equal(account->uid, 3999999999u);
    assert_int_equal(account->gid, 3999999999u);
    assert_int_equal(account->group_count, 1);
    account_free(account);
    assert_int_equal(account_lookup("3999999999", &account), 0);
    assert_int_equal(account->uid, 3999999999u);
    account_free(account);
}

static void test_names_that_are_nobody(void **state)
{
    static const char *const names[] = {"", "no-such-user", "4294967295", "-1", "1x", " 0", "+0"};
    struct account *account = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(account_lookup(names[i], &account), -ENOENT);
    }
}

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

static void test_become(void **state)
{
    static int (*const checks[])(void) = {
        check_become,          check_become_with_kept_capabilities,  check_become_without_fixup,
        check_root_stays_root, check_somebody_cannot_become_another, check_same_uid_other_group,
        check_invalid_ids,
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
    return account_become(account) == 0 && geteuid() == account->uid ? 0 : 2;
}

static void test_become_oneself(void **state)
{
    (void)state;
    assert_int_equal(in_child(check_stay_oneself), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_by_name),
        cmocka_unit_test(test_files_by_uid),
        cmocka_unit_test(test_files_skip_what_is_no_entry),
        cmocka_unit_test(test_files_that_are_missing),
        cmocka_unit_test(test_lookup_agrees_with_the_system),
        cmocka_unit_test(test_uid_without_an_entry),
        cmocka_unit_test(test_names_that_are_nobody),
        cmocka_unit_test(test_become),
        cmocka_unit_test(test_become_oneself),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
