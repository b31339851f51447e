/* SPDX-License-Identifier: MIT */
/* Names: hosts files, and what vsh_address_resolve() makes of all sources. */
#include "resolve_helper.h"

static void test_hosts_file(void **state)
{
    static const char content[] = "# comment\n"
                                  "\n"
                                  "a 3\n"
                                  "  b\tvsock:4:22   root\t# the second\r\n"
                                  "c.vsock unix:/run/c #x\n"
                                  "d mux:/run/d:7\n"
                                  "e\n"
                                  "f other\n"
                                  "g 5 user more\n"
                                  "h vsock:x\n"
                                  "7 vsock:8\n"
                                  "i host"; /* no newline at the end */
    static const char wanted[] =
        "a=vsock:3:5000,\nb=vsock:4:22,root\nc=unix:/run/c,\nd=mux:/run/d:7,\n"
        "!e /hosts, line 7: a single word; a line is \"name address [user]\", as \"web vsock:3\"\n"
        "!f /hosts, line 8: \"other\" must be an address (vsock:3, unix:/path, mux:/path), not "
        "another name\n"
        "!g /hosts, line 9: more than 3 words; a line is \"name address [user]\", as \"web "
        "vsock:3\"\n"
        "!h /hosts, line 10: \"vsock:x\" is no vsock address: the CID must be a number from 0 to "
        "4294967294, host or local\n"
        "!7 /hosts, line 11: \"7\" cannot be a name: letters, digits and -._+@ make one, a letter "
        "or "
        "a digit begins it, and a CID, host, local or any is none\n"
        "i=vsock:2:5000,\n";
    struct seen seen = {0};
    const struct name_visit visit = {note, note_bad, &seen};
    (void)state;
    put("hosts", content, sizeof(content) - 1);
    assert_int_equal(resolve_hosts_file(in_folder("hosts"), &visit), 0);
    assert_string_equal(seen.text, wanted);
    assert_int_equal(resolve_hosts_file(in_folder("missing"), &visit), 0);
    assert_int_equal(resolve_hosts_file(in_folder("hosts/missing"), &visit), 0);
}

/* The file as a whole: who else could write to it, and what is no text at all. */
static void test_hosts_owner(void **state)
{
    static const struct {
        mode_t mode;
        const char *wanted;
    } rows[] = {
        {0644, "a=vsock:3:5000,\n"},
        {0664, "! /hosts: others than its owner may write to it, so its names are not used: chmod "
               "go-w it\n"},
        {0602, "! /hosts: others than its owner may write to it, so its names are not used: chmod "
               "go-w it\n"},
    };
    (void)state;
    put("hosts", "a 3", 3);
    for (size_t i = 0; i < COUNT(rows); i++) {
        /* A group that nobody is known to be in; without root it may be the user's own. */
        if (chown(in_folder("hosts"), (uid_t)-1, 12345) < 0 && rows[i].mode == 0664) {
            continue;
        }
        struct seen seen = {0};
        const struct name_visit visit = {note, note_bad, &seen};
        assert_int_equal(chmod(in_folder("hosts"), rows[i].mode), 0);
        assert_int_equal(resolve_hosts_file(in_folder("hosts"), &visit), 0);
        assert_string_equal(seen.text, rows[i].wanted);
    }
    assert_int_equal(chmod(in_folder("hosts"), 0600), 0);
    put("hosts", "a 3\n\0b 4\n", 9);
    struct seen seen = {0};
    const struct name_visit visit = {note, note_bad, &seen};
    assert_int_equal(resolve_hosts_file(in_folder("hosts"), &visit), 0);
    assert_string_equal(seen.text, "! /hosts: it has a NUL byte, so it is no text\n");
    if (geteuid() == 0) {
        struct seen others = {0};
        const struct name_visit other_visit = {note, note_bad, &others};
        assert_int_equal(chown(in_folder("hosts"), 12345, 0), 0);
        assert_int_equal(resolve_hosts_file(in_folder("hosts"), &other_visit), 0);
        assert_non_null(strstr(others.text, "it belongs to uid 12345, neither to you nor to root"));
    }
    /* A pipe without a writer must not hold anybody up. */
    struct seen pipe = {0};
    const struct name_visit pipe_visit = {note, note_bad, &pipe};
    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
    assert_int_equal(resolve_hosts_file(in_folder("pipe"), &pipe_visit), 0);
    assert_string_equal(pipe.text, "! /pipe: it is no regular file\n");
}

