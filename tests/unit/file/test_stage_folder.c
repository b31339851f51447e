/* SPDX-License-Identifier: MIT */
/*
 * Staging in folders that are not as usual: a lock that another machine does not see, files that
 * belong to somebody else as soon as they are made, and what earlier copies left. The file systems
 * are played by standing in front of the C library.
 */
#include "copy_helper.h"

#include <dlfcn.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "file/stage.h"

static struct {
    bool network;     /* locks of folders are this machine's, and two machines are played */
    bool other_owner; /* files are made with another owner */
} fs;

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): theirs are reserved */
int fstatfs64(int fd, struct statfs64 *ret)
{
    int (*next)(int, struct statfs64 *);

    /* As POSIX has it; ISO C knows no way from an object to a function. */
    *(void **)&next = dlsym(RTLD_NEXT, "fstatfs64");
    assert_non_null(next);
    int rc = next(fd, ret);
    if (rc == 0 && fs.network) {
        ret->f_type = NFS_SUPER_MAGIC;
    }
    return rc;
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): theirs are reserved */
int flock(int fd, int operation)
{
    struct stat st;

    if (fs.network && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        return 0; /* each of the machines has it */
    }
    return (int)syscall(SYS_flock, fd, operation);
}

uid_t geteuid(void)
{
    return (uid_t)syscall(SYS_geteuid) + (fs.other_owner ? 1 : 0);
}

static int fs_teardown(void **state)
{
    memset(&fs, 0, sizeof(fs));
    return scratch_teardown(state);
}

static void write_all(struct file_stage *stage, const char *text)
{
    assert_int_equal(file_stage_write(stage, text, strlen(text)), 0);
}

/* Nobody may see, or publish, what another machine is just writing. */
static void a_lock_that_others_do_not_see_is_not_relied_on(void **state)
{
    (void)state;
    struct file_stage stages[2];
    int fds[2];

    fs.network = true;
    for (size_t i = 0; i < 2; i++) {
        fds[i] = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        uint32_t flags = file_stage_lock_folder(fds[i]) ? FILE_STAGE_ALONE : 0;
        assert_int_equal(file_stage_open(&stages[i], fds[i], "t", flags), 0);
    }
    write_all(&stages[0], "first");
    write_all(&stages[1], "sec");
    assert_int_equal(file_stage_publish(&stages[0], NULL), 0);
    expect_text("t", "first");
    write_all(&stages[1], "ond");
    expect_text("t", "first");
    assert_int_equal(file_stage_publish(&stages[1], NULL), 0);
    expect_text("t", "second");
    assert_int_equal(partials_left(), 0);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

/* Kept is only what the next attempt takes over. */
static void a_part_that_is_not_found_ours_is_not_kept(void **state)
{
    (void)state;
    struct file_stage stage;

    fs.other_owner = true;
    assert_int_equal(file_stage_open_path(&stage, -1, "t", 0), 0);
    write_all(&stage, "half");
    file_stage_keep(&stage);
    assert_int_equal(partials_left(), 0);
    assert_int_equal(file_stage_open_path(&stage, -1, "t", FILE_STAGE_RESUME), 0);
    assert_int_equal(stage.size, 0);
    write_all(&stage, "whole");
    assert_int_equal(file_stage_publish(&stage, NULL), 0);
    expect_text("t", "whole");
    assert_int_equal(partials_left(), 0);
}

/* The two ways of staging have two names: each removes what the other left, when nobody uses it. */
static void litter_goes_though_the_file_grew_or_shrank(void **state)
{
    (void)state;
    struct file_stage stage;
    struct copy copy;

    make_dir("tree", 0755);
    make_dir("new", 0755);
    make_big("tree/f", 3000000, 1);
    copy_prepare(&copy, "tree/.", "new", VSH_FILE_RECURSIVE);
    copy.cut_after = 1000000;
    copy_start(&copy);
    copy_drive(&copy);
    assert_true(file_receiver_interrupt(copy.receiver));
    copy_finish(&copy);
    assert_int_equal(partials_left(), 1);
    make_big("tree/f", 3000, 2);
    (void)copy_files(&copy, "tree/.", "new", VSH_FILE_RECURSIVE);
    expect_equal_files("tree/f", "new/f");
    assert_int_equal(partials_left(), 0);

    int dir_fd = open("new", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(file_stage_open(&stage, dir_fd, "f", FILE_STAGE_ALONE), 0);
    write_all(&stage, "then its process was killed");
    (void)close(stage.fd);
    (void)close(dir_fd);
    assert_int_equal(partials_left(), 1);
    make_big("tree/f", 3000000, 3);
    (void)copy_files(&copy, "tree/.", "new", VSH_FILE_RECURSIVE);
    expect_equal_files("tree/f", "new/f");
    assert_int_equal(partials_left(), 0);
}

static void what_another_copy_works_on_stays(void **state)
{
    (void)state;
    struct file_stage other;
    struct copy copy;

    make_dir("tree", 0755);
    make_dir("new", 0755);
    make_text("tree/f", "small");
    assert_int_equal(file_stage_open_path(&other, -1, "new/f", 0), 0);
    write_all(&other, "other");
    (void)copy_files(&copy, "tree/.", "new", VSH_FILE_RECURSIVE);
    expect_text("new/f", "small");
    assert_int_equal(file_stage_publish(&other, NULL), 0);
    expect_text("new/f", "other");
    assert_int_equal(partials_left(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, fs_teardown)
        TEST(a_lock_that_others_do_not_see_is_not_relied_on),
        TEST(a_part_that_is_not_found_ours_is_not_kept),
        TEST(litter_goes_though_the_file_grew_or_shrank),
        TEST(what_another_copy_works_on_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
