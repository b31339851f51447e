/* SPDX-License-Identifier: MIT */
/* Accounts: NSS, the files, and uids that nobody knows. */
#include <errno.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
        return;
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
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
