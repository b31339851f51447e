/* SPDX-License-Identifier: MIT */
/* The escape keys, whole and cut at every point. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "client/keys.h"

static const struct {
    const char *typed;
    const char *sent;
    int escape;
    enum keys_action action; /* the last one met */
} cases[] = {
    {"hello", "hello", '~', KEYS_NONE},
    {"~.", "", '~', KEYS_DISCONNECT},
    {"ls\r~.", "ls\r", '~', KEYS_DISCONNECT},
    {"ls\n~?", "ls\n", '~', KEYS_HELP},
    {"~\x1a", "", '~', KEYS_SUSPEND},
    {"~~", "~", '~', KEYS_NONE},
    {"~~.", "~.", '~', KEYS_NONE},
    {"~x", "~x", '~', KEYS_NONE},
    {"~\r~.", "~\r", '~', KEYS_DISCONNECT},
    {"a~.", "a~.", '~', KEYS_NONE},
    {"~?~?x", "x", '~', KEYS_HELP},
    {"~", "", '~', KEYS_NONE},
    {"~.\r~.", "~.\r~.", -1, KEYS_NONE},
    {"\x1d.", "", 0x1d, KEYS_DISCONNECT},
    {"~.", "~.", 0x1d, KEYS_NONE},
};

/* Types in pieces of the given size, as reads of a terminal may cut. */
static enum keys_action type(struct keys *keys, const char *typed, size_t piece, char *sent)
{
    size_t length = strlen(typed);
    size_t written = 0;
    enum keys_action last = KEYS_NONE;

    for (size_t at = 0; at < length;) {
        uint8_t out[64];
        size_t used = 0;
        size_t left = length - at < piece ? length - at : piece;
        enum keys_action action;
        size_t count = keys_filter(keys, (const uint8_t *)typed + at, left, out, &used, &action);

        assert_true(used > 0 && used <= left);
        assert_true(count <= left + 1);
        memcpy(sent + written, out, count);
        written += count;
        at += used;
        last = action != KEYS_NONE ? action : last;
    }
    sent[written] = '\0';
    return last;
}

static void test_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t piece = 1; piece <= strlen(cases[i].typed); piece++) {
            struct keys keys;
            char sent[64];

            keys_init(&keys, cases[i].escape);
            assert_int_equal(type(&keys, cases[i].typed, piece, sent), cases[i].action);
            assert_string_equal(sent, cases[i].sent);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
