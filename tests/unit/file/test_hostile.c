/* SPDX-License-Identifier: MIT */
/*
 * A sender that means harm: frames by hand to a receiver. Nothing is ever written outside the
 * destination, the sentence says what was refused.
 */
#include "hostile_helper.h"

#include <sys/resource.h>

#include "file/digest.h"

/* A receiver with nobody honest on the other end of its wire. */
struct victim {
    struct copy copy;
    uint32_t id;
};

static void victim_open(struct victim *victim, const char *to, const char *source, uint32_t flags)
{
    *victim = (struct victim){0};
    copy_prepare(&victim->copy, "unused", to, flags);
    victim->copy.to_receive.source = source;
    copy_start(&victim->copy);
}

static void victim_close(struct victim *victim)
{
    copy_finish(&victim->copy);
}

/* Lets the receiver have all that was put so far. Returns its last result. */
static int deliver(struct victim *victim)
{
    struct copy *copy = &victim->copy;
    struct vsh_message message;
    int left;

    do {
        left = vsh_queue_flush(copy->out);
        (void)vsh_queue_fill(copy->in);
        while (copy->receiver_rc == 0 && vsh_queue_next(copy->in, &message) == 1) {
            copy->receiver_rc = file_receiver_handle(copy->receiver, &message);
            while (vsh_queue_pending(copy->in) > 0) {
                (void)vsh_queue_flush(copy->in);
                (void)vsh_queue_fill(copy->out);
                while (vsh_queue_next(copy->out, &message) == 1) {
                    count_frame(copy, &message);
                }
            }
        }
    } while (left == 1);
    return copy->receiver_rc;
}

static int put_entry(struct victim *victim, enum vsh_file_kind kind, const char *name,
                     size_t length, uint64_t size)
{
    const struct vsh_file_entry entry = {
        .id = ++victim->id,
        .kind = (uint8_t)kind,
        .mode = 0644,
        .size = kind == VSH_FILE_REGULAR ? size : 0,
        .name = name,
        .name_length = (uint16_t)length,
        .target = kind == VSH_FILE_LINK ? "../outside" : NULL,
        .target_length = kind == VSH_FILE_LINK ? 10 : 0,
    };
    assert_int_equal(vsh_put_file_entry(victim->copy.out, &entry), 0);
    return deliver(victim);
}

static int put_name(struct victim *victim, enum vsh_file_kind kind, const char *name)
{
    return put_entry(victim, kind, name, strlen(name), 4);
}

static int put_mark(struct victim *victim, uint32_t type)
{
    assert_int_equal(vsh_put_file_mark(victim->copy.out, type), 0);
    return deliver(victim);
}

static int put_bytes(struct victim *victim, const char *bytes)
{
    assert_int_equal(vsh_queue_put(victim->copy.out, VSH_V2_FILE_DATA, bytes, strlen(bytes)), 0);
    return deliver(victim);
}

static int put_end(struct victim *victim, const char *content, uint64_t size)
{
    struct vsh_file_end end = {.size = size};
    struct file_digest *digest;

    assert_int_equal(file_digest_new(&digest), 0);
    file_digest_update(digest, content, strlen(content));
    file_digest_result(digest, end.digest);
    file_digest_free(digest);
    assert_int_equal(vsh_put_file_end(victim->copy.out, &end), 0);
    return deliver(victim);
}

static void expect_refused(struct victim *victim, const char *why)
{
    const char *error = file_receiver_error(victim->copy.receiver);

    assert_int_equal(victim->copy.receiver_rc, VSH_E_MALFORMED);
    if (!strstr(error, why)) {
        fail_msg("\"%s\" is not in \"%s\"", why, error);
    }
}

