/* SPDX-License-Identifier: MIT */
/* The reader of single JSON values. */
#include "resolve_helper.h"

#include "lib/resolve_json.h"

static void test_find(void **state)
{
    static const struct {
        const char *text, *path, *wanted; /* what the value begins with; NULL = none */
    } rows[] = {
        {"{\"a\":1}", "a", "1}"},
        {" { \"b\" : [1,{\"a\":2},\"]\"] , \"a\" : 3 } ", "a", "3 "},
        {"{\"a\":{\"b\":{\"c\":\"x\"}}}", "a.b.c", "\"x"},
        {"{\"a\":{\"b\":1},\"b\":2}", "b", "2"},
        {"{\"a\":1,\"a\":2}", "a", "1"},
        {"{\"\\u0061\":5}", "a", "5"},
        {"{\"x\":\"\\\"\",\"a\":5}", "a", "5"},
        {"{\"x\":\"\\\\\",\"a\":5}", "a", "5"},
        {"{\"a\":1}", "b", NULL},
        {"{\"a\":1}", "a.b", NULL},
        {"{\"ab\":1}", "a", NULL},
        {"{}", "a", NULL},
        {"[]", "a", NULL},
        {"", "a", NULL},
        {"{\"x\":[1,2,\"a\":3}", "a", NULL},
        {"{\"x\":\"abc", "a", NULL},
        {"{\"x\":\"\\", "a", NULL},
        {"{\"x\":\"\\u12", "a", NULL},
        {"{\"x\" 1,\"a\":2}", "a", NULL},
        {"{\"x\":,\"a\":2}", "a", NULL},
        {"{x:1,\"a\":2}", "a", NULL},
        {"{\"x\":1 \"a\":2}", "a", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *value = json_find(rows[i].text, rows[i].path);
        bool right = rows[i].wanted != NULL ? value != NULL && strncmp(value, rows[i].wanted,
                                                                       strlen(rows[i].wanted)) == 0
                                            : value == NULL;
        if (!right) {
            fail_msg("row %zu gave \"%s\"", i, value != NULL ? value : "(none)");
        }
    }
}

static void test_depth(void **state)
{
    (void)state;
    for (size_t depth = 31; depth <= 34; depth++) {
        char text[256] = "{\"x\":";
        size_t length = strlen(text);
        memset(text + length, '[', depth);
        memset(text + length + depth, ']', depth);
        (void)snprintf(text + length + 2 * depth, 32, ",\"a\":1}");
        assert_int_equal(json_find(text, "a") != NULL, depth <= 32);
    }
}

static void test_string(void **state)
{
    static const struct {
        const char *value;
        int rc;
        const char *wanted;
    } rows[] = {
        {"\"abc\",", 0, "abc"},
        {"\"\"", 0, ""},
        {"\"\\b\\f\\n\\r\\t\\/\\\\\\\"\"", 0, "\b\f\n\r\t/\\\""},
        {"\"\\u00e4\\u20AC\\ud83d\\ude00\"", 0, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\"123456789012345\"", 0, "123456789012345"},
        {"\"1234567890123456\"", -ENAMETOOLONG, NULL},
        {"\"\\u0000\"", -EINVAL, NULL},
        {"\"\\ud83d\"", -EINVAL, NULL},
        {"\"\\ud83d\\u0041\"", -EINVAL, NULL},
        {"\"\\ude00\"", -EINVAL, NULL},
        {"\"\\x\"", -EINVAL, NULL},
        {"\"\\u12g4\"", -EINVAL, NULL},
        {"\"a\nb\"", -EINVAL, NULL},
        {"\"abc", -EINVAL, NULL},
        {"5", -EINVAL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char buf[16] = "";
        int rc = json_string(rows[i].value, buf, sizeof(buf));
        if (rc != rows[i].rc || (rc == 0 && strcmp(buf, rows[i].wanted) != 0)) {
            fail_msg("row %zu gave %d \"%s\"", i, rc, buf);
        }
    }
}

static void test_numbers(void **state)
{
    static const struct {
        const char *value;
        int rc;
        uint32_t wanted;
    } rows[] = {
        {"0}", 0, 0},
        {"4294967294,", 0, 4294967294u},
        {"7", 0, 7},
        {"7 ", 0, 7},
        {"4294967295", -EINVAL, 0},
        {"42949672940", -EINVAL, 0},
        {"-1", -EINVAL, 0},
        {"1.5", -EINVAL, 0},
        {"1e3", -EINVAL, 0},
        {"", -EINVAL, 0},
        {"\"3\"", -EINVAL, 0},
        {"3x", -EINVAL, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint32_t number = 0;
        int rc = json_u32(rows[i].value, UINT32_MAX - 1, &number);
        if (rc != rows[i].rc || number != rows[i].wanted) {
            fail_msg("row %zu gave %d, %u", i, rc, number);
        }
    }
    assert_true(json_is_true("true}"));
    assert_false(json_is_true("truely"));
    assert_false(json_is_true("false"));
    assert_false(json_is_true(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_string),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
