/* SPDX-License-Identifier: MIT */
/* Copies that are cut and tried again; partials that somebody changed in between. */
#include "copy_helper.h"

#include <sys/file.h>

#include "file/stage.h"

#define BIG (8u * 1024u * 1024u + 12345u)

/* Runs a copy that breaks after so many bytes of content. Returns whether the partial was kept. */
static bool cut_copy(struct copy *copy, const char *from, const char *to, uint64_t after,
                     uint32_t flags)
{
    copy_prepare(copy, from, to, flags);
    copy->cut_after = after;
    copy_start(copy);
    copy_drive(copy);
    assert_false(file_receiver_finished(copy->receiver));
    bool kept = file_receiver_interrupt(copy->receiver);
    assert_int_equal(file_sender_resumable(copy->sender),
                     copy->data_bytes >= VSH_FILE_CHUNK || copy->sent.moved >= VSH_FILE_CHUNK);
    copy_finish(copy);
    return kept;
}

static char found[600];

static int note_partial(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    if (strstr(path + ftw->base, ".vsh-")) {
        (void)snprintf(found, sizeof(found), "%s", path);
    }
    return 0;
}

static const char *find_partial(void)
{
    found[0] = '\0';
    assert_int_equal(nftw(".", note_partial, 32, FTW_PHYS), 0);
    assert_true(found[0] != '\0');
    return found;
}

static void a_cut_copy_goes_on_where_it_was(void **state)
{
    (void)state;
    struct copy copy;

    make_big("from", BIG, 1);
    make_text("to", "old");
    for (uint64_t after = 300000; after < BIG; after += 1500001) {
        assert_true(cut_copy(&copy, "from", "to", after, VSH_FILE_RESUME));
        expect_text("to", "old");
        struct stat st;
        assert_int_equal(stat(find_partial(), &st), 0);
        struct vsh_file_totals totals = copy_files(&copy, "from", "to", VSH_FILE_RESUME);
        assert_int_equal(totals.failed, 0);
        assert_int_equal(totals.reused, st.st_size);
        assert_true(copy.data_bytes <= BIG - (uint64_t)st.st_size);
        assert_int_equal(copy.sent.moved, BIG);
        assert_int_equal(copy.received.reused, st.st_size);
        expect_equal_files("from", "to");
        assert_int_equal(partials_left(), 0);
        make_text("to", "old");
    }
}

static void it_may_be_cut_again_and_again(void **state)
{
    (void)state;
    struct copy copy;
    uint64_t sent = 0;

    make_big("from", BIG, 2);
    while (!exists("to")) {
        copy_prepare(&copy, "from", "to", VSH_FILE_RESUME);
        copy.cut_after = 1000000;
        copy_start(&copy);
        copy_drive(&copy);
        (void)file_receiver_interrupt(copy.receiver);
        sent += copy.data_bytes;
        copy_finish(&copy);
    }
    expect_equal_files("from", "to");
    assert_int_equal(sent, BIG);
}

static void a_small_partial_is_not_kept(void **state)
{
    (void)state;
    struct copy copy;

    make_big("from", BIG, 3);
    copy_prepare(&copy, "from", "to", 0);
    assert_int_equal(vsh_queue_set_limits(copy.out, PAYLOAD_MAX, 32768), 0);
    copy.cut_after = 100000;
    copy_start(&copy);
    copy_drive(&copy);
    assert_false(file_receiver_interrupt(copy.receiver));
    copy_finish(&copy);
    assert_int_equal(partials_left(), 0);
    assert_false(exists("to"));
}

static void without_interrupt_nothing_stays(void **state)
{
    (void)state;
    struct copy copy;

    make_big("from", BIG, 3);
    copy_prepare(&copy, "from", "to", 0);
    copy.cut_after = 1000000;
    copy_start(&copy);
    copy_drive(&copy);
    copy_finish(&copy);
    assert_int_equal(partials_left(), 0);
}

