/* SPDX-License-Identifier: MIT */
/* Whole copies from a sender to a receiver: what arrives, under which name, with which properties.
 */
#include "copy_helper.h"

static void one_file_keeps_mode_and_time(void **state)
{
    (void)state;
    struct copy copy;

    make_file("from", "hello", 5, 0751);
    set_mtime("from", 1234567890, 123456789);
    struct vsh_file_totals totals = copy_files(&copy, "from", "to", 0);
    assert_int_equal(totals.files, 1);
    assert_int_equal(totals.bytes, 5);
    assert_int_equal(totals.failed, 0);
    expect_text("to", "hello");
    expect_meta("to", 0751, 1234567890, 123456789);
    assert_int_equal(partials_left(), 0);
}

static void set_user_id_is_never_given(void **state)
{
    (void)state;
    struct copy copy;

    make_file("from", "x", 1, 06755);
    (void)copy_files(&copy, "from", "to", 0);
    struct stat st;
    assert_int_equal(stat("to", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0755);
}

static void empty_file_and_empty_folder_arrive(void **state)
{
    (void)state;
    struct copy copy;

    make_dir("tree", 0755);
    make_dir("tree/empty", 0711);
    make_text("tree/none", "");
    struct vsh_file_totals totals = copy_files(&copy, "tree", "new", VSH_FILE_RECURSIVE);
    assert_int_equal(totals.files, 1);
    assert_int_equal(totals.folders, 2);
    expect_text("new/none", "");
    struct stat st;
    assert_int_equal(stat("new/empty", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0711);
}

static void destination_is_resolved_as_cp_does(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        uint32_t flags;
        const char *expected; /* NULL = a failure */
    } cases[] = {
        {"file", "folder", 0, "folder/file"},
        {"file", "folder/", 0, "folder/file"},
        {"file", "folder/new", 0, "folder/new"},
        {"file", ".", 0, "file"},
        {"file", "", 0, "file"},
        {"file", "link-to-folder", 0, "folder/file"},
        {"./file", "folder/.", 0, "folder/file"},
        {"file", "missing/new", 0, NULL},
        {"file", "missing/", 0, NULL},
        {"file", "other/", 0, NULL},
        {"file", "other/x", 0, NULL},
        {"file", "other", 0, "other"},
        {"tree", "folder", VSH_FILE_RECURSIVE, "folder/tree/inner"},
        {"tree/", "folder", VSH_FILE_RECURSIVE, "folder/tree/inner"},
        {"tree/.", "folder", VSH_FILE_RECURSIVE, "folder/inner"},
        {"tree", "fresh", VSH_FILE_RECURSIVE, "fresh/inner"},
        {"tree", "fresh/", VSH_FILE_RECURSIVE, "fresh/inner"},
        {"tree/.", "fresh", VSH_FILE_RECURSIVE, "fresh/inner"},
        {"tree", "other", VSH_FILE_RECURSIVE, NULL},
        {"tree", "missing/fresh", VSH_FILE_RECURSIVE, NULL},
        {"tree", "folder", 0, NULL},
        {"absent", "folder", VSH_FILE_RECURSIVE, NULL},
    };
    struct copy copy;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        make_dir("d", 0700);
        assert_int_equal(chdir("d"), 0);
        make_dir("folder", 0755);
        make_dir("tree", 0755);
        make_text("tree/inner", "content");
        make_text("file", "content");
        make_text("other", "old");
        assert_int_equal(symlink("folder", "link-to-folder"), 0);
        struct vsh_file_totals totals =
            copy_files(&copy, cases[i].from, cases[i].to, cases[i].flags);
        if (cases[i].expected) {
            assert_int_equal(totals.failed, 0);
            assert_int_equal(totals.files, 1);
            expect_text(cases[i].expected, "content");
        } else {
            assert_int_equal(totals.failed, 1);
            assert_int_equal(totals.files, 0);
            assert_true(copy.sent.text[0] != '\0' && copy.sent.path[0] != '\0');
            expect_text("other", "old");
        }
        assert_int_equal(partials_left(), 0);
        assert_int_equal(chdir(".."), 0);
        remove_tree("d");
    }
}

static void names_may_hold_any_byte(void **state)
{
    (void)state;
    static const char *names[] = {
        "with space",
        "new\nline",
        "-dash",
        "--",
        "\xff\xfe invalid",
        "\xc3\xa4\xe2\x82\xac",
        "\"quote'",
        ".hidden",
        "...",
        "tab\t\x01\x7f",
        "*",
        "back\\slash",
    };
    struct copy copy;
    char path[64];
    size_t count = sizeof(names) / sizeof(names[0]);

    make_dir("tree", 0755);
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(path, sizeof(path), "tree/%s", names[i]);
        make_text(path, names[i]);
    }
    struct vsh_file_totals totals = copy_files(&copy, "tree", "new", VSH_FILE_RECURSIVE);
    assert_int_equal(totals.files, count);
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(path, sizeof(path), "new/%s", names[i]);
        expect_text(path, names[i]);
    }
}

static void longest_name_works(void **state)
{
    (void)state;
    struct copy copy;
    char name[NAME_MAX + 1];
    char path[NAME_MAX + 8];

    memset(name, 'n', NAME_MAX);
    name[NAME_MAX] = '\0';
    make_dir("out", 0755);
    make_text(name, "long");
    (void)copy_files(&copy, name, "out", 0);
    (void)snprintf(path, sizeof(path), "out/%s", name);
    expect_text(path, "long");
}

