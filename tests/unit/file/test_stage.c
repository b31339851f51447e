/* SPDX-License-Identifier: MIT */
/* One staged file: what is seen of it before, during and after, and whose partial is taken over. */
#include "copy_helper.h"

#include <sys/file.h>

#include "file/stage.h"

static void write_all(struct file_stage *stage, const char *text)
{
    assert_int_equal(file_stage_write(stage, text, strlen(text)), 0);
}

static void the_target_is_old_or_new(void **state)
{
    (void)state;
    struct file_stage stage;
    const struct file_meta meta = {.mode = 07640, .mtime = {.tv_sec = 77, .tv_nsec = 88}};
    struct stat st;

    make_text("target", "old");
    assert_int_equal(file_stage_open(&stage, AT_FDCWD, "target", FILE_STAGE_SYNC), -EBADF);
    int dir_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(file_stage_open(&stage, dir_fd, "target", FILE_STAGE_SYNC), 0);
    write_all(&stage, "ne");
    assert_int_equal(fstat(stage.fd, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    expect_text("target", "old");
    assert_int_equal(partials_left(), 1);
    write_all(&stage, "w");
    assert_int_equal(file_stage_publish(&stage, &meta), 0);
    assert_int_equal(stage.fd, -1);
    assert_int_equal(close(dir_fd), 0); /* borrowed, so still open */
    expect_text("target", "new");
    expect_meta("target", 0640, 77, 88);
    assert_int_equal(partials_left(), 0);
    file_stage_discard(&stage); /* fits behind everything */
    expect_text("target", "new");
}

static void bare_takes_the_old_mode_or_the_umask(void **state)
{
    (void)state;
    struct file_stage stage;
    struct stat st;

    make_file("old", "x", 1, 0604);
    assert_int_equal(file_stage_open_path(&stage, -1, "old", 0), 0);
    assert_int_equal(file_stage_publish(&stage, NULL), 0);
    assert_int_equal(stat("old", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0604);
    (void)umask(027);
    assert_int_equal(file_stage_open_path(&stage, -1, "./new", 0), 0);
    assert_int_equal(file_stage_publish(&stage, NULL), 0);
    assert_int_equal(stat("new", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(umask(022), 027);
}

static void new_never_replaces(void **state)
{
    (void)state;
    struct file_stage stage;

    make_text("there", "old");
    assert_int_equal(symlink("nowhere", "dangling"), 0);
    assert_int_equal(file_stage_open_path(&stage, -1, "there", FILE_STAGE_NEW), -EEXIST);
    assert_int_equal(file_stage_open_path(&stage, -1, "dangling", FILE_STAGE_NEW), -EEXIST);
    assert_int_equal(file_stage_open_path(&stage, -1, "late", FILE_STAGE_NEW), 0);
    write_all(&stage, "new");
    make_text("late", "somebody was faster");
    assert_int_equal(file_stage_publish(&stage, NULL), -EEXIST);
    expect_text("late", "somebody was faster");
    assert_int_equal(partials_left(), 0);
}

static void paths_that_name_no_file_fail(void **state)
{
    (void)state;
    struct file_stage stage;

    make_dir("folder", 0755);
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_int_equal(file_stage_open_path(&stage, -1, "folder", 0), -EISDIR);
    assert_int_equal(file_stage_open_path(&stage, -1, "folder/", 0), -EISDIR);
    assert_int_equal(file_stage_open_path(&stage, -1, "new/", 0), -EISDIR);
    assert_int_equal(file_stage_open_path(&stage, -1, ".", 0), -EISDIR);
    assert_int_equal(file_stage_open_path(&stage, -1, "", 0), -ENOENT);
    assert_int_equal(file_stage_open_path(&stage, -1, "absent/x", 0), -ENOENT);
    assert_int_equal(file_stage_open_path(&stage, -1, "pipe", 0), -ENOTSUP);
    assert_int_equal(stage.fd, -1);
    file_stage_discard(&stage);
    int root_fd = open("folder", O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(file_stage_open_path(&stage, root_fd, "../x", 0), -EXDEV);
    assert_int_equal(file_stage_open_path(&stage, root_fd, "/x", 0), 0);
    assert_int_equal(file_stage_publish(&stage, NULL), 0);
    assert_true(exists("folder/x"));
    (void)close(root_fd);
}

static void a_kept_partial_is_found_again(void **state)
{
    (void)state;
    struct file_stage stage;
    static const char *const names[] = {
        "short",
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
        "890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
        "89012345678901234567890123456789012345678901234567890123456789012345678901234",
    };

    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(file_stage_open_path(&stage, -1, names[i], 0), 0);
        write_all(&stage, "half");
        file_stage_keep(&stage);
        assert_int_equal(partials_left(), 1);
        assert_int_equal(file_stage_open_path(&stage, -1, names[i], FILE_STAGE_RESUME), 0);
        assert_int_equal(stage.size, 4);
        write_all(&stage, " whole");
        assert_int_equal(file_stage_publish(&stage, NULL), 0);
        expect_text(names[i], "half whole");
        /* And an attempt that does not resume begins at nothing. */
        assert_int_equal(file_stage_open_path(&stage, -1, names[i], 0), 0);
        write_all(&stage, "half");
        file_stage_keep(&stage);
        assert_int_equal(file_stage_open_path(&stage, -1, names[i], 0), 0);
        assert_int_equal(stage.size, 0);
        file_stage_discard(&stage);
        assert_int_equal(partials_left(), 0);
    }
}

static void names_with_one_beginning_have_two_partials(void **state)
{
    (void)state;
    struct file_stage a;
    struct file_stage b;
    char name[202];

    /* The next version must find what this one left. */
    assert_int_equal(file_stage_open_path(&a, -1, "short", 0), 0);
    assert_string_equal(a.partial, ".short.vsh-60d20d0a");
    assert_int_equal(file_stage_open_path(&b, -1, "short", 0), 0);
    assert_true(b.unique);
    assert_memory_equal(b.partial, ".short.vsh-60d20d0a-", 20);
    assert_int_equal(strspn(b.partial + 20, "0123456789abcdef"), 8);
    assert_int_equal(strlen(b.partial), 28);
    file_stage_discard(&a);
    file_stage_discard(&b);

    memset(name, 'n', sizeof(name));
    name[201] = '\0';
    assert_int_equal(file_stage_open_path(&a, -1, name, 0), 0);
    name[200] = 'm';
    assert_int_equal(file_stage_open_path(&b, -1, name, 0), 0);
    assert_string_not_equal(a.partial, b.partial);
    assert_false(b.unique);
    file_stage_discard(&a);
    file_stage_discard(&b);
}

static void a_locked_partial_is_left_to_its_owner(void **state)
{
    (void)state;
    struct file_stage first;
    struct file_stage second;

    assert_int_equal(file_stage_open_path(&first, -1, "t", 0), 0);
    assert_int_equal(file_stage_open_path(&second, -1, "t", FILE_STAGE_RESUME), -EALREADY);
    assert_int_equal(file_stage_open_path(&second, -1, "t", 0), 0);
    assert_true(second.unique);
    write_all(&first, "first");
    write_all(&second, "second");
    assert_int_equal(file_stage_publish(&second, NULL), 0);
    expect_text("t", "second");
    assert_int_equal(file_stage_publish(&first, NULL), 0);
    expect_text("t", "first");
    /* Nobody would find a unique one again: keeping it would be litter. */
    assert_int_equal(file_stage_open_path(&first, -1, "t", 0), 0);
    assert_int_equal(file_stage_open_path(&second, -1, "t", 0), 0);
    file_stage_keep(&second);
    file_stage_discard(&first);
    assert_int_equal(partials_left(), 0);
}

/* What lies at the partial's name is not always a partial of ours. */
static void a_planted_partial_is_not_used(void **state)
{
    (void)state;
    struct file_stage stage;
    char partial[NAME_MAX + 1];

    assert_int_equal(file_stage_open_path(&stage, -1, "t", 0), 0);
    (void)snprintf(partial, sizeof(partial), "%s", stage.partial);
    file_stage_discard(&stage);
    make_file("mine", "mine", 4, 0600);
    for (int way = 0; way < 5; way++) {
        switch (way) {
        case 0:
            assert_int_equal(symlink("mine", partial), 0);
            break;
        case 1:
            assert_int_equal(link("mine", partial), 0);
            break;
        case 2: /* others may have it open */
            make_file(partial, "x", 1, 0622);
            break;
        case 3:
            assert_int_equal(mkfifo(partial, 0600), 0);
            break;
        default:
            assert_int_equal(mkdir(partial, 0700), 0);
            break;
        }
        assert_int_equal(file_stage_open_path(&stage, -1, "t", FILE_STAGE_RESUME), 0);
        assert_true(stage.unique);
        assert_int_equal(stage.size, 0);
        write_all(&stage, "new");
        assert_int_equal(file_stage_publish(&stage, NULL), 0);
        expect_text("mine", "mine");
        expect_text("t", "new");
        assert_true(exists(partial));
        assert_int_equal(remove(partial), 0);
    }
}

static void holes_count_as_length(void **state)
{
    (void)state;
    struct file_stage stage;
    struct stat st;

    assert_int_equal(file_stage_open_path(&stage, -1, "t", 0), 0);
    write_all(&stage, "a");
    assert_int_equal(file_stage_hole(&stage, 10000000), 0);
    assert_int_equal(fstat(stage.fd, &st), 0);
    assert_int_equal(st.st_size, 10000001);
    write_all(&stage, "b");
    assert_int_equal(file_stage_hole(&stage, INT64_MAX), -EFBIG);
    assert_int_equal(file_stage_publish(&stage, NULL), 0);
    assert_int_equal(stat("t", &st), 0);
    assert_int_equal(st.st_size, 10000002);
    assert_true(st.st_blocks * 512 < 100000);
}

/* Who has the folder's lock stages small files without one each. */
static void one_at_a_time_fills_a_folder_alone(void **state)
{
    (void)state;
    struct file_stage stage;
    struct file_stage other;
    const struct file_meta meta = {.mode = 0640, .mtime = {.tv_sec = 77, .tv_nsec = 88}};
    int first = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int second = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int path = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

    assert_false(file_stage_lock_folder(path));
    assert_true(file_stage_lock_folder(first));
    assert_false(file_stage_lock_folder(second));
    assert_int_equal(file_stage_open(&stage, first, "t", FILE_STAGE_ALONE), 0);
    assert_int_equal(file_stage_open(&other, second, "t", 0), 0);
    assert_string_not_equal(stage.partial, other.partial);
    write_all(&stage, "alone");
    write_all(&other, "other");
    assert_int_equal(partials_left(), 2);
    assert_false(exists("t"));
    assert_int_equal(file_stage_publish(&stage, &meta), 0);
    expect_text("t", "alone");
    expect_meta("t", 0640, 77, 88);
    assert_int_equal(file_stage_publish(&other, &meta), 0);
    expect_text("t", "other");
    /* A small part is of no use to anybody. */
    assert_int_equal(file_stage_open(&stage, first, "t", FILE_STAGE_ALONE), 0);
    file_stage_keep(&stage);
    assert_int_equal(partials_left(), 0);
    (void)close(first);
    assert_true(file_stage_lock_folder(second));
    (void)close(second);
    (void)close(path);
}

/* Alone the target is looked at last; the answers are those of a look at the beginning. */
static void alone_replaces_what_may_be_replaced(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t flags;
        int rc;
    } cases[] = {
        {"file", 0, 0},
        {"dangling", 0, 0},
        {"folder", 0, -EISDIR},
        {"empty", 0, -EISDIR},
        {"pipe", 0, -ENOTSUP},
        {"late", FILE_STAGE_NEW, -EEXIST},
        {"fresh", FILE_STAGE_NEW, 0},
    };
    struct file_stage stage;
    struct stat st;
    int dir_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    make_text("file", "old");
    assert_int_equal(symlink("file-behind", "dangling"), 0);
    make_dir("folder", 0755);
    make_text("folder/in", "it");
    make_dir("empty", 0755);
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_true(file_stage_lock_folder(dir_fd));
    assert_int_equal(file_stage_open(&stage, dir_fd, "file", FILE_STAGE_ALONE | FILE_STAGE_NEW),
                     -EEXIST);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(
            file_stage_open(&stage, dir_fd, cases[i].name, FILE_STAGE_ALONE | cases[i].flags), 0);
        write_all(&stage, "new");
        if (strcmp(cases[i].name, "late") == 0) {
            make_text("late", "somebody was faster");
        }
        assert_int_equal(file_stage_publish(&stage, NULL), cases[i].rc);
        assert_int_equal(stage.fd, -1);
        if (cases[i].rc == 0) {
            assert_int_equal(lstat(cases[i].name, &st), 0);
            assert_true(S_ISREG(st.st_mode));
            expect_text(cases[i].name, "new");
        }
        assert_int_equal(partials_left(), 0);
    }
    expect_text("late", "somebody was faster");
    expect_text("folder/in", "it");
    assert_false(exists("file-behind"));
    assert_int_equal(lstat("pipe", &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
    (void)close(dir_fd);
}

/* What a killed copy left goes away, be its mode the last or not; what is not ours stays. */
static void alone_removes_only_its_own_litter(void **state)
{
    (void)state;
    struct file_stage stage;
    char partial[NAME_MAX + 1];
    int dir_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(file_stage_lock_folder(dir_fd));
    assert_int_equal(file_stage_open(&stage, dir_fd, "t", FILE_STAGE_ALONE), 0);
    (void)snprintf(partial, sizeof(partial), "%s", stage.partial);
    file_stage_discard(&stage);
    make_file("mine", "mine", 4, 0600);
    for (int way = 0; way < 5; way++) {
        bool litter = way < 2;
        switch (way) {
        case 0:
            make_file(partial, "litter", 6, 0600);
            break;
        case 1:
            make_file(partial, "litter", 6, 0644);
            break;
        case 2:
            assert_int_equal(symlink("mine", partial), 0);
            break;
        case 3:
            assert_int_equal(mkfifo(partial, 0600), 0);
            break;
        default:
            assert_int_equal(mkdir(partial, 0700), 0);
            break;
        }
        assert_int_equal(file_stage_open(&stage, dir_fd, "t", FILE_STAGE_ALONE), 0);
        assert_int_equal(strcmp(stage.partial, partial) == 0, litter);
        write_all(&stage, "new");
        assert_int_equal(file_stage_publish(&stage, NULL), 0);
        expect_text("mine", "mine");
        expect_text("t", "new");
        assert_int_equal(partials_left(), !litter);
        assert_int_equal(remove(partial), litter ? -1 : 0);
    }
    (void)close(dir_fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
        TEST(the_target_is_old_or_new),
        TEST(bare_takes_the_old_mode_or_the_umask),
        TEST(new_never_replaces),
        TEST(paths_that_name_no_file_fail),
        TEST(a_kept_partial_is_found_again),
        TEST(names_with_one_beginning_have_two_partials),
        TEST(a_locked_partial_is_left_to_its_owner),
        TEST(a_planted_partial_is_not_used),
        TEST(holes_count_as_length),
        TEST(one_at_a_time_fills_a_folder_alone),
        TEST(alone_replaces_what_may_be_replaced),
        TEST(alone_removes_only_its_own_litter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
