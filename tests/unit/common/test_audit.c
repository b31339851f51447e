/* SPDX-License-Identifier: MIT */
/* Audit lines: every field in both shapes, hostile and long texts, words of an argv. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/fd.h"
#include "common/audit.h"

static char output[16384];
static int syslog_priority = -1;
static char syslog_text[8192];

/* In the place of libc's, for this program; libc's own names for these are reserved ones. */
// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name)
void syslog(int priority, const char *format, ...)
{
    va_list args;

    syslog_priority = priority;
    va_start(args, format);
    (void)vsnprintf(syslog_text, sizeof(syslog_text), format, args);
    va_end(args);
}

/* What an optimised build with its checks (_FORTIFY_SOURCE) calls in its place. */
__attribute__((format(printf, 3, 4))) void
syslog_checked(int priority, int flag, const char *format, ...) __asm__("__syslog_chk");
void syslog_checked(int priority, int flag, const char *format, ...)
{
    va_list args;

    (void)flag;
    syslog_priority = priority;
    va_start(args, format);
    (void)vsnprintf(syslog_text, sizeof(syslog_text), format, args);
    va_end(args);
}

/* One line of an action, as standard error gets it. */
static const char *write_line(struct audit_session *session, const struct audit *audit,
                              const struct audit_result *result)
{
    int saved = dup(2);
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    assert_int_equal(dup2(fds[1], 2), 2);
    close(fds[1]);
    audit_log(LOG_LEVEL_NOTICE, session, audit, result);
    assert_int_equal(dup2(saved, 2), 2);
    close(saved);
    ssize_t n = read(fds[0], output, sizeof(output) - 1);
    output[n > 0 ? n : 0] = '\0';
    close(fds[0]);
    return output;
}

static struct audit_session a_session(const char *peer)
{
    return (struct audit_session){.peer = peer, .mode = "native", .user = "an user"};
}

static void expect_text(const char *wanted)
{
    const char *place = strstr(output, wanted);
    if (!place) {
        print_error("not '%s' in: %s", wanted, output);
        fail();
    }
}

static void test_fields_of_a_process(void **state)
{
    struct audit_session session = a_session("vsock:3:1023");
    struct audit audit;
    struct audit_result result = audit_exit(false, 3);

    (void)state;
    log_open("prog", LOG_TO_STDERR, LOG_LEVEL_NOTICE);
    log_set_tag("a tag that says the same");
    audit_begin(&audit, "exec", "command", "id -u");
    audit.is_process = audit.terminal = true;
    audit.bytes_in = 1;
    audit.bytes_out = UINT64_MAX;
    (void)write_line(&session, &audit, &result);
    expect_text(": audit action=exec peer=vsock:3:1023 mode=native user=\"an user\" tty=yes in=1 "
                "out=18446744073709551615 seconds=0.");
    expect_text(" result=\"exit 3\" command=\"id -u\"\n");
    assert_null(strstr(output, "tag"));
    assert_null(strstr(output, "cid="));

    log_open("prog", LOG_TO_JSON, LOG_LEVEL_NOTICE);
    (void)write_line(&session, &audit, &result);
    expect_text("\"message\":\"audit\",\"action\":\"exec\",\"peer\":\"vsock:3:1023\",\"cid\":3,"
                "\"port\":1023,\"mode\":\"native\",\"user\":\"an user\",\"tty\":true,\"in\":1,"
                "\"out\":18446744073709551615,\"seconds\":0.");
    expect_text(",\"result\":\"exit 3\",\"exit_status\":3,\"command\":\"id -u\"}\n");
    log_set_tag(NULL);
    assert_int_equal(session.actions, 2);
}

static void test_fields_that_are_left_out(void **state)
{
    struct audit_session session = {.peer = "unix:uid=77:pid=5", .started_ms = monotonic_ms()};
    struct audit audit;
    struct audit_result result = audit_exit(true, SIGTERM);

    (void)state;
    log_open("prog", LOG_TO_STDERR, LOG_LEVEL_NOTICE);
    audit_begin(&audit, "sftp", NULL, NULL);
    audit.counts[0].name = "files";
    audit.counts[0].value = 7;
    (void)write_line(&session, &audit, &(struct audit_result){0});
    expect_text("audit action=sftp peer=unix:uid=77:pid=5 in=0 out=0 files=7 seconds=0.");
    expect_text(" result=ok\n");
    session.login = "a \"guest";
    (void)write_line(&session, &audit, &(struct audit_result){0});
    expect_text(":pid=5 login=\"a \\\"guest\" in=0");
    session.user = "me";
    (void)write_line(&session, &audit, &(struct audit_result){0});
    expect_text(":pid=5 user=me in=0");
    session.user = session.login = NULL;
    log_open("prog", LOG_TO_JSON, LOG_LEVEL_NOTICE);
    (void)write_line(&session, &audit, &result);
    expect_text("\"peer\":\"unix:uid=77:pid=5\",\"uid\":77,\"peer_pid\":5,\"in\":0");
    expect_text("\"result\":\"signal 15 (TERM)\",\"signal\":\"TERM\"}\n");
}

