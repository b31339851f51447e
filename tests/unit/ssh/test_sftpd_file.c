/* SPDX-License-Identifier: MIT */
/* Files and folders over SFTP: open modes, reads, appends, listings, attributes, handles. */
#include "sftp_peer.h"

static void reads_and_its_end(void **state)
{
    struct peer *p = *state;
    uint8_t handle[SFTP_HANDLE_BYTES];
    size_t length;
    static const struct {
        uint64_t offset;
        uint32_t wanted;
        const char *text; /* NULL = end of file */
    } reads[] = {{0, 100, "0123456789"}, {3, 4, "3456"}, {9, 1, "9"}, {10, 1, NULL},
                 {1000, 1, NULL},        {0, 0, ""},     {10, 0, ""}};
    make_file("f", "0123456789");
    assert_int_equal(open_file(p, "f", SFTP_OPEN_READ, handle), SFTP_OK);
    for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
        request(p, SFTP_READ, 6);
        put_handle(p, handle);
        sftpd_put_u64(&p->w, reads[i].offset);
        sftpd_put_u32(&p->w, reads[i].wanted);
        if (reads[i].text == NULL) {
            assert_int_equal(ask_status(p), SFTP_EOF);
            continue;
        }
        assert_int_equal(ask(p), SFTP_DATA);
        const uint8_t *data = sftpd_get_string(&p->r, &length);
        assert_int_equal(length, strlen(reads[i].text));
        assert_memory_equal(data, reads[i].text, length);
    }
    request(p, SFTP_READ, 6);
    put_handle(p, handle);
    sftpd_put_u64(&p->w, UINT64_MAX - 5); /* a negative off_t */
    sftpd_put_u32(&p->w, 10);
    assert_int_equal(ask_status(p), SFTP_BAD_MESSAGE);
}

static void open_modes(void **state)
{
    struct peer *p = *state;
    uint8_t handle[SFTP_HANDLE_BYTES];
    struct stat st;
    assert_int_equal(open_file(p, "f", SFTP_OPEN_READ, handle), SFTP_NO_SUCH_FILE);
    assert_int_equal(open_file(p, "f", SFTP_OPEN_WRITE | SFTP_OPEN_CREATE, handle), SFTP_OK);
    assert_int_equal(stat("f", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(write_file(p, handle, 0, "hello"), SFTP_OK);
    assert_int_equal(write_file(p, handle, 7, "gap"), SFTP_OK);
    assert_int_equal(stat("f", &st), 0);
    assert_int_equal(st.st_size, 10);
    assert_int_equal(close_file(p, handle), SFTP_OK);
    assert_int_equal(close_file(p, handle), SFTP_FAILURE);

    assert_int_equal(
        open_file(p, "f", SFTP_OPEN_WRITE | SFTP_OPEN_CREATE | SFTP_OPEN_EXCLUSIVE, handle),
        SFTP_FAILURE);
    assert_int_equal(open_file(p, "f", SFTP_OPEN_WRITE | SFTP_OPEN_TRUNCATE, handle), SFTP_OK);
    assert_int_equal(write_file(p, handle, 0, "one"), SFTP_OK);
    assert_int_equal(close_file(p, handle), SFTP_OK);
    assert_int_equal(open_file(p, "f", SFTP_OPEN_WRITE | SFTP_OPEN_APPEND, handle), SFTP_OK);
    assert_int_equal(write_file(p, handle, 0, "two"), SFTP_OK); /* the offset does not count */
    assert_string_equal(file_text("f"), "onetwo");
    assert_int_equal(open_file(p, ".", SFTP_OPEN_WRITE, handle), SFTP_FAILURE); /* EISDIR */
    assert_int_equal(open_file(p, "f/x", SFTP_OPEN_READ, handle), SFTP_NO_SUCH_FILE);
}

/* Opening a FIFO that nobody writes to must come back at once. */
static void a_fifo_does_not_block(void **state)
{
    struct peer *p = *state;
    uint8_t handle[SFTP_HANDLE_BYTES];
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_int_equal(open_file(p, "pipe", SFTP_OPEN_WRITE, handle), SFTP_FAILURE);
    assert_int_equal(open_file(p, "pipe", SFTP_OPEN_READ, handle), SFTP_OK);
    request(p, SFTP_READ, 6);
    put_handle(p, handle);
    sftpd_put_u64(&p->w, 0);
    sftpd_put_u32(&p->w, 10);
    assert_int_equal(ask_status(p), SFTP_FAILURE); /* ESPIPE */
}

static void thousands_of_handles(void **state)
{
    struct peer *p = *state;
    enum { COUNT = 900 };
    static uint8_t handles[COUNT][SFTP_HANDLE_BYTES];
    make_file("f", "x");
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(open_file(p, "f", SFTP_OPEN_READ, handles[i]), SFTP_OK);
        assert_true(i == 0 || memcmp(handles[i], handles[i - 1], SFTP_HANDLE_BYTES) != 0);
    }
    uint8_t more[SFTP_HANDLE_BYTES];
    uint32_t status = SFTP_OK;
    for (int i = 0; i < 20000 && status == SFTP_OK; i++) {
        status = open_file(p, "f", SFTP_OPEN_READ, more);
    }
    assert_int_equal(status, SFTP_FAILURE); /* too many, said politely */
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(close_file(p, handles[i]), SFTP_OK);
    }
    assert_int_equal(open_file(p, "f", SFTP_OPEN_READ, more), SFTP_OK);
    assert_int_equal(close_file(p, handles[COUNT - 1]), SFTP_FAILURE); /* a stale generation */
}