static void names_that_are_paths_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t length;
        const char *shown;
    } names[] = {
        {"../x", 4, "\"../x\""}, {"/etc/x", 6, "\"/etc/x\""}, {"a/b", 3, "\"a/b\""},
        {"..", 2, "\"..\""},     {".", 1, "\".\""},           {"", 0, "\"\""},
        {"a\0b", 3, "\"a?b\""},  {"x\n/", 3, "\"x?/\""},      {"x/", 2, "\"x/\""},
    };
    static const enum vsh_file_kind kinds[] = {VSH_FILE_REGULAR, VSH_FILE_FOLDER, VSH_FILE_LINK,
                                               VSH_FILE_STREAM};
    struct victim victim;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
            victim_open(&victim, "dest", NULL, VSH_FILE_RECURSIVE);
            assert_int_equal(put_name(&victim, VSH_FILE_FOLDER, "tree"), 0);
            (void)put_entry(&victim, kinds[k], names[i].name, names[i].length, 4);
            expect_refused(&victim, names[i].shown);
            victim_close(&victim);
        }
    }
    static char long_name[NAME_MAX + 2];
    memset(long_name, 'n', NAME_MAX + 1);
    victim_open(&victim, "dest", NULL, 0);
    (void)put_name(&victim, VSH_FILE_REGULAR, long_name);
    expect_refused(&victim, "no plain name");
    victim_close(&victim);
}

static void a_link_is_no_way_out(void **state)
{
    (void)state;
    struct victim victim;

    victim_open(&victim, "dest", NULL, VSH_FILE_RECURSIVE);
    assert_int_equal(put_name(&victim, VSH_FILE_FOLDER, "tree"), 0);
    assert_int_equal(put_name(&victim, VSH_FILE_LINK, "way"), 0);
    /* As a folder: refused as a whole, and what is in it falls with it. */
    assert_int_equal(put_name(&victim, VSH_FILE_FOLDER, "way"), 0);
    assert_int_equal(victim.copy.received.failed, 1);
    assert_non_null(strstr(victim.copy.received.text, "not a folder"));
    assert_int_equal(put_name(&victim, VSH_FILE_REGULAR, "x"), 0);
    assert_int_equal(put_bytes(&victim, "evil"), 0);
    assert_int_equal(put_end(&victim, "evil", 4), 0);
    assert_int_equal(put_name(&victim, VSH_FILE_FOLDER, "deeper"), 0);
    assert_int_equal(put_name(&victim, VSH_FILE_LINK, "x"), 0);
    assert_int_equal(put_mark(&victim, VSH_V2_FILE_LEAVE), 0);
    assert_int_equal(put_mark(&victim, VSH_V2_FILE_LEAVE), 0);
    /* As a file: the link is replaced, not written through. */
    assert_int_equal(put_name(&victim, VSH_FILE_REGULAR, "way"), 0);
    assert_int_equal(put_bytes(&victim, "evil"), 0);
    assert_int_equal(put_end(&victim, "evil", 4), 0);
    expect_text("dest/tree/way", "evil");
    struct stat st;
    assert_int_equal(lstat("dest/tree/way", &st), 0);
    assert_true(S_ISREG(st.st_mode));
    victim_close(&victim);
}

