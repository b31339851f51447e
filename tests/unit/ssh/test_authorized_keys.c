/* SPDX-License-Identifier: MIT */
/* Lines of authorized_keys: what makes a key, what an option does, what makes a line unusable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/ssh/authorized_keys.h"

#define BLOB "AAAAC3NzaC1lZDI1NTE5AAAAIJk0"
#define KEY  "ssh-ed25519 " BLOB

static int parse(const char *line, struct authorized_key *ret)
{
    char error[160] = "";
    int r = authorized_key_parse(line, strlen(line), ret, error, sizeof(error));
    assert_true(r != -EINVAL || error[0] != '\0');
    return r;
}

static void lines(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int result;
    } table[] = {
        {"", 0},
        {"   \t", 0},
        {"# comment", 0},
        {"  # comment", 0},
        {KEY, 1},
        {KEY "\r", 1},
        {"\t" KEY " a comment with blanks", 1},
        {"ssh-rsa AAAA+/=", 1},
        {"sk-ssh-ed25519@openssh.com AAAA", 1},
        {"no-pty " KEY, 1},
        {"no-pty,command=\"x y\" \t " KEY, 1},
        {"NO-PTY,Restrict " KEY, 1},
        {"tunnel=\"0\",no-user-rc,no-X11-forwarding,no-touch-required " KEY, 1},
        {"ssh-ed25519", -EINVAL},
        {"ssh-ed25519 not*base64", -EINVAL},
        {"ssh-dss AAAA", -EINVAL},
        {"ssh-ed25519-cert-v01@openssh.com AAAA", -EINVAL},
        {"garbage", -EINVAL},
        {"no-such-option " KEY, -EINVAL},
        {"cert-authority " KEY, -EINVAL},
        {"principals=\"x\" " KEY, -EINVAL},
        {"verify-required " KEY, -EINVAL},
        {"no-pty, " KEY, -EINVAL},
        {",no-pty " KEY, -EINVAL},
        {"no-pty no-pty " KEY, -EINVAL},
        {"command=\"x " KEY, -EINVAL},
        {"command=x " KEY, -EINVAL},
        {"command=\"x\"y " KEY, -EINVAL},
        {"command=\"x\",command=\"y\" " KEY, -EINVAL},
        {"from=\"*\",from=\"*\" " KEY, -EINVAL},
        {"command " KEY, -EINVAL},
        {"pty=\"yes\" " KEY, -EINVAL},
        {"environment=\"NOVALUE\" " KEY, -EINVAL},
        {"environment=\"=x\" " KEY, -EINVAL},
        {"permitopen=\"nohost\" " KEY, -EINVAL},
        {"expiry-time=\"tomorrow\" " KEY, -EINVAL},
        {"no-pty", -EINVAL},
        {"=", -EINVAL},
        {"\"", -EINVAL},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct authorized_key key;
        int r = parse(table[i].line, &key);
        if (r != table[i].result) {
            print_error("line: %s\n", table[i].line);
        }
        assert_int_equal(r, table[i].result);
        if (r == 1) {
            authorized_key_done(&key);
        }
    }
    struct authorized_key key;
    char error[160];
    assert_int_equal(authorized_key_parse("a\0b", 3, &key, error, sizeof(error)), -EINVAL);
}

static void options(void **state)
{
    (void)state;
    struct authorized_key key;
    assert_int_equal(parse("command=\"echo \\\"a, b\\\" \\n\",environment=\"A=1\","
                           "environment=\"B=x=y\",from=\"host\",restrict,pty,"
                           "permitopen=\"h:22\" " KEY " me",
                           &key),
                     1);
    assert_string_equal(key.options.command, "echo \"a, b\" \\n");
    assert_int_equal(key.options.environment.count, 2);
    assert_string_equal(key.options.environment.items[1], "B=x=y");
    assert_string_equal(key.options.from, "host");
    assert_true(key.options.pty);
    assert_false(key.options.port_forwarding || key.options.agent_forwarding);
    assert_string_equal(key.type, "ssh-ed25519");
    assert_string_equal(key.blob, BLOB);
    authorized_key_done(&key);

    assert_int_equal(parse("pty,restrict,agent-forwarding " KEY, &key), 1);
    assert_true(!key.options.pty && !key.options.port_forwarding && key.options.agent_forwarding);
    authorized_key_done(&key);
    assert_int_equal(parse(KEY, &key), 1);
    assert_true(key.options.pty && key.options.port_forwarding && key.options.agent_forwarding);
    assert_true(key.options.command == NULL && key.options.from == NULL);
    authorized_key_done(&key);
    assert_int_equal(parse("expiry-time=\"20300101Z\",expiry-time=\"20200101Z\" " KEY, &key), 1);
    assert_int_equal(key.options.expiry, 1577836800);
    authorized_key_done(&key);
}

static void expiry(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t at; /* 0 = refused */
    } table[] = {
        {"20200101Z", 1577836800},
        {"202001010001Z", 1577836860},
        {"20200101000102Z", 1577836862},
        {"20200229Z", 1582934400},
        {"20210229Z", 0},
        {"20201301Z", 0},
        {"202001012460Z", 0},
        {"2020010", 0},
        {"20200101 Z", 0},
        {"2020-1-1", 0},
        {"+2200101", 0},
        {"", 0},
        {"Z", 0},
        {"202001010000000", 0},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        int64_t at = 0;
        int r = authorized_expiry_parse(table[i].text, &at);
        assert_int_equal(r, table[i].at == 0 ? -EINVAL : 0);
        assert_int_equal(at, table[i].at);
    }
}