static void lists_folders(void **state)
{
    struct peer *p = *state;
    uint8_t handle[SFTP_HANDLE_BYTES];
    char name[256], long_name[512];
    bool dot = false, dotdot = false;
    int files = 0, status;
    assert_int_equal(mkdir("d", 0755), 0);
    for (int i = 0; i < 250; i++) {
        (void)snprintf(name, sizeof(name), "d/%03d", i);
        make_file(name, "abc");
    }
    request(p, SFTP_OPENDIR, 6);
    sftpd_put_text(&p->w, "d");
    assert_int_equal(ask(p), SFTP_HANDLE);
    get_handle(p, handle);
    for (;;) {
        request(p, SFTP_READDIR, 7);
        put_handle(p, handle);
        if (ask(p) == SFTP_STATUS) {
            break;
        }
        uint32_t count = sftpd_get_u32(&p->r);
        assert_true(count > 0 && p->r.length <= 34000);
        for (uint32_t i = 0; i < count; i++) {
            sftpd_get_text(&p->r, name, sizeof(name));
            sftpd_get_text(&p->r, long_name, sizeof(long_name));
            assert_int_equal(sftpd_get_u32(&p->r), 0xf);
            uint64_t size = sftpd_get_u64(&p->r);
            p->r.offset += 5 * 4;
            dot |= strcmp(name, ".") == 0;
            dotdot |= strcmp(name, "..") == 0;
            if (name[0] != '.') {
                files++;
                assert_int_equal(size, 3);
                assert_int_equal(strncmp(long_name, "-rw-r--r--    1 root     ", 16), 0);
            }
        }
        assert_int_equal(p->r.error, 0);
    }
    status = (int)sftpd_get_u32(&p->r);
    assert_int_equal(status, SFTP_EOF);
    assert_true(dot && dotdot);
    assert_int_equal(files, 250);
    assert_int_equal(close_file(p, handle), SFTP_OK);
    request(p, SFTP_OPENDIR, 6);
    sftpd_put_text(&p->w, "d/000");
    assert_int_equal(ask_status(p), SFTP_NO_SUCH_FILE); /* ENOTDIR */
}

