/* SPDX-License-Identifier: MIT */
/*
 * Opening beneath a folder. Every row runs twice, with openat2(2) and with the walk: they must not
 * differ, so that a kernel without the call is no less safe.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/beneath.h"
#include "base/cleanup.h"

struct tree {
    char top[64];
    int root_fd; /* top/root */
};

static void put_file(int dir_fd, const char *path, const char *content)
{
    cleanup_close int fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
}

/* Builds top/secret, top/root/{file,dir/inner,dir/deep/x} and links of every kind. */
static int set_up(void **state)
{
    static const char *const links[][2] = {
        {"file", "root/to_file"},
        {"dir", "root/to_dir"},
        {"../secret", "root/out"},
        {"..", "root/up"},
        {"/etc/passwd", "root/absolute"},
        {"/", "root/slash"},
        {"dir/../file", "root/around"},
        {"nowhere", "root/dangling"},
        {"loop_b", "root/loop_a"},
        {"loop_a", "root/loop_b"},
        {"../file", "root/dir/to_upper"},
        {"../../secret", "root/dir/out"},
        {"dir/", "root/to_dir_slash"},
        {"to_dir/deep", "root/twice"},
        {"../root/file", "root/out_and_in"},
        {"../../root2", "root/dir/beside"},
    };
    struct tree *tree = calloc(1, sizeof(*tree));
    assert_non_null(tree);
    (void)snprintf(tree->top, sizeof(tree->top), "/tmp/vsh-beneath-XXXXXX");
    assert_non_null(mkdtemp(tree->top));
    cleanup_close int top = open(tree->top, O_PATH | O_DIRECTORY);
    assert_true(top >= 0);
    assert_int_equal(mkdirat(top, "root", 0700), 0);
    assert_int_equal(mkdirat(top, "root2", 0700), 0);
    assert_int_equal(mkdirat(top, "root/dir", 0700), 0);
    assert_int_equal(mkdirat(top, "root/dir/deep", 0700), 0);
    put_file(top, "secret", "secret");
    put_file(top, "root/file", "file");
    put_file(top, "root/dir/inner", "inner");
    put_file(top, "root/dir/deep/x", "x");
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        assert_int_equal(symlinkat(links[i][0], top, links[i][1]), 0);
    }
    tree->root_fd = openat(top, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_true(tree->root_fd >= 0);
    *state = tree;
    return 0;
}

static int tear_down(void **state)
{
    struct tree *tree = *state;
    char command[128];
    (void)close(tree->root_fd);
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", tree->top);
    int status = system(command); /* NOLINT(cert-env33-c): a path of our own making */
    free(tree);
    beneath_use_fallback(false);
    return status;
}

static void expect_content(int fd, const char *content)
{
    char text[32] = "";
    assert_true(read(fd, text, sizeof(text) - 1) >= 0);
    assert_string_equal(text, content);
}

