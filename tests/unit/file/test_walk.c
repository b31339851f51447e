/* SPDX-License-Identifier: MIT */
/*
 * What a folder lists is only a hint: the kind of an entry is what it turns out to be, whatever the
 * listing says. The lies are told by standing in front of the C library's readdir.
 */
#include "copy_helper.h"

#include <dirent.h>
#include <dlfcn.h>

static int listed_type = -1; /* what every entry is said to be; -1 = the truth */

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): theirs are reserved */
struct dirent64 *readdir64(DIR *dir)
{
    static struct dirent64 *(*real)(DIR *);

    if (!real) {
        /* As POSIX has it; ISO C knows no way from an object to a function. */
        *(void **)&real = dlsym(RTLD_NEXT, "readdir64");
    }
    struct dirent64 *entry = real(dir);
    if (entry && listed_type >= 0) {
        entry->d_type = (unsigned char)listed_type;
    }
    return entry;
}

static int walk_teardown(void **state)
{
    listed_type = -1;
    return scratch_teardown(state);
}

static void make_all_kinds(void)
{
    make_text("outside", "outside");
    make_dir("tree", 0755);
    make_dir("tree/folder", 0750);
    make_text("tree/folder/inner", "inner");
    make_file("tree/file", "file", 4, 0640);
    assert_int_equal(symlink("../outside", "tree/link"), 0);
    assert_int_equal(mkfifo("tree/pipe", 0600), 0);
}

static void expect_all_kinds(const struct copy *copy, const struct vsh_file_totals *totals)
{
    struct stat st;

    assert_int_equal(totals->folders, 2);
    assert_int_equal(totals->skipped, 1);
    assert_int_equal(totals->failed, 0);
    assert_string_equal(copy->sent.path, "tree/pipe");
    assert_int_equal(copy->sent.code, VSH_FILE_CODE_SPECIAL);
    assert_int_equal(lstat("new/folder", &st), 0);
    assert_int_equal(st.st_mode, S_IFDIR | 0750);
    assert_int_equal(lstat("new/file", &st), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0640);
    expect_text("new/folder/inner", "inner");
    expect_text("new/file", "file");
    assert_false(exists("new/pipe"));
}

static void a_listing_decides_nothing(void **state)
{
    (void)state;
    static const int types[] = {DT_REG, DT_UNKNOWN, DT_DIR, DT_LNK, DT_FIFO, -1};
    struct copy copy;
    struct stat st;

    make_all_kinds();
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        listed_type = types[i];
        struct vsh_file_totals totals = copy_files(&copy, "tree", "new", VSH_FILE_RECURSIVE);
        expect_all_kinds(&copy, &totals);
        assert_int_equal(totals.files, 2);
        assert_int_equal(totals.links, 1);
        assert_int_equal(lstat("new/link", &st), 0);
        assert_true(S_ISLNK(st.st_mode));
        remove_tree("new");

        totals = copy_files(&copy, "tree", "new", VSH_FILE_RECURSIVE | VSH_FILE_FOLLOW);
        expect_all_kinds(&copy, &totals);
        assert_int_equal(totals.files, 3);
        assert_int_equal(totals.links, 0);
        expect_text("new/link", "outside");
        assert_int_equal(lstat("new/link", &st), 0);
        assert_true(S_ISREG(st.st_mode));
        remove_tree("new");
    }
}

/* The count goes ahead of the copy and opens nothing, yet knows every length. */
static void the_count_knows_the_bytes(void **state)
{
    (void)state;
    struct copy copy;

    make_all_kinds();
    (void)copy_files(&copy, "tree", "new", VSH_FILE_RECURSIVE | VSH_FILE_COUNT);
    assert_true(copy.received.count.complete);
    assert_int_equal(copy.received.count.files, 3);
    assert_int_equal(copy.received.count.bytes, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, walk_teardown)
        TEST(a_listing_decides_nothing),
        TEST(the_count_knows_the_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
