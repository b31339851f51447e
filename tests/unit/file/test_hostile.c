/* SPDX-License-Identifier: MIT */
/*
 * A sender that means harm: frames by hand to a receiver. Nothing is ever written outside the
 * destination, the sentence says what was refused.
 */
#include "hostile_helper.h"

static void names_that_are_paths_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t length;
        const char *shown;
    } names[] = {
        {"../x", 4, "\"../x\""}, {"/etc/x", 6, "\"/etc/x\""}, {"a/b", 3, "\"a/b\""},
        {"..", 2, "\"..\""},     {".", 1, "\".\""},           {"", 0, "\"\""},
        {"a\0b", 3, "\"a?b\""},  {"x\n/", 3, "\"x?/\""},      {"x/", 2, "\"x/\""},
    };
    static const enum vsh_file_kind kinds[] = {VSH_FILE_REGULAR, VSH_FILE_FOLDER, VSH_FILE_LINK,
                                               VSH_FILE_STREAM};
    struct victim victim;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
            victim_open(&victim, "dest", NULL, VSH_FILE_RECURSIVE);
            assert_int_equal(put_name(&victim, VSH_FILE_FOLDER, "tree"), 0);
            (void)put_entry(&victim, kinds[k], names[i].name, names[i].length, 4);
            expect_refused(&victim, names[i].shown);
            victim_close(&victim);
        }
    }
    static char long_name[NAME_MAX + 2];
    memset(long_name, 'n', NAME_MAX + 1);
    victim_open(&victim, "dest", NULL, 0);
    (void)put_name(&victim, VSH_FILE_REGULAR, long_name);
    expect_refused(&victim, "no plain name");
    victim_close(&victim);
}

static void a_link_is_no_way_out(void **state)
{
    (void)state;
    struct victim victim;

    victim_open(&victim, "dest", NULL, VSH_FILE_RECURSIVE);
    assert_int_equal(put_name(&victim, VSH_FILE_FOLDER, "tree"), 0);
    assert_int_equal(put_name(&victim, VSH_FILE_LINK, "way"), 0);
    /* As a folder: refused as a whole, and what is in it falls with it. */
    assert_int_equal(put_name(&victim, VSH_FILE_FOLDER, "way"), 0);
    assert_int_equal(victim.copy.received.failed, 1);
    assert_non_null(strstr(victim.copy.received.text, "not a folder"));
    assert_int_equal(put_name(&victim, VSH_FILE_REGULAR, "x"), 0);
    assert_int_equal(put_bytes(&victim, "evil"), 0);
    assert_int_equal(put_end(&victim, "evil", 4), 0);
    assert_int_equal(put_name(&victim, VSH_FILE_FOLDER, "deeper"), 0);
    assert_int_equal(put_name(&victim, VSH_FILE_LINK, "x"), 0);
    assert_int_equal(put_mark(&victim, VSH_V2_FILE_LEAVE), 0);
    assert_int_equal(put_mark(&victim, VSH_V2_FILE_LEAVE), 0);
    /* As a file: the link is replaced, not written through. */
    assert_int_equal(put_name(&victim, VSH_FILE_REGULAR, "way"), 0);
    assert_int_equal(put_bytes(&victim, "evil"), 0);
    assert_int_equal(put_end(&victim, "evil", 4), 0);
    expect_text("dest/tree/way", "evil");
    struct stat st;
    assert_int_equal(lstat("dest/tree/way", &st), 0);
    assert_true(S_ISREG(st.st_mode));
    victim_close(&victim);
}