static void links_stay_links(void **state)
{
    (void)state;
    struct copy copy;
    char target[64];

    make_dir("tree", 0755);
    make_dir("tree/folder", 0755);
    make_text("tree/file", "content");
    assert_int_equal(symlink("file", "tree/to-file"), 0);
    assert_int_equal(symlink("nowhere/at all", "tree/dangling"), 0);
    assert_int_equal(symlink("folder", "tree/to-folder"), 0);
    set_mtime("tree/dangling", 1000000000, 5);
    /* An old link and an old file are in the way. */
    make_dir("new", 0755);
    make_dir("new/tree", 0755);
    assert_int_equal(symlink("elsewhere", "new/tree/to-file"), 0);
    make_text("new/tree/dangling", "old");
    struct vsh_file_totals totals = copy_files(&copy, "tree", "new", VSH_FILE_RECURSIVE);
    assert_int_equal(totals.links, 3);
    assert_int_equal(totals.failed, 0);
    assert_int_equal(readlink("new/tree/to-file", target, sizeof(target)), 4);
    assert_int_equal(readlink("new/tree/to-folder", target, sizeof(target)), 6);
    assert_int_equal(readlink("new/tree/dangling", target, sizeof(target)), 14);
    assert_memory_equal(target, "nowhere/at all", 14);
    expect_meta("new/tree/dangling", 0777, 1000000000, 5);
}

static void special_files_are_skipped_with_a_line(void **state)
{
    (void)state;
    struct copy copy;

    make_dir("tree", 0755);
    assert_int_equal(mkfifo("tree/pipe", 0600), 0);
    make_text("tree/file", "x");
    struct vsh_file_totals totals = copy_files(&copy, "tree", "new", VSH_FILE_RECURSIVE);
    assert_int_equal(totals.skipped, 1);
    assert_int_equal(totals.failed, 0);
    assert_int_equal(totals.files, 1);
    assert_string_equal(copy.sent.path, "tree/pipe");
    assert_string_equal(copy.received.path, "tree/pipe"); /* the receiver is told, too */
    assert_int_equal(copy.received.code, VSH_FILE_CODE_SPECIAL);
}

static void a_special_target_is_never_replaced(void **state)
{
    (void)state;
    struct copy copy;
    struct stat st;

    make_text("from", "x");
    assert_int_equal(mkfifo("to", 0600), 0);
    struct vsh_file_totals totals = copy_files(&copy, "from", "to", 0);
    assert_int_equal(totals.failed, 1);
    assert_int_equal(stat("to", &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
}

static void holes_stay_holes(void **state)
{
    (void)state;
    struct copy copy;
    struct stat st;
    const off_t mib = 1024 * 1024;

    int fd = open("sparse", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "begin", 5, 3 * mib), 5);
    assert_int_equal(pwrite(fd, "middle", 6, 200 * mib), 6);
    assert_int_equal(ftruncate(fd, 300 * mib), 0);
    assert_int_equal(close(fd), 0);
    struct vsh_file_totals totals = copy_files(&copy, "sparse", "new", 0);
    assert_int_equal(totals.bytes, 300 * mib);
    assert_true(copy.data_bytes < (uint64_t)mib);
    assert_int_equal(stat("new", &st), 0);
    assert_int_equal(st.st_size, 300 * mib);
    assert_true(st.st_blocks * 512 < mib);
    char bytes[6];
    fd = open("new", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, bytes, 6, 200 * mib), 6);
    assert_memory_equal(bytes, "middle", 6);
    assert_int_equal(close(fd), 0);
}

static void folder_mode_and_time_are_set_at_the_end(void **state)
{
    (void)state;
    struct copy copy;

    make_dir("tree", 0755);
    make_dir("tree/locked", 0755);
    make_text("tree/locked/file", "x");
    assert_int_equal(chmod("tree/locked", 0555), 0);
    set_mtime("tree/locked", 1111111111, 222);
    set_mtime("tree", 1222222222, 333);
    (void)copy_files(&copy, "tree", "new", VSH_FILE_RECURSIVE);
    expect_meta("new/locked", 0555, 1111111111, 222);
    expect_meta("new", 0755, 1222222222, 333);
    expect_text("new/locked/file", "x");
}

static void the_digest_is_that_of_xxh128sum(void **state)
{
    (void)state;
    struct copy copy;
    /* printf 'hello' | xxh128sum */
    static const uint8_t expected[] = {0xb5, 0xe9, 0xc1, 0xad, 0x07, 0x1b, 0x3e, 0x7f,
                                       0xc7, 0x79, 0xcf, 0xaa, 0x5e, 0x52, 0x38, 0x18};

    make_text("from", "hello");
    (void)copy_files(&copy, "from", "to", 0);
    assert_memory_equal(copy.sent.digest, expected, sizeof(expected));
    assert_memory_equal(copy.received.digest, expected, sizeof(expected));
}

static void kernel_files_have_the_size_they_have(void **state)
{
    (void)state;
    struct copy copy;

    if (access("/proc/version", R_OK) < 0) {
        skip();
    }
    struct vsh_file_totals totals = copy_files(&copy, "/proc/version", "version", 0);
    assert_int_equal(totals.failed, 0);
    expect_equal_files("/proc/version", "version");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
        TEST(one_file_keeps_mode_and_time),
        TEST(set_user_id_is_never_given),
        TEST(empty_file_and_empty_folder_arrive),
        TEST(destination_is_resolved_as_cp_does),
        TEST(names_may_hold_any_byte),
        TEST(longest_name_works),
        TEST(links_stay_links),
        TEST(special_files_are_skipped_with_a_line),
        TEST(a_special_target_is_never_replaced),
        TEST(holes_stay_holes),
        TEST(folder_mode_and_time_are_set_at_the_end),
        TEST(the_digest_is_that_of_xxh128sum),
        TEST(kernel_files_have_the_size_they_have),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
