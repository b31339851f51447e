/* SPDX-License-Identifier: MIT */
/* Wire integers, fields and strings: byte order, the sticky failure, and every torn length. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/wire.h"

static void test_integers_are_little_endian(void **state)
{
    static const uint8_t wanted[] = {
        0x01, 0x03, 0x02, 0x07, 0x06, 0x05, 0x04, 0x0f, 0x0e, 0x0d, 0x0c, 0x0b, 0x0a, 0x09, 0xf8,
    };
    uint8_t bytes[sizeof(wanted)];
    struct wire_writer w = {.data = bytes, .capacity = sizeof(bytes)};
    (void)state;
    wire_put_u8(&w, 0x01);
    wire_put_u16(&w, 0x0203);
    wire_put_u32(&w, 0x04050607);
    wire_put_u64(&w, 0xf8090a0b0c0d0e0f);
    assert_false(w.failed);
    assert_int_equal(w.length, sizeof(wanted));
    assert_memory_equal(bytes, wanted, sizeof(wanted));

    struct wire_reader r = {.data = bytes, .length = w.length};
    assert_int_equal(wire_get_u8(&r), 0x01);
    assert_int_equal(wire_get_u16(&r), 0x0203);
    assert_int_equal(wire_get_u32(&r), 0x04050607);
    assert_true(wire_get_u64(&r) == 0xf8090a0b0c0d0e0f);
    assert_false(r.failed);
    assert_int_equal(r.offset, r.length);
    assert_int_equal(wire_get_u8(&r), 0);
    assert_true(r.failed);
}

/* Every capacity below the need fails, writes nothing past it, and stays failed. */
static void test_writer_stops_at_its_capacity(void **state)
{
    (void)state;
    for (size_t capacity = 0; capacity <= 16; capacity++) {
        uint8_t bytes[17];
        memset(bytes, 0xee, sizeof(bytes));
        struct wire_writer w = {.data = bytes, .capacity = capacity};
        wire_put_u32(&w, 1);
        wire_put_u64(&w, 2);
        wire_put_bytes(&w, "abc", 3);
        assert_int_equal(w.failed, capacity < 15);
        assert_true(w.length <= capacity);
        assert_int_equal(bytes[capacity], 0xee);
        if (w.failed) {
            size_t length = w.length;
            wire_put_u8(&w, 9);
            assert_int_equal(w.length, length);
        }
    }
}

static void test_fields_come_back(void **state)
{
    uint8_t bytes[128];
    struct wire_writer w = {.data = bytes, .capacity = sizeof(bytes)};
    struct wire_field field;
    uint32_t small;
    uint64_t large;
    const char *text;
    (void)state;
    wire_put_field_u32(&w, 1, 0xfffffffe);
    wire_put_field_u64(&w, 2 | WIRE_REQUIRED, 0x1122334455667788);
    wire_put_field_string(&w, 3, "t\xffxt");
    wire_put_field_string(&w, 4, "");
    wire_put_field(&w, 5, NULL, 0);
    assert_false(w.failed);

    struct wire_reader r = {.data = bytes, .length = w.length};
    assert_int_equal(wire_get_field(&r, &field), 1);
    assert_int_equal(field.tag, 1);
    assert_int_equal(wire_field_u32(&field, &small), 0);
    assert_int_equal(small, 0xfffffffe);
    assert_int_equal(wire_field_u64(&field, &large), -EBADMSG);
    assert_int_equal(wire_get_field(&r, &field), 1);
    assert_int_equal(field.tag, 2 | WIRE_REQUIRED);
    assert_int_equal(wire_field_u64(&field, &large), 0);
    assert_true(large == 0x1122334455667788);
    assert_int_equal(wire_field_u32(&field, &small), -EBADMSG);
    assert_int_equal(wire_get_field(&r, &field), 1);
    assert_int_equal(wire_field_string(&field, &text), 0);
    assert_string_equal(text, "t\xffxt");
    assert_int_equal(wire_get_field(&r, &field), 1);
    assert_int_equal(wire_field_string(&field, &text), 0);
    assert_string_equal(text, "");
    assert_int_equal(wire_get_field(&r, &field), 1);
    assert_int_equal(field.length, 0);
    assert_int_equal(wire_field_string(&field, &text), -EBADMSG);
    assert_int_equal(wire_get_field(&r, &field), 0);
}

static void test_field_is_written_whole_or_not_at_all(void **state)
{
    (void)state;
    for (size_t capacity = 0; capacity < WIRE_FIELD_HEADER + 4; capacity++) {
        uint8_t bytes[16];
        struct wire_writer w = {.data = bytes, .capacity = capacity};
        wire_put_field_u32(&w, 1, 1);
        assert_true(w.failed);
        assert_int_equal(w.length, 0);
    }
}

/* A field cut at every byte: nothing but the whole one and the empty input is in order. */
static void test_torn_field(void **state)
{
    uint8_t bytes[32];
    struct wire_writer w = {.data = bytes, .capacity = sizeof(bytes)};
    (void)state;
    wire_put_field_string(&w, 7, "hello");
    for (size_t length = 0; length <= w.length; length++) {
        struct wire_reader r = {.data = bytes, .length = length};
        struct wire_field field;
        int wanted = length == 0 ? 0 : length == w.length ? 1 : -EBADMSG;
        assert_int_equal(wire_get_field(&r, &field), wanted);
        assert_int_equal(r.failed, wanted < 0);
        if (wanted < 0) {
            assert_int_equal(wire_get_field(&r, &field), -EBADMSG);
        }
    }
}

/* A length of nearly 2^32 must not wrap around anything. */
static void test_field_longer_than_the_input(void **state)
{
    static const uint8_t bytes[] = {1, 0, 0xff, 0xff, 0xff, 0xff, 'x'};
    struct wire_reader r = {.data = bytes, .length = sizeof(bytes)};
    struct wire_field field;
    (void)state;
    assert_int_equal(wire_get_field(&r, &field), -EBADMSG);
    assert_null(wire_get_bytes(&r, 1));
    struct wire_reader again = {.data = bytes, .length = sizeof(bytes), .offset = 2};
    assert_null(wire_get_bytes(&again, SIZE_MAX));
    assert_true(again.failed);
}

static void test_strings(void **state)
{
    static const struct {
        const char *bytes;
        uint32_t length;
        int result;
    } rows[] = {
        {"", 0, -EBADMSG},       {"\0", 1, 0},          {"a\0", 2, 0}, {"ab", 2, -EBADMSG},
        {"a\0b\0", 4, -EBADMSG}, {"\0\0", 2, -EBADMSG},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct wire_field field = {1, (const uint8_t *)rows[i].bytes, rows[i].length};
        const char *text = NULL;
        assert_int_equal(wire_field_string(&field, &text), rows[i].result);
        assert_true((text != NULL) == (rows[i].result == 0));
    }
}

static void test_fixed_places(void **state)
{
    static const uint8_t wanted[] = {0xbe, 0xba, 0xfe, 0xca};
    uint8_t bytes[4];
    (void)state;
    wire_store_u32(bytes, 0xcafebabe);
    assert_memory_equal(bytes, wanted, 4);
    assert_int_equal(wire_load_u32(bytes), 0xcafebabe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers_are_little_endian),
        cmocka_unit_test(test_writer_stops_at_its_capacity),
        cmocka_unit_test(test_fields_come_back),
        cmocka_unit_test(test_field_is_written_whole_or_not_at_all),
        cmocka_unit_test(test_torn_field),
        cmocka_unit_test(test_field_longer_than_the_input),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_fixed_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
