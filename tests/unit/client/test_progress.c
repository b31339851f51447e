/* SPDX-License-Identifier: MIT */
/* The line of the progress bar: at every width it fits, and says what there is room for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "client/progress.h"

#define MIB (1024u * 1024u)

static const struct progress_view half = {
    .name = "linux.tar.xz",
    .files = 3,
    .bytes = 50 * MIB,
    .total_files = 20,
    .total_bytes = 100 * MIB,
    .total_known = true,
    .rate = 10 * MIB,
};

static void test_content(void **state)
{
    char line[1024];

    (void)state;
    (void)progress_line(&half, 79, line, sizeof(line));
    assert_non_null(strstr(line, "linux.tar.xz "));
    assert_non_null(strstr(line, " 50%"));
    assert_non_null(strstr(line, "50.0 MiB"));
    assert_non_null(strstr(line, "10.0 MiB/s"));
    assert_non_null(strstr(line, "00:05"));
    assert_non_null(strstr(line, "3/20"));
    (void)progress_line(&half, 119, line, sizeof(line));
    assert_non_null(strstr(line, "=>"));
}

static void test_unknown_total(void **state)
{
    struct progress_view view = half;
    char line[1024];

    (void)state;
    view.total_known = false;
    (void)progress_line(&view, 79, line, sizeof(line));
    assert_null(strchr(line, '%'));
    assert_non_null(strstr(line, "--:--"));
    assert_non_null(strstr(line, "3/20+"));
}

/* Columns of a line, as a terminal counts them. */
static size_t columns_of(const char *line)
{
    wchar_t wide[1024];
    size_t count = mbstowcs(wide, line, 1024);

    assert_true(count < 1024);
    return (size_t)wcswidth(wide, count);
}

static void test_every_width(void **state)
{
    static const char *const names[] = {
        "a",
        "a very long name of a file that no terminal is wide enough to show as a whole, really not",
        "日本語の長い名前のファイルは二倍の幅を取るので注意が必要です.txt",
        "bad \xff\xfe bytes \x1b[31m and\na line",
        "",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (size_t columns = 1; columns <= 250; columns++) {
            for (int known = 0; known <= 1; known++) {
                struct progress_view view = half;
                char line[1024];

                view.name = names[i];
                view.total_known = known == 1;
                size_t length = progress_line(&view, columns, line, sizeof(line));
                assert_int_equal(length, strlen(line));
                assert_true(columns_of(line) <= columns);
                assert_null(strpbrk(line, "\n\r\x1b"));
            }
        }
    }
}

static void test_extremes(void **state)
{
    const struct progress_view views[] = {
        {.name = "", .total_known = true},
        {.name = "x",
         .files = UINT64_MAX,
         .bytes = UINT64_MAX,
         .total_files = UINT64_MAX,
         .total_bytes = UINT64_MAX,
         .rate = UINT64_MAX},
        {.name = "x", .bytes = 10, .total_bytes = 5, .total_known = true},
        {.name = "x", .total_bytes = UINT64_MAX, .rate = 1, .total_known = true},
    };
    char line[1024];

    (void)state;
    for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
        assert_true(progress_line(&views[i], 100, line, sizeof(line)) <= 100);
    }
    (void)progress_line(&views[2], 100, line, sizeof(line));
    assert_non_null(strstr(line, "100%"));
}

static void test_size(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } sizes[] = {
        {0, "0 B"},        {999, "999 B"},   {1000, "1.0 KiB"},    {1024, "1.0 KiB"},
        {1536, "1.5 KiB"}, {MIB, "1.0 MiB"}, {MIB - 1, "1.0 MiB"}, {UINT64_MAX, "16.0 EiB"},
    };
    char buf[PROGRESS_SIZE_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_string_equal(progress_size(sizes[i].bytes, buf), sizes[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_content),     cmocka_unit_test(test_unknown_total),
        cmocka_unit_test(test_every_width), cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_size),
    };

    if (!setlocale(LC_CTYPE, "C.UTF-8")) {
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
