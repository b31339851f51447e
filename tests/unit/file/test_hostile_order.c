/* SPDX-License-Identifier: MIT */
/* A sender that means harm by what it sends when, how deep and how often. */
#include "hostile_helper.h"

#include <sys/resource.h>

static void frames_out_of_order_are_refused(void **state)
{
    (void)state;
    static const uint32_t alone[] = {VSH_V2_FILE_LEAVE,  VSH_V2_FILE_DATA,  VSH_V2_FILE_HOLE,
                                     VSH_V2_FILE_END,    VSH_V2_FILE_ABORT, VSH_V2_FILE_RESUME,
                                     VSH_V2_FILE_RESULT, VSH_V2_FILE_OFFER, VSH_V2_FILE_DONE_ACK,
                                     VSH_V2_FILE_PUT,    VSH_V2_FILE_ENTRY, 0x3f,
                                     0x12345678};
    struct victim victim;

    for (size_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++) {
        victim_open(&victim, "dest", NULL, VSH_FILE_RECURSIVE);
        assert_int_equal(vsh_queue_put(victim.copy.out, alone[i], "\1\0\0\0\0\0\0\0", 8), 0);
        (void)deliver(&victim);
        expect_refused(&victim, "unexpected frame");
        victim_close(&victim);
    }
    /* In the middle of a file: a second one, the end of the folder, the end of all. */
    for (int way = 0; way < 5; way++) {
        victim_open(&victim, "dest", NULL, VSH_FILE_RECURSIVE);
        assert_int_equal(put_name(&victim, VSH_FILE_FOLDER, "tree"), 0);
        assert_int_equal(put_name(&victim, VSH_FILE_REGULAR, "f"), 0);
        const struct vsh_file_totals totals = {0};
        switch (way) {
        case 0:
            (void)put_name(&victim, VSH_FILE_REGULAR, "g");
            break;
        case 1:
            (void)put_mark(&victim, VSH_V2_FILE_LEAVE);
            break;
        case 2:
            assert_int_equal(vsh_put_file_totals(victim.copy.out, VSH_V2_FILE_DONE, &totals), 0);
            (void)deliver(&victim);
            break;
        case 3:
            assert_int_equal(vsh_put_file_resume(victim.copy.out, 0), 0);
            (void)deliver(&victim);
            break;
        default:
            assert_int_equal(vsh_queue_put(victim.copy.out, VSH_V2_FILE_DATA, NULL, 0), 0);
            (void)deliver(&victim);
            break;
        }
        expect_refused(&victim, "unexpected frame");
        victim_close(&victim);
        assert_false(exists("dest/tree/f"));
        remove_tree("dest/tree");
    }
    victim_open(&victim, "dest", NULL, VSH_FILE_RECURSIVE);
    victim.id = 5; /* ids count from 1 */
    (void)put_name(&victim, VSH_FILE_FOLDER, "tree");
    expect_refused(&victim, "unexpected frame");
    victim_close(&victim);
}

static void a_resume_that_was_not_offered_is_refused(void **state)
{
    (void)state;
    struct victim victim;
    const struct vsh_file_entry entry = {.id = 1,
                                         .kind = VSH_FILE_REGULAR,
                                         .flags = VSH_FILE_ENTRY_ASK,
                                         .mode = 0644,
                                         .size = 1 << 20,
                                         .name = "f",
                                         .name_length = 1};

    victim_open(&victim, "dest", NULL, VSH_FILE_RESUME);
    assert_int_equal(vsh_put_file_entry(victim.copy.out, &entry), 0);
    assert_int_equal(deliver(&victim), 0);
    assert_int_equal(frames_of(&victim.copy, VSH_V2_FILE_OFFER), 1);
    assert_int_equal(vsh_put_file_resume(victim.copy.out, 4096), 0);
    (void)deliver(&victim);
    expect_refused(&victim, "unexpected frame 0x3c");
    victim_close(&victim);
}

static void depth_has_a_limit(void **state)
{
    (void)state;
    struct victim victim;

    victim_open(&victim, "dest", NULL, VSH_FILE_RECURSIVE);
    for (unsigned i = 0; i < VSH_FILE_DEPTH_MAX; i++) {
        assert_int_equal(put_name(&victim, VSH_FILE_FOLDER, "d"), 0);
    }
    (void)put_name(&victim, VSH_FILE_FOLDER, "d");
    expect_refused(&victim, "deeper than 256");
    victim_close(&victim);
}

static void a_million_entries_take_no_memory(void **state)
{
    (void)state;
    struct victim victim;
    struct rusage before;
    struct rusage after;

    /* Below a folder that is refused, so that the disk is not what is measured. */
    make_text("dest/tree", "in the way");
    victim_open(&victim, "dest", NULL, VSH_FILE_RECURSIVE);
    assert_int_equal(put_name(&victim, VSH_FILE_FOLDER, "tree"), 0);
    const struct vsh_file_problem problem = {
        .status = VSH_FILE_FAILED, .path = "some/path", .text = "some text"};
    assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
    for (int i = 0; i < 1000000; i++) {
        struct vsh_file_entry entry = {.id = ++victim.id,
                                       .kind = VSH_FILE_LINK,
                                       .name = "l",
                                       .name_length = 1,
                                       .target = "t",
                                       .target_length = 1};
        while (vsh_queue_room(victim.copy.out) < 1000) {
            assert_int_equal(deliver(&victim), 0);
        }
        assert_int_equal(vsh_put_file_entry(victim.copy.out, &entry), 0);
        if (i % 10 == 0) {
            assert_int_equal(vsh_put_file_problem(victim.copy.out, &problem), 0);
        }
    }
    assert_int_equal(deliver(&victim), 0);
    assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
    assert_true(after.ru_maxrss - before.ru_maxrss < 4096); /* KiB: the queues' own pages */
    assert_int_equal(file_receiver_totals(victim.copy.receiver)->failed, 100001);
    victim_close(&victim);
}

static void a_flipped_bit_in_a_name_is_noticed(void **state)
{
    (void)state;
    struct victim victim;
    const struct vsh_file_entry entry = {.id = 1,
                                         .kind = VSH_FILE_REGULAR,
                                         .mode = 0644,
                                         .size = 4,
                                         .name = "name",
                                         .name_length = 4};
    uint8_t bytes[64];
    struct vsh_message message;

    victim_open(&victim, "dest", NULL, 0);
    assert_int_equal(vsh_put_file_entry(victim.copy.out, &entry), 0);
    assert_int_equal(vsh_queue_flush(victim.copy.out), 0);
    assert_true(vsh_queue_fill(victim.copy.in) > 0);
    assert_int_equal(vsh_queue_next(victim.copy.in, &message), 1);
    assert_true(message.length <= sizeof(bytes));
    memcpy(bytes, message.payload, message.length);
    struct vsh_message copy = {.type = message.type, .length = message.length, .payload = bytes};
    struct vsh_file_entry got;
    for (uint32_t bit = 0; bit < 8 * copy.length; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_equal(vsh_get_file_entry(&copy, &got), VSH_E_MALFORMED);
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    assert_int_equal(vsh_get_file_entry(&copy, &got), 0);
    victim_close(&victim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, hostile_setup, hostile_teardown)
        TEST(frames_out_of_order_are_refused),
        TEST(a_resume_that_was_not_offered_is_refused),
        TEST(depth_has_a_limit),
        TEST(a_million_entries_take_no_memory),
        TEST(a_flipped_bit_in_a_name_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
