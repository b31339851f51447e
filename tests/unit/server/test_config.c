/* SPDX-License-Identifier: MIT */
/* The command line: what each kind of option takes and refuses, and the settings in words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "server/config.h"
#include "session/policy.h"

#define WORDS_MAX 8
#define WORD_MAX  64

/* config_parse() keeps pointers into the words and reorders argv: all live in the caller's frame.
 */
struct command_line {
    char words[WORDS_MAX + 1][WORD_MAX];
    char *argv[WORDS_MAX + 2];
    struct config config;
};

static int parse(struct command_line *line, const char *const words[WORDS_MAX])
{
    int argc = 1;

    (void)snprintf(line->words[0], WORD_MAX, "%s", SERVER_PROGRAM);
    for (; argc <= WORDS_MAX && words[argc - 1]; argc++) {
        (void)snprintf(line->words[argc], WORD_MAX, "%s", words[argc - 1]);
    }
    for (int i = 0; i < argc; i++) {
        line->argv[i] = line->words[i];
    }
    line->argv[argc] = NULL;
    return config_parse(&line->config, argc, line->argv);
}
#define PARSE(line, ...) parse(line, (const char *const[WORDS_MAX]){__VA_ARGS__})

static void test_defaults(void **state)
{
    (void)state;
    struct command_line line = {0};

    assert_int_equal(PARSE(&line, NULL), 0);
    const struct config *config = &line.config;
    assert_int_equal(config->address_count, 1);
    assert_int_equal(config->addresses[0].family, VSH_FAMILY_VSOCK);
    assert_int_equal(config->addresses[0].cid, VSH_CID_ANY);
    assert_int_equal(config->addresses[0].port, 5000);
    assert_int_equal(config->max_sessions, 512);
    assert_int_equal(config->max_sessions_per_peer, 0);
    assert_int_equal(config->login_grace_ms, 20000);
    assert_int_equal(config->idle_timeout_ms, 0);
    assert_int_equal(config->grace_ms, 5000);
    assert_int_equal(config->log_target, LOG_TO_STDERR);
    assert_false(config->ssh.on);
    assert_null(config->user);
    config_done(&line.config);
}

static void test_addresses(void **state)
{
    (void)state;
    struct command_line line = {0};

    /* -p is the port of those that name none, wherever it stands. */
    assert_int_equal(PARSE(&line, "--listen", "vsock:any", "--listen=vsock:any:7", "-p", "99",
                           "--listen", "mux:/run/v", NULL),
                     0);
    assert_int_equal(line.config.address_count, 3);
    assert_int_equal(line.config.addresses[0].port, 99);
    assert_int_equal(line.config.addresses[1].port, 7);
    assert_int_equal(line.config.addresses[2].family, VSH_FAMILY_MUX);
    assert_int_equal(line.config.addresses[2].port, 99);
    config_done(&line.config);
    assert_null(line.config.addresses);
}

static void test_values(void **state)
{
    (void)state;
    struct command_line line = {0};

    assert_int_equal(PARSE(&line, "-vv", "--allow=host", "--allow", "3-9", "--login-grace=0.25",
                           "--max-sessions=65536", "--root", "/"),
                     0);
    assert_int_equal(line.config.verbose, 2);
    assert_int_equal(line.config.allow.count, 2);
    assert_string_equal(line.config.allow.items[0], "host");
    assert_string_equal(line.config.allow.items[1], "3-9");
    assert_int_equal(line.config.login_grace_ms, 250);
    assert_int_equal(line.config.max_sessions, 65536);
    assert_string_equal(line.config.root, "/");
    config_done(&line.config);

    assert_int_equal(PARSE(&line, "-d", NULL), 0);
    assert_int_equal(line.config.log_target, LOG_TO_SYSLOG);
    config_done(&line.config);
    assert_int_equal(PARSE(&line, "--log", "json", NULL), 0);
    assert_int_equal(line.config.log_target, LOG_TO_JSON);
    config_done(&line.config);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const rows[][WORDS_MAX] = {
        {"--max-sessions=0"},
        {"--max-sessions=65537"},
        {"--max-sessions="},
        {"--port=4294967295"},
        {"--port=-1"},
        {"--port= 1"},
        {"--login-grace=86401"},
        {"--grace=1e3"},
        {"--pid-file="},
        {"--user="},
        {"--shell=bin/sh"},
        {"--log=STDERR"},
        {"--log=json", "-d"},
        {"--pid-file=x", "-d"},
        {"--listen=unix:./x", "-d"},
        {"--listen=unix:/x", "--listen=unix:/x"},
        {"--allow=guest"},
        {"--deny=9-3"},
        {"--allow-uid=no.such.user"},
        {"--ssh-auth=password"},
        {"--ssh-auth="},
        {"--authorized-keys="},
        {"--json"},
        {"--status", "-d"},
        {"-i", "-d"},
        {"-i", "--listen=unix:/x"},
        {"--listen=/x/y/:"},
        {"--listen=unix:"},
        {"--listen="},
        {"word"},
        {"--", "word"},
        {"--nothing"},
        {"-z"},
        {"--port"},
        {"--no-exec=yes"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct command_line line = {0};
        int r = parse(&line, rows[i]);
        config_done(&line.config);
        if (r != -EINVAL) {
            fail_msg("row %zu (%s): %d", i, rows[i][0], r);
        }
    }
}

/* A value that the option takes. */
static const char *value_for(const struct config_option *option)
{
    static const struct {
        const char *name, *value;
    } values[] = {{"log", "json"}, {"listen", "unix:/x"}, {"allow", "local"},
                  {"deny", "7"},   {"allow-uid", "any"},  {"ssh-auth", "none,publickey"}};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        if (strcmp(values[i].name, option->name) == 0) {
            return values[i].value;
        }
    }
    return option->kind == CONFIG_NUMBER || option->kind == CONFIG_SECONDS ? "3" : "/";
}

