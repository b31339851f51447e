/* SPDX-License-Identifier: MIT */
/* The bounded queue: limits, moving content down, resizing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"

static void test_limits(void **state)
{
    static const struct {
        size_t capacity;
        size_t append;
        int result;
    } rows[] = {
        {0, 0, 0}, {0, 1, -ENOBUFS}, {8, 7, 0},
        {8, 8, 0}, {8, 9, -ENOBUFS}, {8, SIZE_MAX, -ENOBUFS},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buffer buffer;
        assert_int_equal(buffer_init(&buffer, rows[i].capacity), 0);
        assert_int_equal(buffer_append(&buffer, "12345678", rows[i].append), rows[i].result);
        size_t length = rows[i].result == 0 ? rows[i].append : 0;
        assert_int_equal(buffer_length(&buffer), length);
        assert_int_equal(buffer_room(&buffer), rows[i].capacity - length);
        buffer_done(&buffer);
        assert_null(buffer.data);
    }
}

/* Every mix of head and tail: reserving all the room keeps the content and gives it in one piece.
 */
static void test_reserve_moves_down(void **state)
{
    (void)state;
    for (size_t put = 0; put <= 16; put++) {
        for (size_t taken = 0; taken <= put; taken++) {
            struct buffer buffer;
            assert_int_equal(buffer_init(&buffer, 16), 0);
            assert_int_equal(buffer_append(&buffer, "abcdefghijklmnop", put), 0);
            buffer_consume(&buffer, taken);
            size_t room = buffer_room(&buffer);
            assert_int_equal(room, 16 - (put - taken));
            assert_null(buffer_reserve(&buffer, room + 1));
            uint8_t *at = buffer_reserve(&buffer, room);
            assert_non_null(at);
            memset(at, 'Z', room); /* a place too small is the sanitizer's catch */
            assert_true(at == buffer_head(&buffer) + (put - taken));
            buffer_commit(&buffer, room);
            assert_int_equal(buffer_length(&buffer), 16);
            assert_memory_equal(buffer_head(&buffer), &"abcdefghijklmnop"[taken], put - taken);
            buffer_done(&buffer);
        }
    }
}

/* A long stream through sixteen bytes, in pieces that never divide it, comes out in order. */
static void test_stream_passes_in_order(void **state)
{
    struct buffer buffer;
    uint8_t next_in = 0;
    uint8_t next_out = 0;
    (void)state;
    assert_int_equal(buffer_init(&buffer, 16), 0);
    for (unsigned i = 0; i < 100000; i++) {
        size_t put = i % 7 + 1;
        uint8_t *at = buffer_reserve(&buffer, put);
        for (size_t j = 0; at != NULL && j < put; j++) {
            at[j] = next_in++;
        }
        buffer_commit(&buffer, at != NULL ? put : 0);
        size_t take = i % 5 + 1;
        take = take < buffer_length(&buffer) ? take : buffer_length(&buffer);
        for (size_t j = 0; j < take; j++) {
            assert_int_equal(buffer_head(&buffer)[j], next_out++);
        }
        buffer_consume(&buffer, take);
    }
    buffer_done(&buffer);
}

static void test_consume_more_than_there_is(void **state)
{
    struct buffer buffer;
    (void)state;
    assert_int_equal(buffer_init(&buffer, 4), 0);
    assert_int_equal(buffer_append(&buffer, "abc", 3), 0);
    buffer_consume(&buffer, 4);
    assert_int_equal(buffer_length(&buffer), 0);
    assert_int_equal(buffer_room(&buffer), 4);
    buffer_commit(&buffer, 5);
    assert_int_equal(buffer_length(&buffer), 4);
    buffer_clear(&buffer);
    assert_int_equal(buffer_length(&buffer), 0);
    buffer_done(&buffer);
}

static void test_resize(void **state)
{
    struct buffer buffer;
    (void)state;
    assert_int_equal(buffer_init(&buffer, 8), 0);
    assert_int_equal(buffer_append(&buffer, "abcdefgh", 8), 0);
    buffer_consume(&buffer, 3);
    assert_int_equal(buffer_resize(&buffer, 4), -EINVAL);
    assert_int_equal(buffer_resize(&buffer, 5), 0);
    assert_int_equal(buffer_room(&buffer), 0);
    assert_int_equal(buffer_resize(&buffer, 6), 0);
    assert_int_equal(buffer_append(&buffer, "i", 1), 0);
    assert_memory_equal(buffer_head(&buffer), "defghi", 6);
    buffer_clear(&buffer);
    assert_int_equal(buffer_resize(&buffer, 0), 0);
    assert_int_equal(buffer_append(&buffer, "x", 1), -ENOBUFS);
    buffer_done(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_reserve_moves_down),
        cmocka_unit_test(test_stream_passes_in_order),
        cmocka_unit_test(test_consume_more_than_there_is),
        cmocka_unit_test(test_resize),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