static void a_changed_partial_starts_over(void **state)
{
    (void)state;
    struct copy copy;

    make_big("from", BIG, 4);
    for (int way = 0; way < 4; way++) {
        assert_true(cut_copy(&copy, "from", "to", 3000000, 0));
        int fd = open(find_partial(), O_RDWR | O_CLOEXEC);
        assert_true(fd >= 0);
        struct stat st;
        assert_int_equal(fstat(fd, &st), 0);
        switch (way) {
        case 0: /* the first byte */
            assert_int_equal(pwrite(fd, "!", 1, 0), 1);
            break;
        case 1: /* the last one */
            assert_int_equal(pwrite(fd, "\x00\x01", 2, st.st_size - 2), 2);
            break;
        case 2: /* longer than the source */
            assert_int_equal(ftruncate(fd, BIG + 1), 0);
            break;
        default: /* zeros behind it */
            assert_int_equal(ftruncate(fd, st.st_size + 4096), 0);
            break;
        }
        assert_int_equal(close(fd), 0);
        struct vsh_file_totals totals = copy_files(&copy, "from", "to", VSH_FILE_RESUME);
        assert_int_equal(totals.failed, 0);
        assert_int_equal(totals.reused, 0);
        assert_int_equal(copy.data_bytes, BIG);
        expect_equal_files("from", "to");
        assert_int_equal(unlink("to"), 0);
    }
}

static void a_shorter_partial_is_a_prefix_all_the_same(void **state)
{
    (void)state;
    struct copy copy;

    make_big("from", BIG, 5);
    assert_true(cut_copy(&copy, "from", "to", 3000000, 0));
    assert_int_equal(truncate(find_partial(), 1234567), 0);
    struct vsh_file_totals totals = copy_files(&copy, "from", "to", VSH_FILE_RESUME);
    assert_int_equal(totals.reused, 1234567);
    expect_equal_files("from", "to");

    /* Too little is not worth the question. */
    assert_int_equal(unlink("to"), 0);
    assert_true(cut_copy(&copy, "from", "to", 3000000, 0));
    assert_int_equal(truncate(find_partial(), VSH_FILE_CHUNK - 1), 0);
    totals = copy_files(&copy, "from", "to", VSH_FILE_RESUME);
    assert_int_equal(totals.reused, 0);
    expect_equal_files("from", "to");
}

static void without_resume_the_partial_is_overwritten(void **state)
{
    (void)state;
    struct copy copy;

    make_big("from", BIG, 6);
    assert_true(cut_copy(&copy, "from", "to", 3000000, 0));
    struct vsh_file_totals totals = copy_files(&copy, "from", "to", 0);
    assert_int_equal(totals.reused, 0);
    assert_int_equal(copy.data_bytes, BIG);
    expect_equal_files("from", "to");
    assert_int_equal(partials_left(), 0);
}

static void a_source_that_changed_starts_over(void **state)
{
    (void)state;
    struct copy copy;

    make_big("from", BIG, 7);
    assert_true(cut_copy(&copy, "from", "to", 3000000, 0));
    make_big("from", BIG - 100, 8);
    struct vsh_file_totals totals = copy_files(&copy, "from", "to", VSH_FILE_RESUME);
    assert_int_equal(totals.reused, 0);
    expect_equal_files("from", "to");
}

static void a_cut_in_a_hole_goes_on_there(void **state)
{
    (void)state;
    struct copy copy;

    make_big("from", 600000, 9);
    assert_int_equal(truncate("from", 500u << 20), 0);
    int fd = open("from", O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(fd, "end", 3), 3);
    assert_int_equal(close(fd), 0);
    copy_prepare(&copy, "from", "to", 0);
    copy_start(&copy);
    while (copy.received.moved < (200u << 20)) {
        assert_true(turn_sender(&copy));
        struct vsh_message message;
        assert_true(vsh_queue_fill(copy.in) > 0);
        while (copy.received.moved < (200u << 20) && vsh_queue_next(copy.in, &message) == 1) {
            assert_int_equal(file_receiver_handle(copy.receiver, &message), 0);
        }
    }
    assert_true(file_receiver_interrupt(copy.receiver));
    copy_finish(&copy);
    struct vsh_file_totals totals = copy_files(&copy, "from", "to", VSH_FILE_RESUME);
    assert_true(totals.reused >= (200u << 20));
    assert_true(copy.data_bytes < 8192);
    struct stat st;
    assert_int_equal(stat("to", &st), 0);
    assert_true(st.st_blocks * 512 < 1 << 20);
    assert_int_equal(st.st_size, (500u << 20) + 3);
}

