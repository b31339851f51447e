/* SPDX-License-Identifier: MIT */
/* The address grammar: every form, every limit and the value just past it, and the way back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <vsock-shell/address.h>
#include <vsock-shell/error.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void test_numbers(void **state)
{
    static const struct {
        const char *text;
        uint32_t max;
        int result;
        uint32_t value;
    } rows[] = {
        {"0", 10, 0, 0},
        {"10", 10, 0, 10},
        {"11", 10, -EINVAL, 0},
        {"007", 10, 0, 7},
        {"4294967294", UINT32_MAX, 0, 4294967294u},
        {"4294967295", UINT32_MAX, 0, 4294967295u},
        {"4294967296", UINT32_MAX, -EINVAL, 0},
        {"18446744073709551617", UINT32_MAX, -EINVAL, 0},
        {"99999999999999999999999999", UINT32_MAX, -EINVAL, 0},
        {"", 10, -EINVAL, 0},
        {" 1", 10, -EINVAL, 0},
        {"1 ", 10, -EINVAL, 0},
        {"+1", 10, -EINVAL, 0},
        {"-1", 10, -EINVAL, 0},
        {"0x1", 10, -EINVAL, 0},
        {"1\n", 10, -EINVAL, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint32_t value = 0;
        if (vsh_parse_u32(rows[i].text, rows[i].max, &value) != rows[i].result ||
            value != rows[i].value) {
            fail_msg("\"%s\" gave %u", rows[i].text, value);
        }
    }
}

static void test_accepted(void **state)
{
    static const struct {
        const char *text;
        const char *canonical;
        bool has_port;
    } rows[] = {
        {"3", "vsock:3:5000", false},
        {"0", "vsock:0:5000", false},
        {"4294967294", "vsock:4294967294:5000", false},
        {"host", "vsock:2:5000", false},
        {"local", "vsock:1:5000", false},
        {"3.vsock", "vsock:3:5000", false},
        {"host.vsock", "vsock:2:5000", false},
        {"vsock:3", "vsock:3:5000", false},
        {"vsock:3.vsock", "vsock:3:5000", false},
        {"vsock:3:5000", "vsock:3:5000", true},
        {"vsock:3:0", "vsock:3:0", true},
        {"vsock:3:4294967294", "vsock:3:4294967294", true},
        {"vsock:4294967294:4294967294.vsock", "vsock:4294967294:4294967294", true},
        {"vsock:host:22", "vsock:2:22", true},
        {"vsock/3", "vsock:3:5000", false},
        {"vsock/3/22", "vsock:3:22", true},
        {"vsock/3:22", "vsock:3:22", true},
        {"vsock%3", "vsock:3:5000", false},
        {"vsock%local%22", "vsock:1:22", true},
        {"vsock%3.vsock", "vsock:3:5000", false},
        {"unix:/run/x", "unix:/run/x", false},
        {"unix:./x", "unix:./x", false},
        {"unix:@x", "unix:@x", false},
        {"unix:/run/x:5000", "unix:/run/x:5000", false},
        {"unix:/run/x.vsock", "unix:/run/x.vsock", false},
        {"unix/run/x", "unix:/run/x", false},
        {"unix//run/x", "unix:/run/x", false},
        {"unix/./x", "unix:./x", false},
        {"unix%run/x", "unix:/run/x", false},
        {"unix%/run/x", "unix:/run/x", false},
        {"unix%@x", "unix:@x", false},
        {"mux:/run/v", "mux:/run/v:5000", false},
        {"mux:/run/v:22", "mux:/run/v:22", true},
        {"mux:/run/v:1:22", "mux:/run/v:1:22", true},
        {"mux:/run/v:x", "mux:/run/v:x:5000", false},
        {"mux:/run/v:", "mux:/run/v::5000", false},
        {"mux%run/v", "mux:/run/v:5000", false},
        {"vsock-mux/run/v", "mux:/run/v:5000", false},
        {"vsock-mux%/run/v:4294967294", "mux:/run/v:4294967294", true},
        {"vsock-mux:/run/v", "mux:/run/v:5000", false},
        {"unix:/a b\n\xff", "unix:/a b\n\xff", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vsh_address address;
        struct vsh_address again;
        char error[256] = "";
        char text[VSH_ADDRESS_MAX];
        if (vsh_address_parse(rows[i].text, VSH_ADDRESS_CONNECT, &address, error, sizeof(error)) !=
            0) {
            fail_msg("\"%s\" refused: %s", rows[i].text, error);
        }
        assert_string_equal(vsh_address_format(&address, text, sizeof(text)), rows[i].canonical);
        assert_int_equal(address.has_port, rows[i].has_port);
        assert_int_equal(vsh_address_parse(text, VSH_ADDRESS_CONNECT, &again, error, sizeof(error)),
                         0);
        assert_int_equal(again.family, address.family);
        assert_int_equal(again.cid, address.cid);
        assert_int_equal(again.port, address.port);
        assert_string_equal(again.path, address.path);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *text;
        const char *said; /* part of the sentence */
    } rows[] = {
        {"", "no address"},
        {" ", "\" \" is no address"},
        {".vsock", "no address"},
        {"+3", "\"+3\" is no address"},
        {"-3", "no address"},
        {" 3", "no address"},
        {"3 ", "no address"},
        {"3:5000", "vsock:3:5000"},
        {"a b", "no address"},
        {"a/b", "no address"},
        {"a\nb", "no address"},
        {"tcp:host", "no address"},
        {"4294967295", "listening only"},
        {"any", "listening only"},
        {"any.vsock", "listening only"},
        {"vsock:any", "listening only"},
        {"vsock:any:5000", "listening only"},
        {"4294967296", "from 0 to 4294967294"},
        {"99999999999999999999", "from 0 to 4294967294"},
        {"vsock:", "CID must be"},
        {"vsock:x", "\"vsock:x\""},
        {"vsock: 3", "CID must be"},
        {"vsock:+3", "CID must be"},
        {"vsock:0x3", "CID must be"},
        {"vsock:3:", "port must be"},
        {"vsock:3:x", "port must be"},
        {"vsock:3:-1", "port must be"},
        {"vsock:3:4294967295", "port must be a number from 0 to 4294967294"},
        {"vsock:3:4294967296", "port must be"},
        {"vsock:3:5000:1", "port must be"},
        {"vsock:3/22", "CID must be"},
        {"vsock:33333333333333333333333333333333333", "too long"},
        {"unix:", "no path"},
        {"unix/", "no path"},
        {"unix:@", "no path"},
        {"unix:run/x", "must begin with"},
        {"mux:", "no path"},
        {"mux:5000", "must begin with"},
        {"mux::5000", "no path"},
        {"mux:/run/v:4294967295", "port must be"},
        {"mux:/run/v:99999999999", "port must be"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vsh_address address = {.cid = 4711};
        char error[256] = "";
        int rc =
            vsh_address_parse(rows[i].text, VSH_ADDRESS_CONNECT, &address, error, sizeof(error));
        if (rc != -EINVAL || strstr(error, rows[i].said) == NULL) {
            fail_msg("\"%s\" gave %d: %s", rows[i].text, rc, error);
        }
        assert_int_equal(address.cid, 4711);
    }
}

