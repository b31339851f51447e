/* SPDX-License-Identifier: MIT */
/* The extensions that OpenSSH's server offers, over memory. */
#include <pwd.h>

#include "sftp_peer.h"

static void extended(struct peer *p, const char *name)
{
    request(p, SFTP_EXTENDED, 6);
    sftpd_put_text(&p->w, name);
}

static void announces_them(void **state)
{
    struct peer *p = *state;
    char all[1024] = "", text[64];
    peer_start(p, false, NULL, NULL);
    while (p->r.offset < p->r.length) {
        sftpd_get_text(&p->r, text, sizeof(text));
        strcat(strcat(all, text), " ");
    }
    assert_int_equal(p->r.error, 0);
    assert_string_equal(all, "posix-rename@openssh.com 1 statvfs@openssh.com 2 "
                             "fstatvfs@openssh.com 2 hardlink@openssh.com 1 fsync@openssh.com 1 "
                             "lsetstat@openssh.com 1 limits@openssh.com 1 "
                             "expand-path@openssh.com 1 copy-data 1 home-directory 1 "
                             "users-groups-by-id@openssh.com 1 ");
}

static unsigned lookups;

/* In the place of libc's, for this program: how often is it asked? */
// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name)
struct passwd *getpwuid(uid_t uid)
{
    static struct passwd entry;
    static char text[4096];
    struct passwd *found = NULL;

    lookups++;
    return getpwuid_r(uid, &entry, text, sizeof(text), &found) == 0 ? found : NULL;
}

static void posix_rename_and_hardlink(void **state)
{
    struct peer *p = *state;
    struct stat a, b;
    make_file("a", "A");
    make_file("b", "B");
    extended(p, "posix-rename@openssh.com");
    sftpd_put_text(&p->w, "a");
    sftpd_put_text(&p->w, "b");
    assert_int_equal(ask_status(p), SFTP_OK);
    assert_string_equal(file_text("b"), "A");
    extended(p, "hardlink@openssh.com");
    sftpd_put_text(&p->w, "b");
    sftpd_put_text(&p->w, "c");
    assert_int_equal(ask_status(p), SFTP_OK);
    assert_int_equal(stat("b", &a) | stat("c", &b), 0);
    assert_int_equal(a.st_ino, b.st_ino);
}

static void statvfs_of_path_and_handle(void **state)
{
    struct peer *p = *state;
    uint8_t handle[SFTP_HANDLE_BYTES];
    uint64_t block[2], name_max[2];
    make_file("f", "");
    assert_int_equal(open_file(p, "f", SFTP_OPEN_READ, handle), SFTP_OK);
    for (int i = 0; i < 2; i++) {
        extended(p, i == 0 ? "statvfs@openssh.com" : "fstatvfs@openssh.com");
        if (i == 0) {
            sftpd_put_text(&p->w, "f");
        } else {
            put_handle(p, handle);
        }
        assert_int_equal(ask(p), SFTP_EXTENDED_REPLY);
        assert_int_equal(p->r.length, 11 * 8);
        block[i] = sftpd_get_u64(&p->r);
        p->r.offset = 80;
        name_max[i] = sftpd_get_u64(&p->r);
    }
    assert_true(block[0] >= 512 && block[0] == block[1]);
    assert_true(name_max[0] == 255 && name_max[1] == 255);
}

static void fsync_and_lsetstat(void **state)
{
    struct peer *p = *state;
    uint8_t handle[SFTP_HANDLE_BYTES];
    struct stat st;
    assert_int_equal(open_file(p, "f", SFTP_OPEN_WRITE | SFTP_OPEN_CREATE, handle), SFTP_OK);
    extended(p, "fsync@openssh.com");
    put_handle(p, handle);
    assert_int_equal(ask_status(p), SFTP_OK);
    assert_int_equal(symlink("f", "link"), 0);
    extended(p, "lsetstat@openssh.com");
    sftpd_put_text(&p->w, "link");
    sftpd_put_u32(&p->w, SFTP_ATTR_TIMES);
    sftpd_put_u32(&p->w, 1000);
    sftpd_put_u32(&p->w, 2000);
    assert_int_equal(ask_status(p), SFTP_OK);
    assert_int_equal(lstat("link", &st), 0);
    assert_int_equal(st.st_mtime, 2000);
    assert_int_equal(stat("f", &st), 0);
    assert_int_not_equal(st.st_mtime, 2000);
    extended(p, "lsetstat@openssh.com");
    sftpd_put_text(&p->w, "link");
    sftpd_put_u32(&p->w, SFTP_ATTR_SIZE);
    sftpd_put_u64(&p->w, 0);
    assert_int_equal(ask_status(p), SFTP_BAD_MESSAGE);
}