static void test_read(void **state)
{
    static const struct {
        const char *path;
        int flags;
        int result; /* 0 or an errno */
        const char *content;
    } rows[] = {
        {"file", O_RDONLY, 0, "file"},
        {"/file", O_RDONLY, 0, "file"},
        {"//file", O_RDONLY, 0, "file"},
        {"./file", O_RDONLY, 0, "file"},
        {"dir/inner", O_RDONLY, 0, "inner"},
        {"dir//./inner", O_RDONLY, 0, "inner"},
        {"dir/../file", O_RDONLY, 0, "file"},
        {"dir/deep/../../dir/inner", O_RDONLY, 0, "inner"},
        {"dir/deep/../..", O_RDONLY | O_DIRECTORY, 0, NULL},
        {"", O_RDONLY, -ENOENT, NULL},
        {"/", O_RDONLY | O_DIRECTORY, 0, NULL},
        {".", O_RDONLY | O_DIRECTORY, 0, NULL},
        {"..", O_RDONLY, -EXDEV, NULL},
        {"/..", O_RDONLY, -EXDEV, NULL},
        {"../secret", O_RDONLY, -EXDEV, NULL},
        {"dir/../../secret", O_RDONLY, -EXDEV, NULL},
        {"../root/file", O_RDONLY, -EXDEV, NULL},
        {"to_file", O_RDONLY, 0, "file"},
        {"to_file", O_RDONLY | O_NOFOLLOW, -ELOOP, NULL},
        {"to_file/", O_RDONLY, -ENOTDIR, NULL},
        {"to_dir/inner", O_RDONLY | O_NOFOLLOW, 0, "inner"},
        {"to_dir_slash/inner", O_RDONLY, 0, "inner"},
        {"to_dir/", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, NULL},
        {"twice/x", O_RDONLY, 0, "x"},
        {"twice/../inner", O_RDONLY, 0, "inner"},
        {"around", O_RDONLY, 0, "file"},
        {"dir/to_upper", O_RDONLY, 0, "file"},
        {"out", O_RDONLY, -EXDEV, NULL},
        {"out", O_WRONLY | O_CREAT, -EXDEV, NULL},
        {"dir/out", O_RDONLY, -EXDEV, NULL},
        {"dir/beside/new", O_WRONLY | O_CREAT, -EXDEV, NULL},
        {"up", O_RDONLY | O_DIRECTORY, -EXDEV, NULL},
        {"up/secret", O_RDONLY, -EXDEV, NULL},
        {"up/root/file", O_RDONLY, -EXDEV, NULL},
        {"out_and_in", O_RDONLY, -EXDEV, NULL},
        {"absolute", O_RDONLY, -EXDEV, NULL},
        {"slash/etc/passwd", O_RDONLY, -EXDEV, NULL},
        {"dangling", O_RDONLY, -ENOENT, NULL},
        {"loop_a", O_RDONLY, -ELOOP, NULL},
        {"loop_a/x", O_RDONLY, -ELOOP, NULL},
        {"file/", O_RDONLY, -ENOTDIR, NULL},
        {"file/x", O_RDONLY, -ENOTDIR, NULL},
        {"file/..", O_RDONLY, -ENOTDIR, NULL},
        {"missing", O_RDONLY, -ENOENT, NULL},
        {"missing/x", O_RDONLY, -ENOENT, NULL},
        {"missing/../file", O_RDONLY, -ENOENT, NULL},
        {"file", O_RDONLY | O_DIRECTORY, -ENOTDIR, NULL},
        {"dir", O_WRONLY, -EISDIR, NULL},
        {"dir/", O_WRONLY | O_CREAT, -EISDIR, NULL},
        {"file", O_WRONLY | O_CREAT | O_EXCL, -EEXIST, NULL},
        {"to_file", O_WRONLY | O_CREAT | O_EXCL, -EEXIST, NULL},
        {"dangling", O_WRONLY | O_CREAT | O_EXCL, -EEXIST, NULL},
        {"new/", O_WRONLY | O_CREAT, -EISDIR, NULL},
    };
    const struct tree *tree = *state;
    for (int fallback = 0; fallback < 2; fallback++) {
        beneath_use_fallback(fallback != 0);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            cleanup_close int fd = beneath_open(tree->root_fd, rows[i].path, rows[i].flags, 0600);
            if ((rows[i].result == 0) != (fd >= 0) || (fd < 0 && fd != rows[i].result)) {
                fail_msg("\"%s\", flags %o, fallback %d: %d instead of %d", rows[i].path,
                         (unsigned)rows[i].flags, fallback, fd, rows[i].result);
            }
            if (fd >= 0) {
                assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
            }
            if (rows[i].content != NULL) {
                expect_content(fd, rows[i].content);
            }
        }
    }
}

