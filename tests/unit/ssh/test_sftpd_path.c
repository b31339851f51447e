/* SPDX-License-Identifier: MIT */
/* Names over SFTP: real paths, links, renames, and the root that nothing leaves. */
#include "sftp_peer.h"

static void real_paths(void **state)
{
    struct peer *p = *state;
    char expected[128];
    uint32_t status;
    assert_int_equal(mkdir("d", 0755), 0);
    make_file("d/f", "");
    assert_int_equal(symlink("d", "to-d"), 0);
    assert_int_equal(symlink("nowhere/at-all", "torn"), 0);
    assert_int_equal(symlink("d/new", "to-new"), 0);
    assert_int_equal(symlink("loop", "loop"), 0);
    static const struct {
        const char *path;
        const char *below; /* under the folder; NULL = no such file */
    } table[] = {
        {"", ""},
        {".", ""},
        {"d/../d//f", "/d/f"},
        {"to-d/f", "/d/f"},
        {"to-d/..", ""},
        {"to-d/new", "/d/new"},
        {"to-new", "/d/new"},
        {"new", "/new"},
        {"new/", "/new"},
        {"new/x", NULL},
        {"torn", NULL},
        {"loop", NULL},
        {"d/f/x", NULL},
        {"d/f/..", NULL},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const char *name = path_name(p, SFTP_REALPATH, table[i].path, &status);
        if (table[i].below == NULL) {
            assert_int_equal(status, SFTP_NO_SUCH_FILE);
            continue;
        }
        (void)snprintf(expected, sizeof(expected), "%s%s", p->folder, table[i].below);
        assert_string_equal(name, expected);
    }
    assert_string_equal(path_name(p, SFTP_REALPATH, "/", &status), "/");
    assert_string_equal(path_name(p, SFTP_REALPATH, "/../..", &status), "/");
}

static void links(void **state)
{
    struct peer *p = *state;
    uint32_t status;
    char text[64];
    assert_int_equal(path_status(p, SFTP_SYMLINK, "target", "link"), SFTP_OK);
    assert_true(readlink("link", text, sizeof(text)) == 6);
    assert_string_equal(path_name(p, SFTP_READLINK, "link", &status), "target");
    make_file("f", "");
    path_name(p, SFTP_READLINK, "f", &status);
    assert_int_equal(status, SFTP_BAD_MESSAGE); /* EINVAL */
    assert_int_equal(path_status(p, SFTP_STAT, "link", NULL), SFTP_NO_SUCH_FILE);
    request(p, SFTP_LSTAT, 6);
    sftpd_put_text(&p->w, "link");
    assert_int_equal(ask(p), SFTP_ATTRS);
}

static void rename_keeps_what_is_there(void **state)
{
    struct peer *p = *state;
    make_file("a", "A");
    make_file("b", "B");
    assert_int_equal(mkdir("d", 0755), 0);
    assert_int_equal(mkdir("e", 0755), 0);
    assert_int_equal(path_status(p, SFTP_RENAME, "a", "b"), SFTP_FAILURE);
    assert_string_equal(file_text("b"), "B");
    assert_int_equal(path_status(p, SFTP_RENAME, "d", "e"), SFTP_FAILURE);
    assert_int_equal(path_status(p, SFTP_RENAME, "a", "c"), SFTP_OK);
    assert_string_equal(file_text("c"), "A");
    assert_int_equal(path_status(p, SFTP_RENAME, "d", "g"), SFTP_OK);
    assert_int_equal(path_status(p, SFTP_RENAME, "missing", "x"), SFTP_NO_SUCH_FILE);
    assert_int_equal(path_status(p, SFTP_REMOVE, "g", NULL), SFTP_FAILURE); /* a folder */
    assert_int_equal(path_status(p, SFTP_RMDIR, "g", NULL), SFTP_OK);
    assert_int_equal(path_status(p, SFTP_REMOVE, "c", NULL), SFTP_OK);
    assert_int_equal(path_status(p, SFTP_REMOVE, "c", NULL), SFTP_NO_SUCH_FILE);
}

static uint32_t open_status(struct peer *p, const char *path, uint32_t flags)
{
    uint8_t handle[SFTP_HANDLE_BYTES];
    return open_file(p, path, flags, handle);
}