static void test_listening(void **state)
{
    static const char *const rows[] = {"any", "vsock:any", "vsock:4294967295", "4294967295"};
    struct vsh_address address;
    struct vsh_address again;
    char error[256];
    char text[VSH_ADDRESS_MAX];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(
            vsh_address_parse(rows[i], VSH_ADDRESS_LISTEN, &address, error, sizeof(error)), 0);
        assert_int_equal(address.cid, VSH_CID_ANY);
        assert_string_equal(vsh_address_format(&address, text, sizeof(text)), "vsock:any:5000");
        assert_int_equal(vsh_address_parse(text, VSH_ADDRESS_LISTEN, &again, error, sizeof(error)),
                         0);
    }
    assert_int_equal(vsh_address_parse("vsock:any:4294967295", VSH_ADDRESS_LISTEN, &address, error,
                                       sizeof(error)),
                     -EINVAL);
}

static void test_names(void **state)
{
    static const char *const rows[] = {
        "myvm", "my-vm_2.lan", "3vm", "myvm.vsock",        "vsock",
        "unix", "hosts",       "a@b", "\xc3\xa9t\xc3\xa9", "a.vsock.vsock",
    };
    struct vsh_address address;
    char error[256] = "untouched";
    char name[VSH_NAME_MAX + 16];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(
            vsh_address_parse(rows[i], VSH_ADDRESS_CONNECT, &address, error, sizeof(error)),
            -ENOENT);
        assert_string_equal(error, "untouched");
    }
    /* 255 bytes are a name, with or without the suffix; 256 are not. */
    for (int suffix = 0; suffix < 2; suffix++) {
        for (size_t length = VSH_NAME_MAX - 1; length <= VSH_NAME_MAX + 1; length++) {
            memset(name, 'n', length);
            (void)snprintf(name + length, sizeof(name) - length, "%s", suffix ? ".vsock" : "");
            assert_int_equal(
                vsh_address_parse(name, VSH_ADDRESS_CONNECT, &address, error, sizeof(error)),
                length < VSH_NAME_MAX ? -ENOENT : -EINVAL);
        }
    }
}