static void a_folder_is_no_file(void **state)
{
    struct peer *p = *state;
    uint8_t dir[SFTP_HANDLE_BYTES], file[SFTP_HANDLE_BYTES];
    make_file("f", "x");
    request(p, SFTP_OPENDIR, 6);
    sftpd_put_text(&p->w, ".");
    assert_int_equal(ask(p), SFTP_HANDLE);
    get_handle(p, dir);
    assert_int_equal(open_file(p, "f", SFTP_OPEN_READ, file), SFTP_OK);
    request(p, SFTP_READDIR, 7);
    put_handle(p, file);
    assert_int_equal(ask_status(p), SFTP_FAILURE);
    request(p, SFTP_READ, 7);
    put_handle(p, dir);
    sftpd_put_u64(&p->w, 0);
    sftpd_put_u32(&p->w, 1);
    assert_int_equal(ask_status(p), SFTP_FAILURE);
    request(p, SFTP_FSTAT, 7);
    put_handle(p, dir);
    assert_int_equal(ask(p), SFTP_ATTRS);
}

static void sets_attributes(void **state)
{
    struct peer *p = *state;
    uint8_t handle[SFTP_HANDLE_BYTES];
    struct stat st;
    make_file("f", "0123456789");
    assert_int_equal(symlink("f", "link"), 0);
    request(p, SFTP_SETSTAT, 6);
    sftpd_put_text(&p->w, "link"); /* follows */
    sftpd_put_u32(&p->w, SFTP_ATTR_SIZE | SFTP_ATTR_PERMISSIONS | SFTP_ATTR_TIMES);
    sftpd_put_u64(&p->w, 4);
    sftpd_put_u32(&p->w, 0100755); /* the type bits that clients send do not count */
    sftpd_put_u32(&p->w, 1000000000);
    sftpd_put_u32(&p->w, 4000000000u); /* beyond 2038 */
    assert_int_equal(ask_status(p), SFTP_OK);
    assert_int_equal(stat("f", &st), 0);
    assert_int_equal(st.st_size, 4);
    assert_int_equal(st.st_mode & 07777, 0755);
    assert_int_equal(st.st_atime, 1000000000);
    assert_int_equal(st.st_mtime, 4000000000);

    assert_int_equal(open_file(p, "f", SFTP_OPEN_WRITE, handle), SFTP_OK);
    request(p, SFTP_FSETSTAT, 6);
    put_handle(p, handle);
    sftpd_put_u32(&p->w, SFTP_ATTR_SIZE | SFTP_ATTR_PERMISSIONS | SFTP_ATTR_EXTENDED);
    sftpd_put_u64(&p->w, 1);
    sftpd_put_u32(&p->w, 0600);
    sftpd_put_u32(&p->w, 1); /* one extended pair, skipped */
    sftpd_put_text(&p->w, "name@example.org");
    sftpd_put_text(&p->w, "value");
    assert_int_equal(ask_status(p), SFTP_OK);
    assert_int_equal(stat("f", &st), 0);
    assert_int_equal(st.st_size, 1);
    assert_int_equal(st.st_mode & 07777, 0600);

    request(p, SFTP_SETSTAT, 6);
    sftpd_put_text(&p->w, "f");
    sftpd_put_u32(&p->w, SFTP_ATTR_EXTENDED);
    sftpd_put_u32(&p->w, 0xffffffff); /* pairs that are not there */
    assert_int_equal(ask_status(p), SFTP_BAD_MESSAGE);
    request(p, SFTP_SETSTAT, 6);
    sftpd_put_text(&p->w, "missing");
    sftpd_put_u32(&p->w, 0);
    uint32_t status = ask_status(p); /* nothing to set: OpenSSH says OK, too */
    assert_int_equal(status, SFTP_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, peer_setup, peer_teardown)
    const struct CMUnitTest tests[] = {
        TEST(reads_and_its_end),    TEST(open_modes),    TEST(a_fifo_does_not_block),
        TEST(thousands_of_handles), TEST(lists_folders), TEST(a_folder_is_no_file),
        TEST(sets_attributes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