static void limits(void **state)
{
    struct peer *p = *state;
    extended(p, "limits@openssh.com");
    assert_int_equal(ask(p), SFTP_EXTENDED_REPLY);
    assert_int_equal(sftpd_get_u64(&p->r), 262144);
    assert_int_equal(sftpd_get_u64(&p->r), 261120);
    assert_int_equal(sftpd_get_u64(&p->r), 261120);
    assert_true(sftpd_get_u64(&p->r) >= 100);
}

static void expand_path_and_home(void **state)
{
    struct peer *p = *state;
    static const struct {
        const char *name, *path, *expected; /* NULL = the folder, "" = a failure */
    } table[] = {
        {"expand-path@openssh.com", "~", NULL},
        {"expand-path@openssh.com", "~/", NULL},
        {"expand-path@openssh.com", "~root/x", "/root/x"},
        {"expand-path@openssh.com", "~no-such-user-here", ""},
        {"expand-path@openssh.com", ".", NULL},
        {"home-directory", "", NULL},
        {"home-directory", "root", "/root"},
        {"home-directory", "no-such-user-here", ""},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char text[256] = "";
        const char *expected = table[i].expected != NULL ? table[i].expected : p->folder;
        extended(p, table[i].name);
        sftpd_put_text(&p->w, table[i].path);
        if (ask(p) == SFTP_NAME) {
            assert_int_equal(sftpd_get_u32(&p->r), 1);
            sftpd_get_text(&p->r, text, sizeof(text));
        }
        assert_string_equal(text, expected);
    }
}

static void users_and_groups(void **state)
{
    struct peer *p = *state;
    static const uint8_t users[] = {0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xf0};
    static const uint8_t expected_users[] = {0, 0, 0, 4, 'r', 'o', 'o', 't', 0, 0, 0, 0};
    static const uint8_t expected_groups[] = {0, 0, 0, 4, 'r', 'o', 'o', 't'};
    size_t length;
    extended(p, "users-groups-by-id@openssh.com");
    sftpd_put_string(&p->w, users, 8);
    sftpd_put_string(&p->w, users, 4);
    assert_int_equal(ask(p), SFTP_EXTENDED_REPLY);
    const uint8_t *at = sftpd_get_string(&p->r, &length);
    assert_int_equal(length, sizeof(expected_users));
    assert_memory_equal(at, expected_users, length);
    at = sftpd_get_string(&p->r, &length);
    assert_int_equal(length, sizeof(expected_groups));
    assert_memory_equal(at, expected_groups, length);
    extended(p, "users-groups-by-id@openssh.com");
    sftpd_put_string(&p->w, users, 7);
    sftpd_put_string(&p->w, users, 4);
    assert_int_equal(ask_status(p), SFTP_BAD_MESSAGE);

    /* One request cannot make the server ask its database for ever. */
    uint8_t strangers[4 * 4000];
    for (uint32_t i = 0; i < sizeof(strangers) / 4; i++) {
        sftpd_store_u32(strangers + (size_t)4 * i, 1000000 + i);
    }
    lookups = 0;
    extended(p, "users-groups-by-id@openssh.com");
    sftpd_put_string(&p->w, strangers, sizeof(strangers));
    sftpd_put_string(&p->w, strangers, 0);
    assert_int_equal(ask(p), SFTP_EXTENDED_REPLY);
    (void)sftpd_get_string(&p->r, &length);
    assert_int_equal(length, sizeof(strangers)); /* an empty name for each */
    assert_int_equal(lookups, 256);
    extended(p, "users-groups-by-id@openssh.com");
    sftpd_put_string(&p->w, users, 4);
    sftpd_put_string(&p->w, users, 0);
    assert_int_equal(ask(p), SFTP_EXTENDED_REPLY);
    (void)sftpd_get_string(&p->r, &length);
    assert_int_equal(length, 4 + strlen("root"));

    /* A question whose answer does not fit is refused, not cut. */
    static const uint8_t many[200000];
    extended(p, "users-groups-by-id@openssh.com");
    sftpd_put_string(&p->w, many, sizeof(many));
    sftpd_put_string(&p->w, many, 0);
    assert_int_equal(ask_status(p), SFTP_FAILURE);
}