static void test_path_limit(void **state)
{
    static const struct {
        const char *prefix;
        size_t added; /* the slash that ssh forms leave out */
    } rows[] = {{"unix:/", 0}, {"unix%", 1}, {"mux:/", 0}, {"vsock-mux/", 1}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t length = VSH_PATH_MAX - 1; length <= VSH_PATH_MAX; length++) {
            char text[256];
            char error[256] = "";
            struct vsh_address address;
            size_t prefix = strlen(rows[i].prefix);
            size_t slash = rows[i].prefix[prefix - 1] == '/' && rows[i].added == 0 ? 1 : 0;
            memcpy(text, rows[i].prefix, prefix);
            memset(text + prefix, 'p', length - slash - rows[i].added);
            text[prefix + length - slash - rows[i].added] = '\0';
            int rc = vsh_address_parse(text, VSH_ADDRESS_CONNECT, &address, error, sizeof(error));
            assert_int_equal(rc, length < VSH_PATH_MAX ? 0 : -EINVAL);
            if (rc == 0) {
                assert_int_equal(strlen(address.path), VSH_PATH_MAX - 1);
            } else {
                assert_non_null(strstr(error, "at most 107 bytes, this one has 108"));
            }
        }
    }
}

/* The sentence is cut, never written past; without room for it there is still an answer. */
static void test_small_error_buffer(void **state)
{
    struct vsh_address address;
    char error[8] = "1234567";
    (void)state;
    assert_int_equal(vsh_address_parse("+", VSH_ADDRESS_CONNECT, &address, error, 4), -EINVAL);
    assert_string_equal(error, "\"+\"");
    assert_int_equal(error[4], '5');
    assert_int_equal(vsh_address_parse("+", VSH_ADDRESS_CONNECT, &address, NULL, 0), -EINVAL);
}

static void test_strerror(void **state)
{
    (void)state;
    assert_string_equal(vsh_strerror(VSH_E_MALFORMED), "the peer sent a malformed message");
    assert_string_equal(vsh_strerror(VSH_E_GONE), "the peer has gone");
    assert_string_equal(vsh_strerror(VSH_E_TOO_BIG), "a message is longer than the limit");
    assert_string_equal(vsh_strerror(-ENOSPC), strerror(ENOSPC));
    assert_non_null(vsh_strerror(-99999));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_listening),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_path_limit),
        cmocka_unit_test(test_small_error_buffer),
        cmocka_unit_test(test_strerror),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