/* Everything that could leave the root, by every kind of request. */
static void nothing_leaves_the_root(void **state)
{
    struct peer *p = *state;
    struct stat st;
    assert_int_equal(mkdir("root", 0755), 0);
    make_file("secret", "outside");
    assert_int_equal(mkdir("root/d", 0755), 0);
    make_file("root/f", "inside");
    assert_int_equal(symlink("../secret", "root/up"), 0);
    assert_int_equal(symlink("/etc", "root/absolute"), 0);
    assert_int_equal(symlink("..", "root/d/parent"), 0);
    close(p->root_fd);
    p->root_fd = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    peer_start(p, true, NULL, NULL);

    static const char *const outside[] = {
        "up", "../secret", "/../secret", "d/../../secret", "absolute/passwd", "d/parent/../secret"};
    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        const char *path = outside[i];
        assert_int_not_equal(open_status(p, path, SFTP_OPEN_READ), SFTP_OK);
        assert_int_not_equal(open_status(p, path, SFTP_OPEN_WRITE | SFTP_OPEN_CREATE), SFTP_OK);
        assert_int_not_equal(path_status(p, SFTP_STAT, path, NULL), SFTP_OK);
        request(p, SFTP_SETSTAT, 6);
        sftpd_put_text(&p->w, path);
        sftpd_put_u32(&p->w, SFTP_ATTR_PERMISSIONS);
        sftpd_put_u32(&p->w, 0777);
        assert_int_not_equal(ask_status(p), SFTP_OK);
        request(p, SFTP_EXTENDED, 6);
        sftpd_put_text(&p->w, "statvfs@openssh.com");
        sftpd_put_text(&p->w, path);
        assert_int_not_equal(ask_status(p), SFTP_OK);
        request(p, SFTP_EXTENDED, 6);
        sftpd_put_text(&p->w, "hardlink@openssh.com");
        sftpd_put_text(&p->w, "f");
        sftpd_put_text(&p->w, "../stolen");
        assert_int_not_equal(ask_status(p), SFTP_OK);
    }
    assert_int_not_equal(path_status(p, SFTP_RENAME, "f", "../f"), SFTP_OK);
    assert_int_not_equal(path_status(p, SFTP_RENAME, "../secret", "f2"), SFTP_OK);
    assert_int_not_equal(path_status(p, SFTP_REMOVE, "d/../../secret", NULL), SFTP_OK);
    assert_int_not_equal(path_status(p, SFTP_SYMLINK, "x", "../x"), SFTP_OK);
    assert_int_not_equal(path_status(p, SFTP_RMDIR, "/", NULL), SFTP_OK);
    assert_string_equal(file_text("secret"), "outside");
    assert_int_equal(stat("secret", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
}

static void the_root_is_a_world_of_its_own(void **state)
{
    struct peer *p = *state;
    uint32_t status;
    uint8_t handle[SFTP_HANDLE_BYTES];
    struct stat st;
    assert_int_equal(mkdir("d", 0755), 0);
    make_file("d/f", "inside");
    assert_int_equal(symlink("d/f", "link"), 0);
    assert_int_equal(symlink("/d", "absolute"), 0);
    peer_start(p, true, NULL, NULL);
    assert_string_equal(path_name(p, SFTP_REALPATH, ".", &status), "/");
    assert_string_equal(path_name(p, SFTP_REALPATH, "/..", &status), "/");
    assert_string_equal(path_name(p, SFTP_REALPATH, "link", &status), "/d/f");
    assert_string_equal(path_name(p, SFTP_REALPATH, "/d/new", &status), "/d/new");
    path_name(p, SFTP_REALPATH, "absolute/f", &status);
    assert_int_equal(status, SFTP_PERMISSION_DENIED);
    assert_int_equal(open_file(p, "/d/f", SFTP_OPEN_READ, handle), SFTP_OK);
    assert_int_equal(open_file(p, "/d/g", SFTP_OPEN_WRITE | SFTP_OPEN_CREATE, handle), SFTP_OK);
    assert_int_equal(stat("d/g", &st), 0);
    request(p, SFTP_SETSTAT, 6);
    sftpd_put_text(&p->w, "/link");
    sftpd_put_u32(&p->w, SFTP_ATTR_SIZE | SFTP_ATTR_PERMISSIONS);
    sftpd_put_u64(&p->w, 2);
    sftpd_put_u32(&p->w, 0600);
    assert_int_equal(ask_status(p), SFTP_OK);
    assert_string_equal(file_text("d/f"), "in");
    assert_int_equal(stat("d/f", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    for (int i = 0; i < 3; i++) {
        static const char *const tops[] = {"/", ".", "/."};
        request(p, SFTP_LSTAT, 6);
        sftpd_put_text(&p->w, tops[i]);
        assert_int_equal(ask(p), SFTP_ATTRS);
    }
    assert_int_equal(path_status(p, SFTP_STAT, "", NULL), SFTP_NO_SUCH_FILE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, peer_setup, peer_teardown)
    const struct CMUnitTest tests[] = {
        TEST(real_paths),
        TEST(links),
        TEST(rename_keeps_what_is_there),
        TEST(nothing_leaves_the_root),
        TEST(the_root_is_a_world_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