static uint32_t copy_data(struct peer *p, const uint8_t *from, const uint8_t *to,
                          const uint64_t numbers[3])
{
    extended(p, "copy-data");
    put_handle(p, from);
    sftpd_put_u64(&p->w, numbers[0]);
    sftpd_put_u64(&p->w, numbers[1]);
    put_handle(p, to);
    sftpd_put_u64(&p->w, numbers[2]);
    return ask_status(p);
}

static void copies_inside_the_server(void **state)
{
    struct peer *p = *state;
    uint8_t from[SFTP_HANDLE_BYTES], to[SFTP_HANDLE_BYTES];
    make_file("from", "0123456789");
    assert_int_equal(open_file(p, "from", SFTP_OPEN_READ, from), SFTP_OK);
    assert_int_equal(open_file(p, "to", SFTP_OPEN_READ | SFTP_OPEN_WRITE | SFTP_OPEN_CREATE, to),
                     SFTP_OK);
    assert_int_equal(copy_data(p, from, to, (const uint64_t[]){0, 0, 0}), SFTP_OK);
    assert_string_equal(file_text("to"), "0123456789");
    assert_int_equal(copy_data(p, from, to, (const uint64_t[]){8, 1, 0}), SFTP_OK);
    assert_string_equal(file_text("to"), "8123456789");
    assert_int_equal(copy_data(p, to, to, (const uint64_t[]){0, 2, 1}), SFTP_BAD_MESSAGE);
    assert_int_equal(copy_data(p, to, to, (const uint64_t[]){0, 2, 10}), SFTP_OK);
    assert_string_equal(file_text("to"), "812345678981");
    assert_int_equal(copy_data(p, to, from, (const uint64_t[]){0, 1, 0}), SFTP_NO_SUCH_FILE);
    assert_int_equal(copy_data(p, from, to, (const uint64_t[]){0, UINT64_MAX, 0}),
                     SFTP_BAD_MESSAGE);
}

/* More than one slice: nothing else is taken meanwhile, and the holes of /proc are no end. */
static void copies_in_slices(void **state)
{
    struct peer *p = *state;
    uint8_t from[SFTP_HANDLE_BYTES], to[SFTP_HANDLE_BYTES];
    const uint8_t *out;
    struct stat st;
    int slices = 0;
    make_file("from", "x");
    assert_int_equal(truncate("from", 10 << 20), 0);
    assert_int_equal(open_file(p, "from", SFTP_OPEN_READ, from), SFTP_OK);
    assert_int_equal(open_file(p, "to", SFTP_OPEN_WRITE | SFTP_OPEN_CREATE, to), SFTP_OK);
    extended(p, "copy-data");
    put_handle(p, from);
    sftpd_put_u64(&p->w, 0);
    sftpd_put_u64(&p->w, 0);
    put_handle(p, to);
    sftpd_put_u64(&p->w, 0);
    request_done(p);
    assert_int_equal(sftpd_input(p->sftpd, p->request, p->w.length), p->w.length);
    for (; sftpd_busy(p->sftpd); slices++) {
        assert_int_equal(sftpd_output(p->sftpd, &out), 0);
        assert_int_equal(sftpd_input(p->sftpd, p->request, p->w.length), 0);
        sftpd_work(p->sftpd);
    }
    assert_true(slices > 1);
    assert_int_equal(take_reply(p), SFTP_STATUS);
    assert_int_equal(sftpd_get_u32(&p->r), SFTP_OK);
    assert_int_equal(stat("to", &st), 0);
    assert_int_equal(st.st_size, 10 << 20);

    assert_int_equal(open_file(p, "/proc/self/stat", SFTP_OPEN_READ, from), SFTP_OK);
    assert_int_equal(open_file(p, "stat", SFTP_OPEN_WRITE | SFTP_OPEN_CREATE, to), SFTP_OK);
    assert_int_equal(copy_data(p, from, to, (const uint64_t[]){0, 0, 0}), SFTP_OK);
    assert_int_equal(stat("stat", &st), 0);
    assert_true(st.st_size > 20);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, peer_setup, peer_teardown)
    const struct CMUnitTest tests[] = {
        TEST(announces_them),
        TEST(posix_rename_and_hardlink),
        TEST(statvfs_of_path_and_handle),
        TEST(fsync_and_lsetstat),
        TEST(limits),
        TEST(expand_path_and_home),
        TEST(users_and_groups),
        TEST(copies_inside_the_server),
        TEST(copies_in_slices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
