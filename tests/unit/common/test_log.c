/* SPDX-License-Identifier: MIT */
/* Log lines: levels, tags, targets, hostile text, errno. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/escape.h"
#include "common/log.h"

static char output[16384];

/* Runs what logs with stderr in a pipe and gives what came out. */
static const char *capture(void (*act)(void))
{
    int saved = dup(2);
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    assert_int_equal(dup2(fds[1], 2), 2);
    close(fds[1]);
    act();
    assert_int_equal(dup2(saved, 2), 2);
    close(saved);
    size_t length = 0;
    ssize_t n;
    while ((n = read(fds[0], output + length, sizeof(output) - 1 - length)) > 0) {
        length += (size_t)n;
    }
    output[length] = '\0';
    close(fds[0]);
    return output;
}

static void log_every_level(void)
{
    log_error("e %d", 1);
    log_warning("w");
    log_notice("n");
    log_info("i");
    log_debug("d");
}

static int openlog_options = -1;

/* In the place of libc's, for this program; libc's own names for these are reserved ones. */
// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name)
void openlog(const char *name, int options, int facility)
{
    (void)name;
    (void)facility;
    openlog_options = options;
}

/* A descriptor of libc's from before the inherited ones are closed would be somebody else's later.
 */
static void test_syslog_connects_late(void **state)
{
    (void)state;
    log_open("test", LOG_TO_SYSLOG, LOG_LEVEL_INFO);
    assert_int_not_equal(openlog_options, -1);
    assert_int_equal(openlog_options & LOG_NDELAY, 0);
    log_open("test", LOG_TO_STDERR, LOG_LEVEL_INFO);
}

static void test_levels(void **state)
{
    (void)state;
    log_open("prog", LOG_TO_STDERR, LOG_LEVEL_WARNING);
    assert_string_equal(capture(log_every_level), "prog: error: e 1\nprog: warning: w\n");
    log_set_level(LOG_LEVEL_DEBUG);
    assert_int_equal(log_get_level(), LOG_LEVEL_DEBUG);
    assert_string_equal(
        capture(log_every_level),
        "prog: error: e 1\nprog: warning: w\nprog: n\nprog: info: i\nprog: debug: d\n");
}

static void log_one(void)
{
    log_notice("text");
}

static void test_tag(void **state)
{
    char expected[96];

    (void)state;
    log_open("prog", LOG_TO_STDERR, LOG_LEVEL_NOTICE);
    log_set_tag("native vsock:2:1023");
    (void)snprintf(expected, sizeof(expected), "prog[%d]: native vsock:2:1023: text\n",
                   (int)getpid());
    assert_string_equal(capture(log_one), expected);
    log_set_tag(NULL);
    assert_string_equal(capture(log_one), "prog: text\n");
}

static void log_hostile(void)
{
    log_notice("a\nroot: forged\x1b[2J\xff\xc3\xa4");
}

static void test_hostile_text_is_one_line(void **state)
{
    (void)state;
    log_open("prog", LOG_TO_STDERR, LOG_LEVEL_NOTICE);
    assert_string_equal(capture(log_hostile), "prog: a\\nroot: forged\\x1b[2J\\xff\xc3\xa4\n");
}