static void test_private_group(void **state)
{
    static const struct {
        const char *passwd, *group;
        bool wanted;
    } rows[] = {
        {"root:x:0:0:::\nme:x:7:8:::\n", "root:x:0:\nme:x:8:\n", true},
        {"me:x:7:8:::\n", "me:x:8:me\n", true},
        {"me:x:7:9:::\n", "us:x:8:me\n", true},
        {"me:x:7:8:::\n", "me:x:8:me,you\n", false},
        {"me:x:7:8:::\n", "me:x:8:\nus:x:8:you\n", false},
        {"me:x:7:8:::\nyou:x:9:8:::\n", "me:x:8:\n", false},
        {"you:x:9:9:::\n", "me:x:8:\n", false},
        {"me:x:7:8:::\n", "us:x:9:\n", false},
        {"me:x:7:8:::\n", "me:x:8\n", false},
        {"", "", false},
        {"me:x:7\nme\n:\n", "me:x:8:\n", false},
    };
    char passwd[256];
    (void)state;
    (void)snprintf(passwd, sizeof(passwd), "%s", in_folder("passwd"));
    for (size_t i = 0; i < COUNT(rows); i++) {
        put("passwd", rows[i].passwd, strlen(rows[i].passwd));
        put("group", rows[i].group, strlen(rows[i].group));
        if (group_is_private(passwd, in_folder("group"), 7, 8) != rows[i].wanted) {
            fail_msg("row %zu", i);
        }
    }
    assert_false(group_is_private(passwd, in_folder("none"), 7, 8));
    assert_false(group_is_private(in_folder("none"), in_folder("none"), 7, 8));
}

static void test_long_words(void **state)
{
    char line[600];
    (void)state;
    for (size_t length = VSH_NAME_MAX - 1; length <= VSH_NAME_MAX; length++) {
        struct seen seen = {0};
        const struct name_visit visit = {note, note_bad, &seen};
        memset(line, 'n', length);
        (void)snprintf(line + length, sizeof(line) - length, " 3");
        put("hosts", line, strlen(line));
        assert_int_equal(resolve_hosts_file(in_folder("hosts"), &visit), 0);
        assert_int_equal(seen.text[0] == '!', length == VSH_NAME_MAX);
    }
}

static int resolve(const char *text, char *ret_text, char *user, char error[static VSH_PROBLEM_MAX])
{
    struct vsh_address address;
    int rc = vsh_address_resolve(text, &address, user, error, VSH_PROBLEM_MAX);
    if (rc == 0) {
        (void)vsh_address_format(&address, ret_text, VSH_ADDRESS_MAX);
    }
    return rc;
}

static void test_resolve(void **state)
{
    static const char content[] = "first 3 alice\nfirst 4 bob\nbroken x y z\nother vsock:nope\n";
    char text[VSH_ADDRESS_MAX];
    char user[VSH_NAME_MAX];
    char error[VSH_PROBLEM_MAX];
    (void)state;
    put("vsock-shell/hosts", content, sizeof(content) - 1);
    assert_int_equal(resolve("first", text, user, error), 0);
    assert_string_equal(text, "vsock:3:5000");
    assert_string_equal(user, "alice");
    assert_int_equal(resolve("first.vsock", text, NULL, error), 0);
    assert_int_equal(resolve("7", text, user, error), 0);
    assert_string_equal(user, "");
    assert_int_equal(resolve("broken", text, user, error), -EINVAL);
    assert_non_null(strstr(error, "vsock-shell/hosts, line 3: more than 3 words; a line is"));
    assert_int_equal(resolve("other", text, user, error), -EINVAL);
    assert_non_null(strstr(error, "line 4"));
    assert_int_equal(resolve("no-such-vm-here.vsock", text, user, error), -ENOENT);
    assert_non_null(strstr(error, "the name \"no-such-vm-here\""));
    assert_non_null(
        strstr(error, "hosts, line 3: more than 3 words")); /* perhaps it was meant there */
    assert_int_equal(resolve("+", text, user, error), -EINVAL);
    assert_int_equal(resolve("any", text, user, error), -EINVAL);

    /* A file that is there but cannot be read must not be taken for "no such name". */
    (void)unlink(in_folder("vsock-shell/hosts"));
    assert_int_equal(mkdir(in_folder("vsock-shell/hosts"), 0700), 0);
    assert_int_equal(resolve("first", text, user, error), -EINVAL);
    assert_non_null(strstr(error, "vsock-shell/hosts: it is no regular file"));
}

