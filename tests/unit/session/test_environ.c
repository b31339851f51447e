/* SPDX-License-Identifier: MIT */
/* The environment of a session: built from nothing, and what a peer may add to it. */
#include <errno.h>
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
#include "session/environ.h"

static char name[] = "ann", home[] = "/home/ann", shell[] = "/bin/zsh";
static const struct account user = {
    .name = name, .home = home, .shell = shell, .uid = 1000, .gid = 1000};

static struct environ_block *fresh(uid_t uid, const char *shell_override)
{
    struct account account = user;
    struct environ_block *block = NULL;

    account.uid = uid;
    assert_int_equal(environ_new(&account, shell_override, &block), 0);
    return block;
}

static size_t count(const struct environ_block *block)
{
    size_t n = 0;

    while (environ_vector(block)[n]) {
        n++;
    }
    return n;
}

static void test_login_variables(void **state)
{
    struct environ_block *block = fresh(1000, NULL);

    (void)state;
    assert_string_equal(environ_get(block, "USER"), "ann");
    assert_string_equal(environ_get(block, "LOGNAME"), "ann");
    assert_string_equal(environ_get(block, "HOME"), "/home/ann");
    assert_string_equal(environ_get(block, "SHELL"), "/bin/zsh");
    assert_null(environ_get(block, "USE"));
    environ_free(block);
    block = fresh(1000, "/bin/dash");
    assert_string_equal(environ_get(block, "SHELL"), "/bin/dash");
    environ_free(block);
    environ_free(NULL);
}

static void test_path_is_a_logins(void **state)
{
    struct environ_block *ordinary = fresh(1000, NULL);
    struct environ_block *root = fresh(0, NULL);

    (void)state;
    setenv("PATH", "/daemon/path", 1);
    assert_non_null(strstr(environ_get(ordinary, "PATH"), "/usr/bin"));
    assert_null(strstr(environ_get(ordinary, "PATH"), "sbin"));
    assert_non_null(strstr(environ_get(root, "PATH"), "/usr/sbin"));
    assert_null(strstr(environ_get(root, "PATH"), "PATH="));
    assert_null(strstr(environ_get(root, "PATH"), "/daemon"));
    environ_free(ordinary);
    environ_free(root);
}

/* Language and time of the machine pass; everything else of the daemon stays with the daemon. */
static void test_what_the_daemon_hands_on(void **state)
{
    (void)state;
    assert_int_equal(clearenv(), 0);
    setenv("LANG", "C.UTF-8", 1);
    setenv("LC_TIME", "de_DE.UTF-8", 1);
    setenv("TZ", "Europe/Rome", 1);
    setenv("SECRET", "x", 1);
    setenv("LD_PRELOAD", "", 1);
    setenv("NOTIFY_SOCKET", "/run/x", 1);
    setenv("LC_WITH-DASH", "x", 1);
    struct environ_block *block = fresh(1000, NULL);
    assert_string_equal(environ_get(block, "LANG"), "C.UTF-8");
    assert_string_equal(environ_get(block, "LC_TIME"), "de_DE.UTF-8");
    assert_string_equal(environ_get(block, "TZ"), "Europe/Rome");
    /* USER LOGNAME HOME SHELL PATH and these three. */
    assert_int_equal(count(block), 8);
    environ_free(block);
    assert_int_equal(clearenv(), 0);
}

static void test_set_replaces(void **state)
{
    struct environ_block *block = fresh(1000, NULL);
    size_t before = count(block);

    (void)state;
    assert_int_equal(environ_set(block, "TERM", "xterm"), 0);
    assert_int_equal(environ_set(block, "TERM", "vt100=x"), 0);
    assert_string_equal(environ_get(block, "TERM"), "vt100=x");
    assert_int_equal(count(block), before + 1);
    assert_int_equal(environ_set(block, "", "x"), -EINVAL);
    assert_int_equal(environ_set(block, "A=B", "x"), -EINVAL);
    assert_int_equal(environ_set(block, "1A", "x"), -EINVAL);
    assert_int_equal(environ_set(block, "A B", "x"), -EINVAL);
    assert_int_equal(environ_set(block, "\xc3\xa4", "x"), -EINVAL);
    assert_int_equal(count(block), before + 1);
    environ_free(block);
}

static void test_set_many(void **state)
{
    struct environ_block *block = fresh(1000, NULL);
    size_t before = count(block);
    char variable[16];

    (void)state;
    for (int i = 0; i < 500; i++) {
        (void)snprintf(variable, sizeof(variable), "V%d", i);
        assert_int_equal(environ_set(block, variable, variable), 0);
    }
    assert_int_equal(count(block), before + 500);
    assert_string_equal(environ_get(block, "V499"), "V499");
    environ_free(block);
}

static void test_requests(void **state)
{
    static const struct {
        const char *pair;
        int listed;     /* what a peer gets by the allow list */
        int accept_all; /* and when it may set anything */
    } cases[] = {
        {"LANG=C", 0, 0},
        {"LC_ALL=C", 0, 0},
        {"TZ=UTC", 0, 0},
        {"COLORTERM=truecolor", 0, 0},
        {"NO_COLOR=", 0, 0},
        {"GIT_PROTOCOL=version=2", 0, 0},
        {"VSOCK_SHELL_X=1", 0, 0},
        {"FOO=bar", -EPERM, 0},
        {"_=x", -EPERM, 0},
        {"GIT_SSH_COMMAND=x", -EPERM, 0},
        {"PATH=/tmp", -EPERM, 0},
        {"HOME=/tmp", -EPERM, 0},
        {"BASH_ENV=/tmp/x", -EPERM, 0},
        {"LANGX=1", -EPERM, 0},
        {"VSOCK_SHELL_PEER=forged", -EPERM, -EPERM},
        {"LD_PRELOAD=/tmp/x.so", -EPERM, -EPERM},
        {"LD_LIBRARY_PATH=/tmp", -EPERM, -EPERM},
        {"GLIBC_TUNABLES=x", -EPERM, -EPERM},
        {"GCONV_PATH=/tmp", -EPERM, -EPERM},
        {"LOCPATH=/tmp", -EPERM, -EPERM},
        {"LANG", -EINVAL, -EINVAL},
        {"", -EINVAL, -EINVAL},
        {"=x", -EINVAL, -EINVAL},
        {"LC_A B=x", -EINVAL, -EINVAL},
        {"LC_\n=x", -EINVAL, -EINVAL},
        {"BASH_FUNC_x%%=() { :; }", -EINVAL, -EINVAL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct environ_block *block = fresh(1000, NULL);
        assert_int_equal(environ_request(block, cases[i].pair, false), cases[i].listed);
        assert_int_equal(environ_request(block, cases[i].pair, true), cases[i].accept_all);
        environ_free(block);
    }
    struct environ_block *block = fresh(1000, NULL);
    assert_int_equal(environ_request(block, "LC_ALL=a=b", false), 0);
    assert_string_equal(environ_get(block, "LC_ALL"), "a=b");
    environ_free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_login_variables),
        cmocka_unit_test(test_path_is_a_logins),
        cmocka_unit_test(test_what_the_daemon_hands_on),
        cmocka_unit_test(test_set_replaces),
        cmocka_unit_test(test_set_many),
        cmocka_unit_test(test_requests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