static void only_what_was_asked_for_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        uint32_t flags;
        enum vsh_file_kind kind;
        const char *name;
        bool taken;
    } cases[] = {
        {"/etc/hosts", 0, VSH_FILE_REGULAR, "hosts", true},
        {"/etc/hosts", 0, VSH_FILE_REGULAR, ".bashrc", false},
        {"/etc/hosts", 0, VSH_FILE_REGULAR, "host", false},
        {"/etc/hosts", 0, VSH_FILE_FOLDER, "hosts", false},
        {"/etc/hosts", 0, VSH_FILE_LINK, "hosts", false},
        {"/etc/", VSH_FILE_RECURSIVE, VSH_FILE_FOLDER, "etc", true},
        {"/etc/", VSH_FILE_RECURSIVE, VSH_FILE_FOLDER, ".", false},
        {"/etc/.", VSH_FILE_RECURSIVE, VSH_FILE_FOLDER, ".", true},
        {"/", VSH_FILE_RECURSIVE, VSH_FILE_FOLDER, ".", true},
        {"/etc/..", VSH_FILE_RECURSIVE, VSH_FILE_FOLDER, "..", false},
        {"/etc/hosts", VSH_FILE_FOLLOW | VSH_FILE_RECURSIVE, VSH_FILE_LINK, "hosts", false},
        {NULL, 0, VSH_FILE_REGULAR, ".", false},
        {NULL, 0, VSH_FILE_LINK, "link", false},
    };
    struct victim victim;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        victim_open(&victim, "dest", cases[i].source, cases[i].flags);
        int rc = put_name(&victim, cases[i].kind, cases[i].name);
        if (cases[i].taken) {
            assert_int_equal(rc, 0);
        } else {
            expect_refused(&victim, "refused");
        }
        victim_close(&victim);
    }
    /* One source, one entry on the first level. */
    victim_open(&victim, "dest/new", "/a/file", 0);
    assert_int_equal(put_name(&victim, VSH_FILE_REGULAR, "file"), 0);
    assert_int_equal(put_bytes(&victim, "good"), 0);
    assert_int_equal(put_end(&victim, "good", 4), 0);
    (void)put_name(&victim, VSH_FILE_REGULAR, "file");
    expect_refused(&victim, "nobody asked for");
    expect_text("dest/new", "good");
    victim_close(&victim);
}

static void more_or_less_than_announced_is_refused(void **state)
{
    (void)state;
    struct victim victim;

    victim_open(&victim, "dest", NULL, 0);
    assert_int_equal(put_name(&victim, VSH_FILE_REGULAR, "f"), 0);
    (void)put_bytes(&victim, "five!");
    expect_refused(&victim, "more than the 4 bytes");
    victim_close(&victim);

    victim_open(&victim, "dest", NULL, 0);
    assert_int_equal(put_name(&victim, VSH_FILE_REGULAR, "f"), 0);
    assert_int_equal(put_bytes(&victim, "abc"), 0);
    assert_int_equal(vsh_put_file_hole(victim.copy.out, 2), 0);
    (void)deliver(&victim);
    expect_refused(&victim, "more than the 4 bytes");
    victim_close(&victim);

    victim_open(&victim, "dest", NULL, 0);
    assert_int_equal(put_name(&victim, VSH_FILE_REGULAR, "f"), 0);
    assert_int_equal(put_bytes(&victim, "abc"), 0);
    (void)put_end(&victim, "abc", 3);
    expect_refused(&victim, "3 of the 4 bytes");
    victim_close(&victim);
    assert_false(exists("dest/f"));
}

static void a_lying_digest_leaves_the_target_alone(void **state)
{
    (void)state;
    struct victim victim;

    make_text("dest/f", "old");
    victim_open(&victim, "dest", NULL, 0);
    assert_int_equal(put_name(&victim, VSH_FILE_REGULAR, "f"), 0);
    assert_int_equal(put_bytes(&victim, "evil"), 0);
    assert_int_equal(put_end(&victim, "good", 4), 0);
    assert_int_equal(victim.copy.received.failed, 1);
    assert_int_equal(victim.copy.received.code, VSH_FILE_CODE_DIGEST);
    assert_non_null(strstr(victim.copy.received.text, "arrived damaged"));
    expect_text("dest/f", "old");
    victim_close(&victim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, hostile_setup, hostile_teardown)
        TEST(names_that_are_paths_are_refused),       TEST(a_link_is_no_way_out),
        TEST(only_what_was_asked_for_is_taken),       TEST(more_or_less_than_announced_is_refused),
        TEST(a_lying_digest_leaves_the_target_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