static void test_home(void **state)
{
    char text[VSH_ADDRESS_MAX];
    char error[VSH_PROBLEM_MAX];
    (void)state;
    assert_int_equal(unsetenv("XDG_CONFIG_HOME"), 0);
    assert_int_equal(setenv("HOME", folder, 1), 0);
    assert_int_equal(mkdir(in_folder(".config"), 0700), 0);
    assert_int_equal(mkdir(in_folder(".config/vsock-shell"), 0700), 0);
    put(".config/vsock-shell/hosts", "hers 5", 6);
    assert_int_equal(resolve("hers", text, NULL, error), 0);
    assert_string_equal(text, "vsock:5:5000");
    assert_int_equal(unsetenv("HOME"), 0);
    assert_int_equal(resolve("hers", text, NULL, error), -ENOENT);
}

static void test_path_suffix(void **state)
{
    char target[256];
    char text[VSH_ADDRESS_MAX];
    char wanted[VSH_ADDRESS_MAX];
    char error[VSH_PROBLEM_MAX];
    (void)state;
    (void)snprintf(target, sizeof(target), "unix:%s", in_folder("s.vsock"));
    assert_int_equal(resolve(target, text, NULL, error), 0);
    (void)snprintf(wanted, sizeof(wanted), "unix:%s", in_folder("s"));
    assert_string_equal(text, wanted);
    put("s.vsock", "", 0);
    assert_int_equal(resolve(target, text, NULL, error), 0);
    assert_string_equal(text, target);
    assert_int_equal(resolve("unix%@x.vsock", text, NULL, error), 0);
    assert_string_equal(text, "unix:@x");
    (void)snprintf(target, sizeof(target), "mux:%s:22.vsock", in_folder("v"));
    assert_int_equal(resolve(target, text, NULL, error), 0);
    (void)snprintf(wanted, sizeof(wanted), "mux:%s:22", in_folder("v"));
    assert_string_equal(text, wanted);
    (void)snprintf(target, sizeof(target), "vsock-mux%s.vsock", in_folder("v"));
    assert_int_equal(resolve(target, text, NULL, error), 0);
    (void)snprintf(wanted, sizeof(wanted), "mux:%s:5000", in_folder("v"));
    assert_string_equal(text, wanted);
}

static int stop_at_second(const struct vsh_name *name, void *data)
{
    unsigned *count = data;
    (void)name;
    return ++*count == 2 ? 77 : 0;
}

static int note_state(const struct vsh_name *name, void *data)
{
    static const char *const states[] = {"usable", "hidden", "refused"};
    struct seen *seen = data;
    size_t length = strlen(seen->text);
    (void)snprintf(seen->text + length, sizeof(seen->text) - length, "%s %s %d\n", name->name,
                   states[name->state], name->problem[0] != '\0');
    return 0;
}

static void test_list(void **state)
{
    static const char content[] = "a 3 alice\nbad\nb 4\nc 5\na 6\nbad 7\n";
    struct seen seen = {0};
    unsigned count = 0;
    (void)state;
    put("vsock-shell/hosts", content, sizeof(content) - 1);
    assert_int_equal(vsh_address_list(note_state, &seen), 0);
    static const char wanted[] =
        "a usable 0\nbad refused 1\nb usable 0\nc usable 0\na hidden 0\nbad hidden 0\n";
    assert_memory_equal(seen.text, wanted, sizeof(wanted) - 1);
    assert_int_equal(vsh_address_list(stop_at_second, &count), 77);
    assert_int_equal(count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hosts_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_private_group, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hosts_owner, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_resolve, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_home, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_path_suffix, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_list, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