static void only_what_was_asked_for_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        uint32_t flags;
        enum vsh_file_kind kind;
        const char *name;
        bool taken;
    } cases[] = {
        {"/etc/hosts", 0, VSH_FILE_REGULAR, "hosts", true},
        {"/etc/hosts", 0, VSH_FILE_REGULAR, ".bashrc", false},
        {"/etc/hosts", 0, VSH_FILE_REGULAR, "host", false},
        {"/etc/hosts", 0, VSH_FILE_FOLDER, "hosts", false},
        {"/etc/hosts", 0, VSH_FILE_LINK, "hosts", false},
        {"/etc/", VSH_FILE_RECURSIVE, VSH_FILE_FOLDER, "etc", true},
        {"/etc/", VSH_FILE_RECURSIVE, VSH_FILE_FOLDER, ".", false},
        {"/etc/.", VSH_FILE_RECURSIVE, VSH_FILE_FOLDER, ".", true},
        {"/", VSH_FILE_RECURSIVE, VSH_FILE_FOLDER, ".", true},
        {"/etc/..", VSH_FILE_RECURSIVE, VSH_FILE_FOLDER, "..", false},
        {"/etc/hosts", VSH_FILE_FOLLOW | VSH_FILE_RECURSIVE, VSH_FILE_LINK, "hosts", false},
        {NULL, 0, VSH_FILE_REGULAR, ".", false},
        {NULL, 0, VSH_FILE_LINK, "link", false},
    };
    struct victim victim;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        victim_open(&victim, "dest", cases[i].source, cases[i].flags);
        int rc = put_name(&victim, cases[i].kind, cases[i].name);
        if (cases[i].taken) {
            assert_int_equal(rc, 0);
        } else {
            expect_refused(&victim, "refused");
        }
        victim_close(&victim);
    }
    /* One source, one entry on the first level. */
    victim_open(&victim, "dest/new", "/a/file", 0);
    assert_int_equal(put_name(&victim, VSH_FILE_REGULAR, "file"), 0);
    assert_int_equal(put_bytes(&victim, "good"), 0);
    assert_int_equal(put_end(&victim, "good", 4), 0);
    (void)put_name(&victim, VSH_FILE_REGULAR, "file");
    expect_refused(&victim, "nobody asked for");
    expect_text("dest/new", "good");
    victim_close(&victim);
}

static void more_or_less_than_announced_is_refused(void **state)
{
    (void)state;
    struct victim victim;

    victim_open(&victim, "dest", NULL, 0);
    assert_int_equal(put_name(&victim, VSH_FILE_REGULAR, "f"), 0);
    (void)put_bytes(&victim, "five!");
    expect_refused(&victim, "more than the 4 bytes");
    victim_close(&victim);

    victim_open(&victim, "dest", NULL, 0);
    assert_int_equal(put_name(&victim, VSH_FILE_REGULAR, "f"), 0);
    assert_int_equal(put_bytes(&victim, "abc"), 0);
    assert_int_equal(vsh_put_file_hole(victim.copy.out, 2), 0);
    (void)deliver(&victim);
    expect_refused(&victim, "more than the 4 bytes");
    victim_close(&victim);

    victim_open(&victim, "dest", NULL, 0);
    assert_int_equal(put_name(&victim, VSH_FILE_REGULAR, "f"), 0);
    assert_int_equal(put_bytes(&victim, "abc"), 0);
    (void)put_end(&victim, "abc", 3);
    expect_refused(&victim, "unexpected frame 0x37");
    victim_close(&victim);
    assert_false(exists("dest/f"));
}

static void a_lying_digest_leaves_the_target_alone(void **state)
{
    (void)state;
    struct victim victim;

    make_text("dest/f", "old");
    victim_open(&victim, "dest", NULL, 0);
    assert_int_equal(put_name(&victim, VSH_FILE_REGULAR, "f"), 0);
    assert_int_equal(put_bytes(&victim, "evil"), 0);
    assert_int_equal(put_end(&victim, "good", 4), 0);
    assert_int_equal(victim.copy.received.failed, 1);
    assert_int_equal(victim.copy.received.code, VSH_FILE_CODE_DIGEST);
    assert_non_null(strstr(victim.copy.received.text, "arrived damaged"));
    expect_text("dest/f", "old");
    victim_close(&victim);
}

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
        TEST(names_that_are_paths_are_refused),
        TEST(a_link_is_no_way_out),
        TEST(only_what_was_asked_for_is_taken),
        TEST(more_or_less_than_announced_is_refused),
        TEST(a_lying_digest_leaves_the_target_alone),
        TEST(frames_out_of_order_are_refused),
        TEST(a_resume_that_was_not_offered_is_refused),
        TEST(depth_has_a_limit),
        TEST(a_million_entries_take_no_memory),
        TEST(a_flipped_bit_in_a_name_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