/* What has to stand beside the option; of those that need nothing, any. */
static const char *companion(const struct config_option *option)
{
    if (option->offset == offsetof(struct config, json)) {
        return "--status";
    }
    return option->offset == offsetof(struct config, no_native) ? "--ssh" : "--no-pty";
}

/* Each option of the table can be given and shows again in config_print() under its own name. */
static void test_every_option_is_printed(void **state)
{
    (void)state;
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        if (option->offset == offsetof(struct config, file)) {
            continue; /* it wants a file: tests/e2e/test_server_config.sh */
        }
        if (option->kind == CONFIG_HELP || option->kind == CONFIG_VERSION) {
            continue;
        }
        const char *value = value_for(option);
        char word[80];
        char wanted[80];
        struct command_line line = {0};
        (void)snprintf(word, sizeof(word), "--%s%s%s", option->name, option->argument ? "=" : "",
                       option->argument ? value : "");
        assert_int_equal(PARSE(&line, word, companion(option), NULL), 0);

        struct policy *policy = NULL;
        assert_int_equal(policy_new(&policy), 0);
        policy_finish_on(policy, VSH_CID_ANY);
        char *printed = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&printed, &size);
        assert_non_null(out);
        config_print(&line.config, policy, out);
        assert_int_equal(fclose(out), 0);
        (void)snprintf(wanted, sizeof(wanted), "%s: %s\n", option->name,
                       option->argument              ? value
                       : option->kind == CONFIG_FLAG ? "yes"
                                                     : "1");
        if (!strstr(printed, wanted)) {
            fail_msg("%s: no line '%s' in: %s", word, wanted, printed);
        }
        free(printed);
        policy_free(policy);
        config_done(&line.config);
    }
}

static void test_policy_of_the_rules(void **state)
{
    (void)state;
    struct command_line line = {0};
    struct policy *policy = NULL;
    char text[512];

    assert_int_equal(PARSE(&line, "--allow=5", "--deny=6", "--no-pty", "--no-download",
                           "--require-privileged-port", "--root=/", NULL),
                     0);
    assert_int_equal(config_policy(&line.config, &policy, text, sizeof(text)), 0);
    struct vsh_peer peer = {.family = VSH_FAMILY_VSOCK, .cid = 5, .port = 1023};
    assert_int_equal(policy_check_peer(policy, &peer, text, sizeof(text)), 0);
    peer.port = 1024;
    assert_int_equal(policy_check_peer(policy, &peer, text, sizeof(text)), -EACCES);
    peer = (struct vsh_peer){.family = VSH_FAMILY_VSOCK, .cid = 6, .port = 1023};
    assert_int_equal(policy_check_peer(policy, &peer, text, sizeof(text)), -EACCES);
    static const struct {
        enum policy_right right;
        int verdict;
    } rights[] = {{POLICY_EXEC, 0},
                  {POLICY_PTY, -EACCES},
                  {POLICY_UPLOAD, 0},
                  {POLICY_DOWNLOAD, -EACCES},
                  {POLICY_FORWARD, 0}};
    for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
        assert_int_equal(policy_check_right(policy, rights[i].right, text, sizeof(text)),
                         rights[i].verdict);
    }
    assert_true(policy_root_fd(policy) >= 0);
    policy_free(policy);
    config_done(&line.config);
}

static void test_policy_refused(void **state)
{
    (void)state;
    static const struct {
        const char *word, *says;
    } rows[] = {
        {"--root=/nonexistent/x", "--root: cannot open folder '/nonexistent/x': No such file"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct command_line line = {0};
        struct policy *policy = NULL;
        char error[512];
        assert_int_equal(PARSE(&line, rows[i].word, NULL), 0);
        assert_true(config_policy(&line.config, &policy, error, sizeof(error)) < 0);
        assert_null(policy);
        if (!strstr(error, rows[i].says)) {
            fail_msg("%s: '%s'", rows[i].word, error);
        }
        config_done(&line.config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_every_option_is_printed),
        cmocka_unit_test(test_policy_of_the_rules),
        cmocka_unit_test(test_policy_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
