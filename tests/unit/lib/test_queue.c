/* SPDX-License-Identifier: MIT */
/* The message queue: frames at every split point, limits, room, ends.
 */
#include "message_helper.h"

#include <fcntl.h>

#define FRAME(type, length) "\xbe\xba\xfe\xca" type "\0\0\0" length "\0\0\0"

/* A queue without descriptors, fed by hand. */
static struct vsh_queue *fed_queue(void)
{
    struct vsh_queue *queue = NULL;

    assert_int_equal(vsh_queue_new(-1, -1, &queue), 0);
    return queue;
}

static void every_split_point(void **state)
{
    (void)state;
    static const char stream[] =
        FRAME("\x23", "\5") "hello" FRAME("\x2a", "\0") FRAME("\x07", "\1") "!";
    const size_t length = sizeof(stream) - 1;

    for (size_t split = 0; split <= length; split++) {
        struct vsh_queue *queue = fed_queue();
        struct vsh_message message;
        size_t count = 0;
        const size_t ends[] = {17, 29, 42, SIZE_MAX};

        for (int part = 0; part < 2; part++) {
            size_t from = part == 0 ? 0 : split;
            size_t to = part == 0 ? split : length;
            assert_int_equal(vsh_queue_feed(queue, stream + from, to - from), 0);
            while (count < 3 && vsh_queue_next(queue, &message) == 1) {
                assert_true(ends[count] <= to);
                if (count == 0) {
                    assert_int_equal(message.type, 0x23);
                    assert_int_equal(message.length, 5);
                    assert_memory_equal(message.payload, "hello", 5);
                }
                count++;
            }
            size_t taken = count == 0 ? 0 : ends[count - 1];
            assert_int_equal(vsh_queue_partial(queue), to - taken);
        }
        assert_int_equal(count, 3);
        assert_int_equal(message.type, 0x07);
        assert_int_equal(vsh_queue_bytes_in(queue), length);
        vsh_queue_free(queue);
    }
}

static void one_byte_at_a_time(void **state)
{
    (void)state;
    struct vsh_queue *queue = fed_queue();
    struct vsh_message message;

    for (int round = 0; round < 3; round++) {
        static const char frame[] = FRAME("\x09", "\3") "ls";
        for (size_t i = 0; i < sizeof(frame) - 1; i++) {
            assert_int_equal(vsh_queue_feed(queue, frame + i, 1), 0);
            assert_int_equal(vsh_queue_next(queue, &message), 0);
        }
        assert_int_equal(vsh_queue_feed(queue, "", 1), 0);
        assert_int_equal(vsh_queue_next(queue, &message), 1);
        assert_string_equal((const char *)message.payload, "ls");
    }
    vsh_queue_free(queue);
}

static void wrong_magic_is_final(void **state)
{
    (void)state;
    struct vsh_message message;

    for (size_t i = 0; i < 4; i++) {
        struct vsh_queue *queue = fed_queue();
        uint8_t magic[4] = {0xbe, 0xba, 0xfe, 0xca};
        magic[i] ^= 1;
        assert_int_equal(vsh_queue_feed(queue, magic, 4), 0);
        assert_int_equal(vsh_queue_next(queue, &message), VSH_E_MALFORMED);
        assert_int_equal(vsh_queue_feed(queue, FRAME("\x2a", "\0"), 12), 0);
        assert_int_equal(vsh_queue_next(queue, &message), VSH_E_MALFORMED);
        vsh_queue_free(queue);
    }
}

static void good_frames_before_a_bad_one_are_delivered(void **state)
{
    (void)state;
    struct vsh_queue *queue = fed_queue();
    struct vsh_message message;

    assert_int_equal(vsh_queue_feed(queue, FRAME("\x2a", "\0") "GET / HT", 20), 0);
    assert_int_equal(vsh_queue_next(queue, &message), 1);
    assert_int_equal(vsh_queue_next(queue, &message), VSH_E_MALFORMED);
    vsh_queue_free(queue);
}

static void length_limit(void **state)
{
    (void)state;
    static const struct {
        uint32_t limit;
        uint32_t length;
        int result;
    } cases[] = {
        {4096, 4096, 0},
        {4096, 4097, VSH_E_TOO_BIG},
        {32768, 32768, 0},
        {32768, 32769, VSH_E_TOO_BIG},
        {VSH_V2_PAYLOAD_MAX, VSH_V2_PAYLOAD_MAX, 0},
        {VSH_V2_PAYLOAD_MAX, VSH_V2_PAYLOAD_MAX + 1, VSH_E_TOO_BIG},
        {VSH_V2_PAYLOAD_MAX, 0xffffffffu, VSH_E_TOO_BIG},
        {0, 1, VSH_E_TOO_BIG},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct vsh_queue *queue = fed_queue();
        struct vsh_message message;
        uint8_t header[12] = {0xbe, 0xba, 0xfe, 0xca, 0x23};
        for (size_t b = 0; b < 4; b++) {
            header[8 + b] = (uint8_t)(cases[i].length >> (8 * b));
        }
        assert_int_equal(vsh_queue_set_limits(queue, cases[i].limit, 4096), 0);
        assert_int_equal(vsh_queue_feed(queue, header, 12), 0);
        assert_int_equal(vsh_queue_next(queue, &message), cases[i].result);
        vsh_queue_free(queue);
    }
}