static void from(void **state)
{
    (void)state;
    static const struct {
        const char *list, *peer;
        bool allowed;
    } table[] = {
        {"host", "vsock:2:1023", true},
        {"host", "vsock:3:1023", false},
        {"2", "vsock:2:1023", true},
        {"vsock:2", "vsock:2:99", true},
        {"vsock:2", "vsock:22:99", false},
        {"vsock:2?", "vsock:22:99", true},
        {"vsock:*", "vsock:22:99", true},
        {"vsock:*,!vsock:22", "vsock:22:99", false},
        {"!22,*", "vsock:22:99", false},
        {"!22,*", "vsock:23:99", true},
        {"!22", "vsock:23:99", false}, /* nothing that matches is no permission */
        {"local", "vsock:1:99", true},
        {"local", "unix:uid=1000:pid=7", true},
        {"uid=1000", "unix:uid=1000:pid=7", true},
        {"unix:1000", "unix:uid=1000:pid=7", true},
        {"uid=0", "unix:uid=1000:pid=7", false},
        {"1000", "unix:uid=1000:pid=7", false},
        {"stdio", "stdio", true},
        {"10.0.0.0/8,example.org", "vsock:2:1023", false},
        {"*", "something-else", false}, /* a peer that we cannot name */
        {"", "vsock:2:1023", false},
        {",", "vsock:2:1023", false},
        {"*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", "vsock:2:1023", false},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(authorized_from_matches(table[i].list, table[i].peer), table[i].allowed);
    }
}

static void forwards(void **state)
{
    (void)state;
    const struct authorized_list none = {.count = 0};
    const struct authorized_list list = {.items = {"db.example:5432", "[::1]:*", "8080", "*:99"},
                                         .count = 4};
    assert_true(authorized_forward_permitted(&none, "anything", 1));
    assert_true(authorized_forward_permitted(&list, "DB.example", 5432));
    assert_false(authorized_forward_permitted(&list, "db.example", 5433));
    assert_true(authorized_forward_permitted(&list, "::1", 7));
    assert_true(authorized_forward_permitted(&list, "whatever", 8080));
    assert_true(authorized_forward_permitted(&list, "whatever", 99));
    assert_false(authorized_forward_permitted(&list, "whatever", 7));
}

static int find(const char *text, const char *peer, int64_t now, struct authorized_key *key,
                char *notes)
{
    const struct authorized_question question = {
        .type = "ssh-ed25519", .blob = BLOB, .peer = peer, .now = now};
    notes[0] = '\0';
    return authorized_keys_find(text, strlen(text), &question, key, notes, 160);
}

static void search(void **state)
{
    (void)state;
    struct authorized_key key;
    char notes[160];
    assert_int_equal(find("", "stdio", 0, &key, notes), 0);
    assert_int_equal(find("ssh-ed25519 AAAA\nssh-rsa " BLOB "\n", "stdio", 0, &key, notes), 0);
    assert_int_equal(find("bad line\n\n# x\nno-pty " KEY " c", "stdio", 0, &key, notes), 1);
    assert_false(key.options.pty);
    assert_string_equal(key.line, "no-pty");
    authorized_key_done(&key);
    assert_non_null(strstr(notes, "line 1"));

    assert_int_equal(find("expiry-time=\"20200101Z\" " KEY, "stdio", 1577836801, &key, notes), 0);
    assert_non_null(strstr(notes, "expired"));
    assert_int_equal(find("expiry-time=\"20200101Z\" " KEY, "stdio", 1577836800, &key, notes), 1);
    authorized_key_done(&key);
    assert_int_equal(find("from=\"host\" " KEY, "vsock:3:5", 0, &key, notes), 0);
    assert_non_null(strstr(notes, "from="));
    /* A later line may let in what an earlier one did not. */
    assert_int_equal(find("from=\"host\" " KEY "\n" KEY "\n", "vsock:3:5", 0, &key, notes), 1);
    authorized_key_done(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines), cmocka_unit_test(options),  cmocka_unit_test(expiry),
        cmocka_unit_test(from),  cmocka_unit_test(forwards), cmocka_unit_test(search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