static void test_json(void **state)
{
    (void)state;
    log_open("prog", LOG_TO_JSON, LOG_LEVEL_NOTICE);
    log_set_tag("ssh \"x\"");
    const char *line = capture(log_hostile);
    log_set_tag(NULL);
    assert_ptr_equal(strstr(line, "{\"time\":"), line);
    assert_non_null(strstr(line, ",\"level\":\"notice\",\"pid\":"));
    assert_non_null(strstr(line, ",\"program\":\"prog\",\"connection\":\"ssh \\\"x\\\"\","));
    assert_non_null(
        strstr(line, "\"message\":\"a\\u000aroot: forged\\u001b[2J\\\\xff\xc3\xa4\"}\n"));
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void log_long(void)
{
    static char text[10000];

    memset(text, '\x01', sizeof(text) - 1);
    log_notice("%s", text);
}

/* One write of at most PIPE_BUF bytes, whole escapes, and the line still ends as it should. */
static void test_long_text_is_cut(void **state)
{
    (void)state;
    log_open("prog", LOG_TO_STDERR, LOG_LEVEL_NOTICE);
    const char *line = capture(log_long);
    assert_true(strlen(line) <= 4096);
    assert_true(strlen(line) > 4000);
    assert_string_equal(line + strlen(line) - 5, "\\x01\n");
    log_open("prog", LOG_TO_JSON, LOG_LEVEL_NOTICE);
    line = capture(log_long);
    assert_true(strlen(line) <= 4096);
    assert_string_equal(line + strlen(line) - 9, "\\u0001\"}\n");
}

static void log_with_errno(void)
{
    errno = EISDIR;
    log_notice("%m");
    assert_int_equal(errno, EISDIR);
    close(2);
    errno = ENOTTY;
    log_notice("nowhere to go");
    assert_int_equal(errno, ENOTTY);
    log_debug("not even tried");
    assert_int_equal(errno, ENOTTY);
}

static void test_errno_survives(void **state)
{
    (void)state;
    log_open("prog", LOG_TO_STDERR, LOG_LEVEL_NOTICE);
    assert_string_equal(capture(log_with_errno), "prog: Is a directory\n");
}

static void test_raw_terminal_gets_carriage_return(void **state)
{
    struct termios modes;
    char text[64] = "";
    int saved = dup(2);

    (void)state;
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0);
    assert_int_equal(unlockpt(master), 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    assert_int_equal(tcgetattr(slave, &modes), 0);
    cfmakeraw(&modes);
    assert_int_equal(tcsetattr(slave, TCSANOW, &modes), 0);
    log_open("prog", LOG_TO_STDERR, LOG_LEVEL_NOTICE);
    dup2(slave, 2);
    log_one();
    dup2(saved, 2);
    assert_int_equal(read(master, text, sizeof(text) - 1), 12);
    assert_string_equal(text, "prog: text\r\n");
    close(saved);
    close(slave);
    close(master);
}

static void test_target_names(void **state)
{
    enum log_target target = LOG_TO_JSON;

    (void)state;
    assert_int_equal(log_target_parse("stderr", &target), 0);
    assert_int_equal(target, LOG_TO_STDERR);
    assert_int_equal(log_target_parse("syslog", &target), 0);
    assert_int_equal(target, LOG_TO_SYSLOG);
    assert_int_equal(log_target_parse("json", &target), 0);
    assert_int_equal(target, LOG_TO_JSON);
    assert_int_equal(log_target_parse("JSON", &target), -EINVAL);
    assert_int_equal(log_target_parse("", &target), -EINVAL);
    /* A machine without a syslog socket: nothing is said anywhere, nothing fails. */
    log_open("prog", LOG_TO_SYSLOG, LOG_LEVEL_NOTICE);
    assert_string_equal(capture(log_hostile), "");
    log_open("prog", LOG_TO_STDERR, LOG_LEVEL_NOTICE);
}

static void test_die(void **state)
{
    (void)state;
    for (int status = 2; status <= 255; status += 253) {
        pid_t pid = fork();
        int got = 0;
        if (pid == 0) {
            close(2);
            if (status == 255) {
                die("text");
            }
            die_status(status, "text");
        }
        assert_int_equal(waitpid(pid, &got, 0), pid);
        assert_true(WIFEXITED(got));
        assert_int_equal(WEXITSTATUS(got), status);
    }
}

static void escape(void (*how)(struct escape_line *, const char *), const char *text, size_t size,
                   const char *expected)
{
    char data[128];
    struct escape_line line = {.data = data, .size = size};

    how(&line, text);
    data[line.length] = '\0';
    assert_string_equal(data, expected);
}

static void test_escapes(void **state)
{
    static const struct {
        const char *text, *plain, *json;
    } cases[] = {
        {"", "", ""},
        {"plain \"q\"", "plain \"q\"", "plain \\\"q\\\""},
        {"back\\slash", "back\\\\slash", "back\\\\slash"},
        {"\t\r\n\x7f", "\\t\\r\\n\\x7f", "\\u0009\\u000d\\u000a\\u007f"},
        {"ntr", "ntr", "ntr"},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
         "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        /* C1 controls, line separators and reading direction: real characters, hostile ones. */
        {"\xc2\x9b", "\\xc2\\x9b", "\\u009b"},
        {"\xe2\x80\xa8", "\\xe2\\x80\\xa8", "\\u2028"},
        {"\xe2\x80\xae", "\\xe2\\x80\\xae", "\\u202e"},
        /* Not UTF-8: stray, cut short, overlong, surrogate, beyond Unicode. */
        {"\x80", "\\x80", "\\\\x80"},
        {"\xc3", "\\xc3", "\\\\xc3"},
        {"\xe2\x82", "\\xe2\\x82", "\\\\xe2\\\\x82"},
        {"\xc0\xaf", "\\xc0\\xaf", "\\\\xc0\\\\xaf"},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80", "\\\\xed\\\\xa0\\\\x80"},
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\\\\xf4\\\\x90\\\\x80\\\\x80"},
        {"\xff", "\\xff", "\\\\xff"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        escape(escape_text, cases[i].text, 127, cases[i].plain);
        escape(escape_json, cases[i].text, 127, cases[i].json);
    }
}

static void test_escapes_are_never_cut_in_two(void **state)
{
    (void)state;
    escape(escape_text, "ab\x01", 5, "ab");
    escape(escape_text, "ab\x01", 6, "ab\\x01");
    escape(escape_text, "ab\x01z", 5, "ab"); /* and nothing follows the gap */
    escape(escape_text, "a\xc3\xa4z", 2, "a");
    escape(escape_text, "a\n", 2, "a");
    escape(escape_json, "a\"", 2, "a");
    escape(escape_json, "a\x01", 6, "a");
    escape(escape_json, "a\x01", 7, "a\\u0001");
    escape(escape_raw, "abc", 2, "");
}

/* What comes behind a gap would read as if it followed: it is dropped, too. */
static void test_nothing_follows_a_gap(void **state)
{
    char data[8];
    struct escape_line line = {.data = data, .size = 5};

    (void)state;
    escape_raw(&line, "ab");
    escape_text(&line, "\x01");
    escape_raw(&line, "z");
    assert_int_equal(line.length, 2);
    assert_memory_equal(data, "ab", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_syslog_connects_late),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_tag),
        cmocka_unit_test(test_hostile_text_is_one_line),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_long_text_is_cut),
        cmocka_unit_test(test_errno_survives),
        cmocka_unit_test(test_raw_terminal_gets_carriage_return),
        cmocka_unit_test(test_target_names),
        cmocka_unit_test(test_die),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_escapes_are_never_cut_in_two),
        cmocka_unit_test(test_nothing_follows_a_gap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