static void limits_are_checked(void **state)
{
    (void)state;
    struct vsh_queue *queue = fed_queue();

    assert_int_equal(vsh_queue_send_max(queue), VSH_V1_PAYLOAD_MAX);
    assert_int_equal(vsh_queue_set_limits(queue, VSH_V2_PAYLOAD_MAX + 1, 4096), -EINVAL);
    assert_int_equal(vsh_queue_set_limits(queue, 4096, VSH_V2_PAYLOAD_MAX + 1), -EINVAL);
    assert_int_equal(vsh_queue_send_max(queue), VSH_V1_PAYLOAD_MAX);
    assert_int_equal(vsh_queue_set_limits(queue, 4096, 262208), 0);
    assert_int_equal(vsh_queue_send_max(queue), 262208);
    vsh_queue_free(queue);
}

static void limits_grow_around_a_torn_frame(void **state)
{
    (void)state;
    struct vsh_queue *queue = fed_queue();
    struct vsh_message message;

    assert_int_equal(vsh_queue_feed(queue, FRAME("\x2a", "\0") FRAME("\x23", "\4") "ab", 26), 0);
    assert_int_equal(vsh_queue_next(queue, &message), 1);
    assert_int_equal(vsh_queue_set_limits(queue, VSH_V2_PAYLOAD_MAX, VSH_V2_PAYLOAD_MAX), 0);
    assert_int_equal(vsh_queue_feed(queue, "cd", 2), 0);
    assert_int_equal(vsh_queue_next(queue, &message), 1);
    assert_memory_equal(message.payload, "abcd", 4);
    vsh_queue_free(queue);
}

static void room_counts_frames(void **state)
{
    (void)state;
    struct vsh_queue *queue = fed_queue();
    static uint8_t bytes[262208];
    size_t puts = 0;

    assert_int_equal(vsh_queue_set_limits(queue, 4096, 262208), 0);
    assert_int_equal(vsh_queue_room(queue), 262208);
    assert_int_equal(vsh_queue_bulk_room(queue), 262208);
    assert_int_equal(vsh_queue_put(queue, 1, bytes, 262209), VSH_E_TOO_BIG);
    while (vsh_queue_bulk_room(queue) == 262208) {
        assert_int_equal(vsh_queue_put(queue, 1, bytes, 262208), 0);
        puts++;
    }
    assert_true(puts >= 2); /* one is sent while the next is made */

    /* What bulk data may not have is there for control messages, exactly as told. */
    size_t bulk = vsh_queue_bulk_room(queue);
    if (bulk > 0) {
        assert_int_equal(vsh_queue_put(queue, 1, bytes, bulk), 0);
    }
    assert_int_equal(vsh_queue_bulk_room(queue), 0);
    size_t room = vsh_queue_room(queue);
    assert_true(room >= VSH_QUEUE_RESERVE - VSH_HEADER_SIZE);
    assert_int_equal(vsh_queue_put(queue, 1, bytes, room + 1), -ENOBUFS);
    size_t pending = vsh_queue_pending(queue);
    assert_int_equal(vsh_queue_put(queue, 1, bytes, room), 0);
    assert_int_equal(vsh_queue_pending(queue), pending + room + VSH_HEADER_SIZE);
    assert_int_equal(vsh_queue_room(queue), 0);
    assert_int_equal(vsh_queue_put(queue, 1, NULL, 0), -ENOBUFS);
    vsh_queue_free(queue);
}

static void v1_bulk_room_is_a_whole_frame(void **state)
{
    (void)state;
    struct vsh_queue *queue = fed_queue();

    assert_int_equal(vsh_queue_bulk_room(queue), VSH_V1_PAYLOAD_MAX);
    vsh_queue_free(queue);
}

