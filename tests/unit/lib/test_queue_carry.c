/* SPDX-License-Identifier: MIT */
/* Many messages of awkward sizes over sockets and pipes that fill up: whole, in order, once each.
 */
#include "message_helper.h"

#include <fcntl.h>

#include "lib/message_queue_pass.h"

static uint8_t pattern(size_t message, size_t offset)
{
    return (uint8_t)(message * 31 + offset * 7 + (offset >> 8));
}

/* Sizes that never line up with the buffers, so that frames tear at many places. */
static size_t message_size(size_t n)
{
    static const size_t sizes[] = {0, 1, 262208, 17, 99991, 262143, 4096, 180001};
    return sizes[n % (sizeof(sizes) / sizeof(sizes[0]))];
}

static bool put_pattern(struct vsh_queue *queue, size_t n)
{
    size_t size = message_size(n);
    uint8_t *place = NULL;

    if (vsh_queue_bulk_room(queue) < size || vsh_queue_room(queue) == 0) {
        return false;
    }
    assert_int_equal(vsh_queue_reserve(queue, (uint32_t)n, size, &place), 0);
    for (size_t i = 0; i < size; i++) {
        place[i] = pattern(n, i);
    }
    vsh_queue_commit(queue, size);
    return true;
}

static void check_pattern(const struct vsh_message *message, size_t n)
{
    assert_int_equal(message->type, n);
    assert_int_equal(message->length, message_size(n));
    for (size_t i = 0; i < message->length; i++) {
        if (message->payload[i] != pattern(n, i)) {
            fail_msg("message %zu differs at byte %zu", n, i);
        }
    }
}

/* Two queues over two descriptors until count messages came across. */
static void carry(int in_fd, int out_fd, size_t count)
{
    struct vsh_queue *sender = NULL;
    struct vsh_queue *receiver = NULL;
    size_t sent = 0;
    size_t got = 0;
    bool waited = false;

    assert_int_equal(fcntl(in_fd, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(fcntl(out_fd, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(vsh_queue_new(-1, out_fd, &sender), 0);
    assert_int_equal(vsh_queue_new(in_fd, -1, &receiver), 0);
    assert_int_equal(vsh_queue_set_limits(sender, 4096, 262208), 0);
    assert_int_equal(vsh_queue_set_limits(receiver, 262208, 4096), 0);
    while (got < count) {
        struct vsh_message message;
        while (sent < count && put_pattern(sender, sent)) {
            sent++;
        }
        int left = vsh_queue_flush(sender);
        assert_true(left == 0 || left == 1);
        assert_int_equal(left, vsh_queue_pending(sender) > 0);
        waited |= left == 1;
        ssize_t filled = vsh_queue_fill(receiver);
        assert_true(filled > 0 || filled == -EAGAIN);
        while (vsh_queue_next(receiver, &message) == 1) {
            check_pattern(&message, got++);
        }
    }
    assert_true(waited);
    assert_int_equal(vsh_queue_partial(receiver), 0);
    assert_true(vsh_queue_bytes_in(receiver) == vsh_queue_bytes_out(sender));
    vsh_queue_free(sender);
    vsh_queue_free(receiver);
}

static void socket_with_a_small_buffer(void **state)
{
    (void)state;
    int fds[2];
    int small = 4608;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    carry(fds[1], fds[0], 40);
    close(fds[0]);
    close(fds[1]);
}

static void pipes_work_too(void **state)
{
    (void)state;
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    carry(fds[0], fds[1], 40);
    close(fds[0]);
    close(fds[1]);
}

/* The beginning of a payload goes past the queue, and its rest comes as a shorter message. */
static void a_payload_goes_past_the_queue(void **state)
{
    static const char type_a[] = "abcdtaken away";
    struct vsh_queue *sender = NULL, *receiver = NULL;
    struct vsh_message message;
    char away[8];
    int fds[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(vsh_queue_new(-1, fds[0], &sender), 0);
    assert_int_equal(vsh_queue_new(fds[1], -1, &receiver), 0);
    for (uint32_t type = 1; type <= 3; type++) {
        assert_int_equal(vsh_queue_put(sender, type, type_a, 14), 0);
    }
    assert_int_equal(vsh_queue_flush(sender), 0);

    /* All of the first. */
    assert_int_equal(vsh_queue_begun(receiver, 1, "abcd", 4), 0);
    assert_int_equal(vsh_queue_fill_frame(receiver, 4), VSH_HEADER_SIZE + 4);
    assert_int_equal(vsh_queue_begun(receiver, 2, "abcd", 4), 0);
    assert_int_equal(vsh_queue_begun(receiver, 1, "abcx", 4), 0);
    assert_int_equal(vsh_queue_begun(receiver, 1, "abcd", 4), 10);
    assert_int_equal(read(fds[1], away, 6), 6);
    assert_false(vsh_queue_passed(receiver, 6));
    assert_int_equal(vsh_queue_begun(receiver, 1, "abcd", 4), 4);
    assert_int_equal(read(fds[1], away, 4), 4);
    assert_true(vsh_queue_passed(receiver, 4));
    assert_int_equal(vsh_queue_next(receiver, &message), 0);
    assert_int_equal(vsh_queue_partial(receiver), 0);

    /* A part of the second; its rest and the third are read as ever. */
    assert_int_equal(vsh_queue_fill_frame(receiver, 4), VSH_HEADER_SIZE + 4);
    assert_int_equal(read(fds[1], away, 6), 6);
    assert_false(vsh_queue_passed(receiver, 6));
    assert_int_equal(vsh_queue_fill_frame(receiver, 4), 4);
    assert_int_equal(vsh_queue_begun(receiver, 2, "abcd", 4), 0);
    assert_int_equal(vsh_queue_next(receiver, &message), 1);
    assert_int_equal(message.type, 2);
    assert_int_equal(message.length, 8);
    assert_memory_equal(message.payload, "abcdaway", 8);
    assert_true(vsh_queue_fill(receiver) > 0);
    assert_int_equal(vsh_queue_next(receiver, &message), 1);
    assert_int_equal(message.type, 3);
    assert_int_equal(message.length, 14);
    assert_true(vsh_queue_bytes_in(receiver) == vsh_queue_bytes_out(sender));

    /* What may not be so long is the queue's to refuse. */
    assert_int_equal(vsh_queue_put(sender, 1, type_a, 14), 0);
    assert_int_equal(vsh_queue_flush(sender), 0);
    assert_int_equal(vsh_queue_set_limits(receiver, 13, 13), 0);
    assert_int_equal(vsh_queue_fill_frame(receiver, 4), VSH_HEADER_SIZE + 4);
    assert_int_equal(vsh_queue_begun(receiver, 1, "abcd", 4), 0);
    assert_int_equal(vsh_queue_next(receiver, &message), VSH_E_TOO_BIG);
    vsh_queue_free(sender);
    vsh_queue_free(receiver);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(socket_with_a_small_buffer),
        cmocka_unit_test(pipes_work_too),
        cmocka_unit_test(a_payload_goes_past_the_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
