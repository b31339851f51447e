/* SPDX-License-Identifier: MIT */
/* asciicast v2: escapes, characters cut anywhere, bytes that are no UTF-8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "session/cast.h"

#define FFFD "\xef\xbf\xbd"

struct text {
    char data[4096];
    struct cast_line line;
};

static void start(struct text *text)
{
    text->line = (struct cast_line){.data = text->data, .size = sizeof(text->data) - 1};
}

static const char *finish(struct text *text)
{
    text->data[text->line.length] = '\0';
    return text->data;
}

/* Joins what stands between the quotes of each event's data. */
static void join(const char *lines, char *ret)
{
    const char *head = ", \"o\", \"";

    *ret = '\0';
    while (*lines != '\0') {
        const char *from = strstr(lines, head);
        const char *end = strstr(lines, "\"]\n");
        assert_non_null(from);
        assert_non_null(end);
        from += strlen(head);
        (void)strncat(ret, from, (size_t)(end - from));
        lines = end + 3;
    }
}

static const struct {
    const char *bytes, *wanted;
} cases[] = {
    {"plain", "plain"},
    {"\"\\/\r\n\t\x1b[m\x01\x1f\x7f", "\\\"\\\\/\\r\\n\\t\\u001b[m\\u0001\\u001f\\u007f"},
    /* The smallest and the largest of each length. */
    {"\xc2\x80\xdf\xbf", "\xc2\x80\xdf\xbf"},
    {"\xe0\xa0\x80\xef\xbf\xbf", "\xe0\xa0\x80\xef\xbf\xbf"},
    {"\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80"},
    {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
    /* Just past them, and bytes that never occur. */
    {"\x80|\xbf|\xc0\x80|\xc1\xbf", FFFD "|" FFFD "|" FFFD FFFD "|" FFFD FFFD},
    {"\xe0\x9f\xbf", FFFD FFFD FFFD},
    {"\xed\xa0\x80", FFFD FFFD FFFD},
    {"\xf0\x8f\xbf\xbf", FFFD FFFD FFFD FFFD},
    {"\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD},
    {"\xf5\x80|\xfe|\xff", FFFD FFFD "|" FFFD "|" FFFD},
    /* A beginning counts once, whatever stops it. */
    {"\xe2\x82x", FFFD "x"},
    {"\xe2\x82\"", FFFD "\\\""},
    {"\xf0\x9f\x98\xe2\x82\xac", FFFD "\xe2\x82\xac"},
    {"\xc3\xc3\xa4", FFFD "\xc3\xa4"},
    {"\xf0\x9f\x98", FFFD},
    {"\xc3", FFFD},
};

static void test_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t length = strlen(cases[i].bytes);
        for (size_t first = 0; first <= length; first++) {
            for (size_t second = first; second <= length; second++) {
                struct cast cast = {0};
                struct text text;
                char joined[4096];

                start(&text);
                cast_put_output(&cast, &text.line, 0, cases[i].bytes, first);
                cast_put_output(&cast, &text.line, 1, cases[i].bytes + first, second - first);
                cast_put_output(&cast, &text.line, 2, cases[i].bytes + second, length - second);
                cast_put_end(&cast, &text.line, 3);
                join(finish(&text), joined);
                assert_string_equal(joined, cases[i].wanted);
            }
        }
    }
}

static void test_nul(void **state)
{
    struct cast cast = {0};
    struct text text;

    (void)state;
    start(&text);
    cast_put_output(&cast, &text.line, 0, "a\0b", 3);
    assert_string_equal(finish(&text), "[0.000000, \"o\", \"a\\u0000b\"]\n");
}

static void test_cut_character_waits(void **state)
{
    struct cast cast = {0};
    struct text text;

    (void)state;
    start(&text);
    cast_put_output(&cast, &text.line, 1, "\xe2\x82", 2);
    assert_int_equal(text.line.length, 0);
    cast_put_output(&cast, &text.line, 61000002, "\xac", 1);
    assert_string_equal(finish(&text), "[61.000002, \"o\", \"\xe2\x82\xac\"]\n");
    cast_put_end(&cast, &text.line, 61000003);
    assert_string_equal(finish(&text), "[61.000002, \"o\", \"\xe2\x82\xac\"]\n");
}

/* The worst of bytes fit into the room that a caller is told to have. */
static void test_room(void **state)
{
    static char data[CAST_ROOM(1000)];
    uint8_t bytes[1000];
    struct cast cast = {.partial = {0xe2, 0x82}, .length = 2};
    struct cast_line line = {.data = data, .size = sizeof(data)};

    (void)state;
    memset(bytes, 1, sizeof(bytes));
    cast_put_output(&cast, &line, INT64_MAX, bytes, sizeof(bytes));
    assert_memory_equal(data + line.length - 3, "\"]\n", 3);
    assert_true(line.length > 6000);
}

static void test_header(void **state)
{
    struct cast_header header = {
        .columns = 111,
        .rows = 42,
        .time = 1700000000,
        .title = "a \"b\"",
        .command = "echo \xff\xc3",
        .shell = "/bin/sh",
        .term = "",
    };
    struct text text;

    (void)state;
    start(&text);
    cast_put_header(&text.line, &header);
    assert_string_equal(
        finish(&text),
        "{\"version\": 2, \"width\": 111, \"height\": 42, \"timestamp\": 1700000000, "
        "\"title\": \"a \\\"b\\\"\", \"command\": \"echo " FFFD FFFD "\", "
        "\"env\": {\"SHELL\": \"/bin/sh\", \"TERM\": \"\"}}\n");
    header.command = NULL;
    start(&text);
    cast_put_header(&text.line, &header);
    assert_null(strstr(finish(&text), "command"));
}

static void test_resize(void **state)
{
    struct text text;

    (void)state;
    start(&text);
    cast_put_resize(&text.line, 1500000, 80, 24);
    assert_string_equal(finish(&text), "[1.500000, \"r\", \"80x24\"]\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_split),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_cut_character_waits),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_resize),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