static void test_create(void **state)
{
    const struct tree *tree = *state;
    struct stat st;
    for (int fallback = 0; fallback < 2; fallback++) {
        beneath_use_fallback(fallback != 0);
        (void)unlinkat(tree->root_fd, "nowhere", 0);
        (void)unlinkat(tree->root_fd, "dir/new", 0);
        int fd = beneath_open(tree->root_fd, "to_dir/new", O_WRONLY | O_CREAT | O_EXCL, 0640);
        assert_true(fd >= 0);
        (void)close(fd);
        assert_int_equal(fstatat(tree->root_fd, "dir/new", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
        /* Through a dangling link the file appears where the link points, as with open(2). */
        fd = beneath_open(tree->root_fd, "dangling", O_WRONLY | O_CREAT, 0600);
        assert_true(fd >= 0);
        (void)close(fd);
        assert_int_equal(fstatat(tree->root_fd, "nowhere", &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_true(S_ISREG(st.st_mode));
        /* The link itself, for readlinkat and fstatat. */
        fd = beneath_open(tree->root_fd, "out", O_PATH | O_NOFOLLOW, 0);
        assert_true(fd >= 0);
        assert_int_equal(fstat(fd, &st), 0);
        assert_true(S_ISLNK(st.st_mode));
        (void)close(fd);
    }
}

static void test_long_names(void **state)
{
    const struct tree *tree = *state;
    char path[PATH_MAX + 16];
    for (int fallback = 0; fallback < 2; fallback++) {
        beneath_use_fallback(fallback != 0);
        memset(path, 'a', sizeof(path));
        path[NAME_MAX] = '\0';
        assert_int_equal(beneath_open(tree->root_fd, path, O_RDONLY, 0), -ENOENT);
        path[NAME_MAX] = 'a';
        path[NAME_MAX + 1] = '\0';
        assert_int_equal(beneath_open(tree->root_fd, path, O_RDONLY, 0), -ENAMETOOLONG);
        for (size_t i = 0; i + 1 < sizeof(path); i += 2) {
            path[i] = '.';
            path[i + 1] = '/';
        }
        path[PATH_MAX - 2] = '\0';
        cleanup_close int fd = beneath_open(tree->root_fd, path, O_RDONLY | O_DIRECTORY, 0);
        assert_true(fd >= 0);
        path[PATH_MAX - 2] = '.';
        path[PATH_MAX] = '\0';
        assert_int_equal(beneath_open(tree->root_fd, path, O_RDONLY, 0), -ENAMETOOLONG);
    }
}

static void test_parent(void **state)
{
    static const struct {
        const char *path;
        int result;
        const char *name;
    } rows[] = {
        {"file", 0, "file"},
        {"/file", 0, "file"},
        {"dir/inner///", 0, "inner"},
        {"dir/new", 0, "new"},
        {"to_dir/new", 0, "new"},
        {"out", 0, "out"},
        {"..x", 0, "..x"},
        {"...", 0, "..."},
        {".a", 0, ".a"},
        {"dir/../file", 0, "file"},
        {"", -ENOENT, NULL},
        {"/", -EISDIR, NULL},
        {".", -EISDIR, NULL},
        {"..", -EISDIR, NULL},
        {"dir/..", -EISDIR, NULL},
        {"dir/.//", -EISDIR, NULL},
        {"../x", -EXDEV, NULL},
        {"up/x", -EXDEV, NULL},
        {"slash/x", -EXDEV, NULL},
        {"missing/x", -ENOENT, NULL},
        {"file/x", -ENOTDIR, NULL},
    };
    const struct tree *tree = *state;
    for (int fallback = 0; fallback < 2; fallback++) {
        beneath_use_fallback(fallback != 0);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            char name[NAME_MAX + 1] = "untouched";
            cleanup_close int fd = beneath_open_parent(tree->root_fd, rows[i].path, name);
            if ((rows[i].result == 0) != (fd >= 0) || (fd < 0 && fd != rows[i].result)) {
                fail_msg("\"%s\", fallback %d: %d instead of %d", rows[i].path, fallback, fd,
                         rows[i].result);
            }
            assert_string_equal(name, rows[i].result == 0 ? rows[i].name : "untouched");
        }
        char path[NAME_MAX + 2];
        char name[NAME_MAX + 1];
        memset(path, 'n', sizeof(path));
        path[NAME_MAX + 1] = '\0';
        assert_int_equal(beneath_open_parent(tree->root_fd, path, name), -ENAMETOOLONG);
        path[NAME_MAX] = '\0';
        cleanup_close int fd = beneath_open_parent(tree->root_fd, path, name);
        assert_true(fd >= 0);
        assert_string_equal(name, path);
    }
}

static void test_without_a_root(void **state)
{
    const struct tree *tree = *state;
    char path[128];
    char name[NAME_MAX + 1];
    (void)snprintf(path, sizeof(path), "%s/root/../secret", tree->top);
    cleanup_close int fd = beneath_open(-1, path, O_RDONLY, 0);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    expect_content(fd, "secret");
    cleanup_close int parent = beneath_open_parent(-1, path, name);
    assert_true(parent >= 0);
    assert_string_equal(name, "secret");
    assert_int_equal(faccessat(parent, "root2", F_OK, 0), 0);
    cleanup_close int slash = beneath_open_parent(-1, "/etc", name);
    assert_true(slash >= 0);
    assert_string_equal(name, "etc");
    assert_int_equal(faccessat(slash, "etc", F_OK, 0), 0);
    cleanup_close int here = beneath_open_parent(-1, "plain", name);
    assert_true(here >= 0);
    assert_int_equal(beneath_open(-1, "", O_RDONLY, 0), -ENOENT);
}

/* A root that was moved away is still the root: ".." does not lead to where it is now. */
static void test_moved_root(void **state)
{
    const struct tree *tree = *state;
    for (int fallback = 0; fallback < 2; fallback++) {
        beneath_use_fallback(fallback != 0);
        char from[128];
        char to[128];
        (void)snprintf(from, sizeof(from), "%s/root/dir", tree->top);
        (void)snprintf(to, sizeof(to), "%s/dir_outside", tree->top);
        cleanup_close int dir = beneath_open(tree->root_fd, "dir", O_PATH | O_DIRECTORY, 0);
        assert_true(dir >= 0);
        assert_int_equal(rename(from, to), 0);
        assert_int_equal(beneath_open(dir, "../secret", O_RDONLY, 0), -EXDEV);
        assert_int_equal(beneath_open(dir, "deep/../../secret", O_RDONLY, 0), -EXDEV);
        assert_int_equal(rename(to, from), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_create, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_parent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_without_a_root, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_moved_root, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
