/* SPDX-License-Identifier: MIT */
/* The spelling of a copy: where the first name ends, and what a backslash covers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "client/copy_request.h"

static const struct {
    const char *text;
    int result;
    const char *source;
    const char *destination;
} cases[] = {
    {"a:b", 0, "a", "b"},
    {"a", 0, "a", "."},
    {"a:", 0, "a", "."},
    {"a:b:c", 0, "a", "b:c"},
    {"a\\:b:c", 0, "a:b", "c"},
    {"a\\\\:b", 0, "a\\", "b"},
    {"a\\\\\\:b:c", 0, "a\\:b", "c"},
    {"a\\b:c\\:d\\\\e\\f", 0, "a\\b", "c:d\\e\\f"},
    {"a\\", 0, "a\\", "."},
    {"-:/x", 0, "-", "/x"},
    {"/a b/\n\xff:x", 0, "/a b/\n\xff", "x"},
    {"", -EINVAL, NULL, NULL},
    {":", -EINVAL, NULL, NULL},
    {":b", -EINVAL, NULL, NULL},
};

static void test_spelling(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct copy_request request = {0};
        assert_int_equal(copy_request_parse(cases[i].text, true, &request), cases[i].result);
        if (cases[i].result == 0) {
            assert_true(request.upload);
            assert_string_equal(request.source, cases[i].source);
            assert_string_equal(request.destination, cases[i].destination);
        }
        copy_request_done(&request);
    }
}

static void test_old_spelling(void **state)
{
    struct copy_request request = {0};

    (void)state;
    assert_int_equal(copy_request_set("a:b\\", "c:d", false, &request), 0);
    assert_false(request.upload);
    assert_string_equal(request.source, "a:b\\");
    assert_string_equal(request.destination, "c:d");
    copy_request_done(&request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spelling),
        cmocka_unit_test(test_old_spelling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
