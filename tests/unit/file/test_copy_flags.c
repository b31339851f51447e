/* SPDX-License-Identifier: MIT */
/* What the flags of a request change about a copy. */
#include "copy_helper.h"

static void follow_sends_what_links_point_to(void **state)
{
    (void)state;
    struct copy copy;

    make_dir("tree", 0755);
    make_dir("other", 0755);
    make_text("other/inner", "inner");
    make_text("content", "content");
    assert_int_equal(symlink("../content", "tree/file"), 0);
    assert_int_equal(symlink("../other", "tree/folder"), 0);
    assert_int_equal(symlink("nowhere", "tree/dangling"), 0);
    assert_int_equal(symlink("..", "tree/loop"), 0);
    struct vsh_file_totals totals =
        copy_files(&copy, "tree", "other/new", VSH_FILE_RECURSIVE | VSH_FILE_FOLLOW);
    assert_int_equal(totals.links, 0);
    expect_text("other/new/file", "content");
    expect_text("other/new/folder/inner", "inner");
    assert_false(exists("other/new/dangling"));
    assert_true(totals.failed >= 2); /* dangling, and the loop where it closes */
}

static void no_clobber_leaves_what_is_there(void **state)
{
    (void)state;
    struct copy copy;

    make_dir("tree", 0755);
    make_text("tree/a", "new a");
    make_text("tree/b", "new b");
    assert_int_equal(symlink("x", "tree/l"), 0);
    make_dir("to", 0700);
    make_dir("to/tree", 0700);
    make_text("to/tree/a", "old a");
    make_text("to/tree/l", "old l");
    struct vsh_file_totals totals =
        copy_files(&copy, "tree", "to", VSH_FILE_RECURSIVE | VSH_FILE_NO_CLOBBER);
    assert_int_equal(totals.skipped, 2);
    assert_int_equal(totals.failed, 0);
    assert_int_equal(copy.sent.code, VSH_FILE_CODE_EXISTS);
    expect_text("to/tree/a", "old a");
    expect_text("to/tree/b", "new b");
    expect_text("to/tree/l", "old l");
    struct stat st;
    assert_int_equal(stat("to/tree", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
}

static void dry_run_writes_nothing(void **state)
{
    (void)state;
    struct copy copy;

    make_dir("tree", 0755);
    make_dir("tree/sub", 0755);
    make_text("tree/sub/a", "aaa");
    assert_int_equal(symlink("x", "tree/l"), 0);
    struct vsh_file_totals totals =
        copy_files(&copy, "tree", "new", VSH_FILE_RECURSIVE | VSH_FILE_DRY_RUN);
    assert_int_equal(totals.failed, 0);
    assert_int_equal(totals.files, 1);
    assert_int_equal(totals.bytes, 3);
    assert_int_equal(copy.sent.started, 4);
    assert_int_equal(copy.received.started, 4);
    assert_int_equal(frames_of(&copy, VSH_V2_FILE_DATA), 0);
    assert_false(exists("new"));
    make_text("new", "a file is in the way");
    totals = copy_files(&copy, "tree", "new", VSH_FILE_RECURSIVE | VSH_FILE_DRY_RUN);
    assert_int_equal(totals.failed, 1);
    make_dir("there", 0755);
    totals = copy_files(&copy, "tree", "there", VSH_FILE_RECURSIVE | VSH_FILE_DRY_RUN);
    assert_int_equal(totals.failed, 0);
    assert_false(exists("there/tree"));
}

static void excluded_names_stay_here(void **state)
{
    (void)state;
    static const char *const patterns[] = {"*.o", "build/*.x", "/top"};
    struct copy copy;

    make_dir("tree", 0755);
    make_dir("tree/build", 0755);
    make_dir("tree/build/build", 0755);
    make_dir("tree/top", 0755);
    make_dir("tree/build/top", 0755);
    make_text("tree/a.o", "");
    make_text("tree/a.c", "");
    make_text("tree/build/b.o", "");
    make_text("tree/build/b.x", "");
    make_text("tree/build/build/b.x", "");
    copy_prepare(&copy, "tree", "new", VSH_FILE_RECURSIVE);
    copy.to_send.excludes = 3;
    copy.to_send.exclude = patterns;
    struct vsh_file_totals totals = copy_run(&copy);
    assert_int_equal(totals.failed, 0);
    assert_false(exists("new/a.o"));
    assert_false(exists("new/build/b.o"));
    assert_false(exists("new/build/b.x"));
    assert_false(exists("new/top"));
    assert_true(exists("new/a.c"));
    assert_true(exists("new/build/top"));
    assert_true(exists("new/build/build/b.x"));
}

static void count_says_what_there_is(void **state)
{
    (void)state;
    struct copy copy;
    char path[64];

    make_dir("tree", 0755);
    for (int i = 0; i < 300; i++) {
        (void)snprintf(path, sizeof(path), "tree/%d", i);
        make_text(path, "12345");
    }
    (void)copy_files(&copy, "tree", "new", VSH_FILE_RECURSIVE | VSH_FILE_COUNT);
    assert_int_equal(copy.received.count.files, 300);
    assert_int_equal(copy.received.count.bytes, 1500);
    assert_true(copy.received.count.complete);
    assert_int_equal(copy.sent.count.files, 300);
}

static void sync_changes_nothing_else(void **state)
{
    (void)state;
    struct copy copy;

    make_dir("tree", 0755);
    make_text("tree/a", "a");
    struct vsh_file_totals totals =
        copy_files(&copy, "tree", "new", VSH_FILE_RECURSIVE | VSH_FILE_SYNC);
    assert_int_equal(totals.failed, 0);
    expect_text("new/a", "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
        TEST(follow_sends_what_links_point_to), TEST(no_clobber_leaves_what_is_there),
        TEST(dry_run_writes_nothing),           TEST(excluded_names_stay_here),
        TEST(count_says_what_there_is),         TEST(sync_changes_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