static void resume_skips_what_is_the_same(void **state)
{
    (void)state;
    struct copy copy;

    make_dir("tree", 0755);
    make_text("tree/small", "small");
    make_big("tree/big", BIG, 10);
    make_text("tree/changed", "one");
    (void)copy_files(&copy, "tree", "new", VSH_FILE_RECURSIVE);
    make_text("tree/changed", "two");
    set_mtime("tree/changed", 1500000000, 0);
    set_mtime("new/changed", 1500000001, 0);
    struct vsh_file_totals totals =
        copy_files(&copy, "tree/.", "new", VSH_FILE_RECURSIVE | VSH_FILE_RESUME);
    assert_int_equal(totals.files, 1);
    assert_int_equal(totals.skipped, 2);
    assert_int_equal(copy.sent.code, VSH_FILE_CODE_UNCHANGED);
    assert_true(copy.data_bytes < 64);
    expect_text("new/changed", "two");
    /* The same in a dry run, and the skip is told there as well. */
    totals =
        copy_files(&copy, "tree/.", "new", VSH_FILE_RECURSIVE | VSH_FILE_RESUME | VSH_FILE_DRY_RUN);
    assert_int_equal(totals.skipped, 3);
}

static void a_partial_that_nobody_needs_goes(void **state)
{
    (void)state;
    struct copy copy;
    struct copy other;

    make_big("from", BIG, 13);
    (void)copy_files(&copy, "from", "to", 0);
    assert_true(cut_copy(&copy, "from", "to", 3000000, 0));
    struct vsh_file_totals totals =
        copy_files(&copy, "from", "to", VSH_FILE_RESUME | VSH_FILE_DRY_RUN);
    assert_int_equal(totals.skipped, 1);
    assert_int_equal(partials_left(), 1);
    totals = copy_files(&copy, "from", "to", VSH_FILE_RESUME);
    assert_int_equal(totals.skipped, 1);
    assert_int_equal(partials_left(), 0);

    /* But not under the feet of a copy that still runs. */
    copy_prepare(&other, "from", "to", 0);
    other.cut_after = 1000000;
    copy_start(&other);
    copy_drive(&other);
    (void)copy_files(&copy, "from", "to", VSH_FILE_RESUME);
    assert_int_equal(partials_left(), 1);
    copy_finish(&other);
}

static void two_copies_to_one_target_do_not_mix(void **state)
{
    (void)state;
    struct copy first;
    struct copy second;

    make_big("a", BIG, 11);
    make_big("b", BIG, 12);
    copy_prepare(&first, "a", "to", 0);
    first.cut_after = 2000000;
    copy_start(&first);
    copy_drive(&first);
    struct vsh_file_totals totals = copy_files(&second, "b", "to", 0);
    assert_int_equal(totals.failed, 0);
    expect_equal_files("b", "to");
    /* A second that wants to go on in the first one's partial must wait for its end. */
    totals = copy_files(&second, "a", "to", VSH_FILE_RESUME);
    assert_int_equal(totals.failed, 1);
    assert_int_equal(second.sent.code, VSH_FILE_CODE_BUSY);
    first.cut_after = 0;
    copy_drive(&first);
    assert_true(file_sender_finished(first.sender));
    copy_finish(&first);
    expect_equal_files("a", "to");
    assert_int_equal(partials_left(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
        TEST(a_cut_copy_goes_on_where_it_was),
        TEST(it_may_be_cut_again_and_again),
        TEST(a_small_partial_is_not_kept),
        TEST(without_interrupt_nothing_stays),
        TEST(a_changed_partial_starts_over),
        TEST(a_shorter_partial_is_a_prefix_all_the_same),
        TEST(without_resume_the_partial_is_overwritten),
        TEST(a_source_that_changed_starts_over),
        TEST(a_cut_in_a_hole_goes_on_there),
        TEST(resume_skips_what_is_the_same),
        TEST(a_partial_that_nobody_needs_goes),
        TEST(two_copies_to_one_target_do_not_mix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
