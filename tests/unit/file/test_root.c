/* SPDX-License-Identifier: MIT */
/* Requests that try to leave a --root, and a receiver that answers what it was not asked. */
#include "hostile_helper.h"

#include "base/beneath.h"

static void a_root_is_not_left_by_a_sender(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        uint32_t flags;
        unsigned files, failed;
    } cases[] = {
        {"../outside/file", 0, 0, 1}, {"sub/../../outside/file", 0, 0, 1},
        {"link/file", 0, 0, 1},       {"link", VSH_FILE_RECURSIVE | VSH_FILE_FOLLOW, 0, 1},
        {"absolute", 0, 0, 1},        {"sub", VSH_FILE_RECURSIVE | VSH_FILE_FOLLOW, 1, 2},
        {"/sub/good", 0, 1, 0},       {"sub/../sub/good", 0, 1, 0},
    };
    struct copy copy;

    make_dir("root", 0755);
    make_dir("root/sub", 0755);
    make_text("root/sub/good", "good");
    assert_int_equal(symlink("../outside", "root/link"), 0);
    assert_int_equal(symlink("../../outside", "root/sub/link"), 0);
    assert_int_equal(symlink("/etc/passwd", "root/sub/absolute"), 0);
    assert_int_equal(symlink("/etc/passwd", "root/absolute"), 0);
    int root_fd = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (size_t n = 0; n < 2 * sizeof(cases) / sizeof(cases[0]); n++) {
        size_t i = n / 2;
        beneath_use_fallback(n % 2); /* with openat2(2) and as on kernels without it */
        copy_prepare(&copy, cases[i].path, "dest", cases[i].flags);
        copy.to_send.root_fd = root_fd;
        struct vsh_file_totals totals = copy_run(&copy);
        assert_int_equal(totals.files, cases[i].files);
        assert_int_equal(totals.failed, cases[i].failed);
        assert_false(exists("dest/file"));
    }
    beneath_use_fallback(false);
    (void)close(root_fd);
}

static void a_root_is_not_left_by_a_receiver(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        uint32_t flags;
        bool good;
    } cases[] = {
        {"../outside/x", 0, false}, {"../x", 0, false},
        {"..", 0, false},           {"sub/../../x", 0, false},
        {"link", 0, false},         {"link/x", 0, false},
        {"absolute/x", 0, false},   {"link", VSH_FILE_RECURSIVE, false},
        {"/sub", 0, true},          {"/", 0, true},
        {"new/../../x", 0, false},  {"sub/new", 0, true},
    };
    struct copy copy;

    make_text("x-from", "content");
    make_dir("root", 0755);
    make_dir("root/sub", 0755);
    assert_int_equal(symlink("../outside", "root/link"), 0);
    assert_int_equal(symlink("/tmp", "root/absolute"), 0);
    int root_fd = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (size_t n = 0; n < 2 * sizeof(cases) / sizeof(cases[0]); n++) {
        size_t i = n / 2;
        beneath_use_fallback(n % 2); /* with openat2(2) and as on kernels without it */
        copy_prepare(&copy, "x-from", cases[i].path, cases[i].flags);
        copy.to_receive.root_fd = root_fd;
        struct vsh_file_totals totals = copy_run(&copy);
        assert_int_equal(totals.failed, cases[i].good ? 0 : 1);
        assert_int_equal(totals.files, cases[i].good ? 1 : 0);
    }
    expect_text("root/sub/x-from", "content");
    expect_text("root/x-from", "content");
    expect_text("root/sub/new", "content");
    beneath_use_fallback(false);
    (void)close(root_fd);
}

static void a_sender_believes_no_receiver_either(void **state)
{
    (void)state;
    struct copy copy;

    make_dir("from", 0755);
    make_text("from/file", "x");
    for (int way = 0; way < 6; way++) {
        copy_prepare(&copy, "from", "dest", VSH_FILE_RECURSIVE);
        copy_start(&copy);
        assert_true(turn_sender(&copy));
        const struct vsh_file_totals totals = {0};
        const struct vsh_file_offer offer = {.id = 1};
        const struct vsh_file_problem problem = {.id = 7, .status = VSH_FILE_FAILED};
        switch (way) {
        case 0:
            assert_int_equal(vsh_put_file_offer(copy.in, &offer), 0);
            break;
        case 1:
            assert_int_equal(vsh_put_file_result(copy.in, 3), 0);
            break;
        case 2:
            assert_int_equal(vsh_put_file_problem(copy.in, &problem), 0);
            break;
        case 3:
            assert_int_equal(vsh_put_file_mark(copy.in, VSH_V2_FILE_ABORT), 0);
            break;
        case 4:
            assert_int_equal(vsh_put_file_result(copy.in, 2), 0);
            assert_int_equal(vsh_put_file_result(copy.in, 1), 0);
            break;
        default:
            assert_int_equal(vsh_put_file_totals(copy.in, VSH_V2_FILE_DONE_ACK, &totals), 0);
            assert_int_equal(vsh_put_file_totals(copy.in, VSH_V2_FILE_DONE_ACK, &totals), 0);
            break;
        }
        assert_int_equal(vsh_queue_flush(copy.in), 0);
        assert_false(turn_sender(&copy));
        assert_int_equal(copy.sender_rc, VSH_E_MALFORMED);
        assert_non_null(strstr(file_sender_error(copy.sender), "unexpected frame"));
        copy_finish(&copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, hostile_setup, hostile_teardown)
        TEST(a_root_is_not_left_by_a_sender),
        TEST(a_root_is_not_left_by_a_receiver),
        TEST(a_sender_believes_no_receiver_either),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