static void reserve_commit_abandon(void **state)
{
    (void)state;
    struct echo echo;
    uint8_t *place = NULL;

    echo_open(&echo);
    assert_int_equal(vsh_queue_reserve(echo.queue, 0x30, 1000, &place), 0);
    assert_int_equal(vsh_queue_pending(echo.queue), 0);
    vsh_queue_commit(echo.queue, SIZE_MAX);
    assert_int_equal(vsh_queue_pending(echo.queue), 0);

    assert_int_equal(vsh_queue_reserve(echo.queue, 0x31, 1000, &place), 0);
    memcpy(place, "shorter", 7);
    vsh_queue_commit(echo.queue, 7);
    assert_int_equal(vsh_queue_pending(echo.queue), 19);
    struct vsh_message message = echo_message(&echo, 0x31);
    assert_int_equal(message.length, 7);
    assert_memory_equal(message.payload, "shorter", 7);

    assert_int_equal(vsh_queue_reserve(echo.queue, 0x32, 0, &place), 0);
    vsh_queue_commit(echo.queue, 0);
    message = echo_message(&echo, 0x32);
    assert_int_equal(message.length, 0);
    assert_int_equal(vsh_queue_reserve(echo.queue, 0x33, 32769, &place), VSH_E_TOO_BIG);
    echo_close(&echo);
}

static void a_full_input_buffer_says_so(void **state)
{
    (void)state;
    struct echo echo;
    struct vsh_message message;
    static uint8_t bytes[32768];
    ssize_t filled;

    echo_open(&echo);
    assert_int_equal(fcntl(echo.fds[0], F_SETFL, O_NONBLOCK), 0);
    for (int round = 0; round < 1000; round++) {
        while (vsh_queue_room(echo.queue) >= sizeof(bytes)) {
            assert_int_equal(vsh_queue_put(echo.queue, 0x23, bytes, sizeof(bytes)), 0);
        }
        assert_true(vsh_queue_flush(echo.queue) >= 0);
        filled = vsh_queue_fill(echo.queue);
        if (filled < 0) {
            break;
        }
    }
    assert_int_equal(filled, -ENOBUFS);
    assert_int_equal(vsh_queue_next(echo.queue, &message), 1);
    assert_true(vsh_queue_fill(echo.queue) > 0);
    echo_close(&echo);
}

static void end_of_stream_and_reset(void **state)
{
    (void)state;
    struct echo echo;
    struct vsh_message message;

    echo_open(&echo);
    assert_int_equal(write(echo.fds[0], FRAME("\x23", "\5") "he", 14), 14);
    close(echo.fds[0]);
    assert_int_equal(vsh_queue_fill(echo.queue), 14);
    assert_int_equal(vsh_queue_next(echo.queue, &message), 0);
    assert_int_equal(vsh_queue_fill(echo.queue), 0);
    assert_int_equal(vsh_queue_partial(echo.queue), 14);
    vsh_queue_free(echo.queue);
    close(echo.fds[1]);

    /* The peer closes with bytes of ours unread: unix sockets reset then. */
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, echo.fds), 0);
    assert_int_equal(vsh_queue_new(echo.fds[0], echo.fds[0], &echo.queue), 0);
    assert_int_equal(vsh_put_end(echo.queue), 0);
    assert_int_equal(vsh_queue_flush(echo.queue), 0);
    close(echo.fds[1]);
    assert_int_equal(vsh_queue_fill(echo.queue), VSH_E_GONE);
    assert_int_equal(vsh_put_end(echo.queue), 0);
    assert_int_equal(vsh_queue_flush(echo.queue), VSH_E_GONE);
    vsh_queue_free(echo.queue);
    close(echo.fds[0]);
}

static void nothing_to_read_or_write(void **state)
{
    (void)state;
    struct echo echo;

    echo_open(&echo);
    assert_int_equal(fcntl(echo.fds[1], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(vsh_queue_fill(echo.queue), -EAGAIN);
    assert_int_equal(vsh_queue_flush(echo.queue), 0);
    assert_int_equal(vsh_queue_bytes_in(echo.queue), 0);
    assert_int_equal(vsh_queue_bytes_out(echo.queue), 0);
    echo_close(&echo);
    vsh_queue_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_split_point),
        cmocka_unit_test(one_byte_at_a_time),
        cmocka_unit_test(wrong_magic_is_final),
        cmocka_unit_test(good_frames_before_a_bad_one_are_delivered),
        cmocka_unit_test(length_limit),
        cmocka_unit_test(limits_are_checked),
        cmocka_unit_test(limits_grow_around_a_torn_frame),
        cmocka_unit_test(room_counts_frames),
        cmocka_unit_test(v1_bulk_room_is_a_whole_frame),
        cmocka_unit_test(reserve_commit_abandon),
        cmocka_unit_test(a_full_input_buffer_says_so),
        cmocka_unit_test(end_of_stream_and_reset),
        cmocka_unit_test(nothing_to_read_or_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
