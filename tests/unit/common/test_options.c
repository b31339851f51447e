/* SPDX-License-Identifier: MIT */
/* Option values: what is taken, what is refused, and that the refusal quotes and explains. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/options.h"

static FILE *messages;
static int saved_stderr;

static int quiet_start(void **state)
{
    (void)state;
    messages = tmpfile();
    saved_stderr = dup(2);
    return messages && dup2(fileno(messages), 2) == 2 ? 0 : -1;
}

static int quiet_end(void **state)
{
    (void)state;
    (void)fflush(stderr);
    (void)dup2(saved_stderr, 2);
    (void)close(saved_stderr);
    return fclose(messages);
}

/* What was written to stderr since the last call. */
static const char *message(void)
{
    static char text[512];

    (void)fflush(stderr);
    ssize_t n = pread(fileno(messages), text, sizeof(text) - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    assert_int_equal(ftruncate(fileno(messages), 0), 0);
    (void)lseek(2, 0, SEEK_SET);
    return text;
}

static void test_u32(void **state)
{
    static const struct {
        const char *text;
        uint32_t min, max, value;
        int result;
    } cases[] = {
        {"0", 0, 10, 0, 0},
        {"10", 0, 10, 10, 0},
        {"11", 0, 10, 0, -EINVAL},
        {"1", 2, 10, 0, -EINVAL},
        {"2", 2, 10, 2, 0},
        {"4294967295", 0, UINT32_MAX, UINT32_MAX, 0},
        {"4294967296", 0, UINT32_MAX, 0, -EINVAL},
        {"99999999999999999999", 0, UINT32_MAX, 0, -EINVAL},
        {"", 0, 10, 0, -EINVAL},
        {"-1", 0, 10, 0, -EINVAL},
        {"+1", 0, 10, 0, -EINVAL},
        {" 1", 0, 10, 0, -EINVAL},
        {"1 ", 0, 10, 0, -EINVAL},
        {"0x1", 0, 10, 0, -EINVAL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t value = 12345;
        char expected[128];

        assert_int_equal(option_u32("--number", cases[i].text, cases[i].min, cases[i].max, &value),
                         cases[i].result);
        assert_int_equal(value, cases[i].result < 0 ? 12345 : cases[i].value);
        (void)snprintf(expected, sizeof(expected), "--number: '%s' is not a number from %u to %u\n",
                       cases[i].text, cases[i].min, cases[i].max);
        const char *said = message();
        assert_true(cases[i].result < 0 ? strstr(said, expected) != NULL : said[0] == '\0');
    }
}

static void test_seconds(void **state)
{
    static const struct {
        const char *text;
        uint32_t max;
        int ms; /* -1 = refused */
    } cases[] = {
        {"0", 10, 0},
        {"20", 20, 20000},
        {"21", 20, -1},
        {"0.5", 10, 500},
        {"0.05", 10, 50},
        {"0.001", 10, 1},
        {"1.234", 10, 1234},
        {"1.2345", 10, -1},
        {"10.0", 10, 10000},
        {"10.001", 10, -1},
        {"", 10, -1},
        {".5", 10, -1},
        {"1.", 10, -1},
        {"-1", 10, -1},
        {"1s", 10, -1},
        {"1e3", 10, -1},
        {" 1", 10, -1},
        {"1,5", 10, -1},
        {"2147483", UINT32_MAX, 2147483000},
        {"2147484", UINT32_MAX, -1},
        {"99999999999999999999999", UINT32_MAX, -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int ms = -7;
        int r = option_seconds("--wait", cases[i].text, cases[i].max, &ms);
        assert_int_equal(r, cases[i].ms < 0 ? -EINVAL : 0);
        assert_int_equal(ms, cases[i].ms < 0 ? -7 : cases[i].ms);
        const char *said = message();
        assert_true(r < 0 ? strstr(said, "--wait: '") != NULL : said[0] == '\0');
    }
}

static void test_size(void **state)
{
    static const struct {
        const char *text;
        int result;
        uint64_t value;
    } cases[] = {
        {"0", 0, 0},
        {"4096", 0, 4096},
        {"64K", 0, 65536},
        {"1M", 0, 1048576},
        {"2G", 0, 2147483648u},
        {"1T", 0, 1099511627776u},
        {"18446744073709551615", 0, UINT64_MAX},
        {"18446744073709551616", -EINVAL, 0},
        {"16777215T", 0, UINT64_C(16777215) << 40},
        {"16777216T", -EINVAL, 0},
        {"", -EINVAL, 0},
        {"K", -EINVAL, 0},
        {"1k", -EINVAL, 0},
        {"1KB", -EINVAL, 0},
        {"1 K", -EINVAL, 0},
        {"-1", -EINVAL, 0},
        {"1.5M", -EINVAL, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t value = 77;
        int r = option_size("--size", cases[i].text, &value);
        assert_int_equal(r, cases[i].result);
        assert_true(value == (r < 0 ? 77 : cases[i].value));
        const char *said = message();
        assert_true(r < 0 ? strstr(said, "--size: '") != NULL : said[0] == '\0');
    }
}

/* Runs act in a child and gives its exit status; its stdout comes back in text. */
static int child(void (*act)(void), char *text, size_t size)
{
    int fds[2], status = 0;

    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fds[1], 1);
        act();
        (void)fflush(stdout);
        _exit(0);
    }
    close(fds[1]);
    ssize_t n = read(fds[0], text, size - 1);
    text[n > 0 ? n : 0] = '\0';
    close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void say_version(void)
{
    print_version("prog");
}

static void wrong_usage(void)
{
    usage_error("prog");
}

static void test_version_and_usage_go_to_the_right_stream(void **state)
{
    char text[128];

    (void)state;
    assert_int_equal(child(say_version, text, sizeof(text)), 0);
    assert_string_equal(text, "prog " VSH_VERSION "\n");
    assert_string_equal(message(), "");
    assert_int_equal(child(wrong_usage, text, sizeof(text)), 2);
    assert_string_equal(text, "");
    assert_string_equal(message(), "try 'prog --help'\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_u32, quiet_start, quiet_end),
        cmocka_unit_test_setup_teardown(test_seconds, quiet_start, quiet_end),
        cmocka_unit_test_setup_teardown(test_size, quiet_start, quiet_end),
        cmocka_unit_test_setup_teardown(test_version_and_usage_go_to_the_right_stream, quiet_start,
                                        quiet_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