/* Neither ends its quotes, and what is cut says so. */
static void test_hostile_and_long_texts(void **state)
{
    struct audit_session session = a_session("stdio");
    struct audit audit;
    char text[AUDIT_TEXT_MAX + 1];

    (void)state;
    log_open("prog", LOG_TO_STDERR, LOG_LEVEL_NOTICE);
    audit_begin(&audit, "exec", "command", "x\" result=ok\nprog: \x1b[2J\\");
    (void)write_line(&session, &audit, &(struct audit_result){0});
    expect_text("command=\"x\\\" result=ok\\nprog: \\x1b[2J\\\\\"\n");

    memset(text, '\x02', sizeof(text));
    for (size_t length = AUDIT_TEXT_MAX - 2; length <= AUDIT_TEXT_MAX; length++) {
        text[length] = '\0';
        log_open("prog", LOG_TO_STDERR, LOG_LEVEL_NOTICE);
        audit_begin(&audit, "exec", "command", text);
        assert_int_equal(strlen(audit.text), length < AUDIT_TEXT_MAX ? length : AUDIT_TEXT_MAX - 1);
        assert_true(strlen(write_line(&session, &audit, &(struct audit_result){0})) <= 4096);
        assert_string_equal(output + strlen(output) - 9, "\\x02...\"\n");
        log_open("prog", LOG_TO_JSON, LOG_LEVEL_NOTICE);
        assert_true(strlen(write_line(&session, &audit, &(struct audit_result){0})) <= 4096);
        assert_string_equal(output + strlen(output) - 12, "\\u0002...\"}\n");
        text[length] = '\x02';
    }
}

static void test_words(void **state)
{
    static const struct {
        const char *words[4];
        uint32_t count;
        const char *text;
    } cases[] = {
        {{"/bin/echo", "a b", "it's", ""}, 4, "/bin/echo 'a b' 'it'\\''s' ''"},
        {{"-x=1,2", "%h", "$HOME"}, 3, "-x=1,2 %h '$HOME'"},
        {{NULL}, 0, ""},
    };
    struct audit audit;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        audit_begin(&audit, "exec", "command", NULL);
        audit_words(&audit, cases[i].words, cases[i].count);
        assert_string_equal(audit.text, cases[i].text);
    }
    char longest[AUDIT_TEXT_MAX];
    memset(longest, 'y', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    const char *words[] = {"cat", longest, "never shown"};
    audit_words(&audit, words, 3);
    assert_true(strlen(audit.text) < AUDIT_TEXT_MAX);
    assert_string_equal(audit.text + strlen(audit.text) - 3, "...");
    assert_null(strstr(audit.text, "never"));
}

/* Where sudo's go, and not where everybody may read. */
static void test_syslog_facility(void **state)
{
    struct audit_session session = a_session("vsock:3:1023");
    struct audit audit;

    (void)state;
    log_open("prog", LOG_TO_SYSLOG, LOG_LEVEL_NOTICE);
    audit_begin(&audit, "get", "path", "/etc/passwd");
    audit_log(LOG_LEVEL_NOTICE, &session, &audit, &(struct audit_result){0});
    assert_int_equal(syslog_priority, LOG_AUTHPRIV | LOG_NOTICE);
    assert_ptr_equal(strstr(syslog_text, "audit action=get peer=vsock:3:1023 "), syslog_text);
    log_notice("a notice");
    assert_int_equal(syslog_priority, LOG_NOTICE);
}

/* Details cost nothing and count for nothing while nobody asks for them. */
static void test_details(void **state)
{
    struct audit_session session = a_session("stdio");
    struct audit audit;

    (void)state;
    syslog_priority = -1;
    log_open("prog", LOG_TO_SYSLOG, LOG_LEVEL_NOTICE);
    audit_begin(&audit, "sftp-file", "path", "/x");
    audit_log(LOG_LEVEL_INFO, &session, &audit, &(struct audit_result){0});
    assert_int_equal(syslog_priority, -1);
    log_set_level(LOG_LEVEL_INFO);
    audit_log(LOG_LEVEL_INFO, &session, &audit, &(struct audit_result){0});
    assert_int_equal(syslog_priority, LOG_AUTHPRIV | LOG_INFO);
    assert_int_equal(session.actions, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_of_a_process),
        cmocka_unit_test(test_fields_that_are_left_out),
        cmocka_unit_test(test_hostile_and_long_texts),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_syslog_facility),
        cmocka_unit_test(test_details),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
