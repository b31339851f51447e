/* SPDX-License-Identifier: MIT */
/*
 * Decoders against broken payloads: cut at every byte, one byte too many, unknown fields, values
 * out of range. Payloads are copied to a block of their exact size, so that a read past the end
 * shows.
 */
#include "message_helper.h"

#include "message_decoders.h"

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

/* 6-byte field headers: tag u16, length u32. */
#define F(tag, length) tag length "\0\0\0"

static int decode_exactly(decoder_fn *decode, const uint8_t *bytes, size_t length)
{
    uint8_t *copy = malloc(length > 0 ? length : 1);
    struct vsh_message message = {.length = (uint32_t)length, .payload = copy};

    assert_non_null(copy);
    memcpy(copy, bytes, length);
    int rc = decode(&message);
    free(copy);
    return rc;
}

static const struct shape {
    const char *name;
    decoder_fn *decode;
    const uint8_t *bytes;
    size_t length;
    size_t valid_cuts[5]; /* lengths at which a cut payload is itself valid; 0 ends the list */
    bool empty_is_valid;
    bool open_ended; /* any further byte is content */
} shapes[] = {
    {"hello",
     decode_hello,
     BYTES("\2\0\3\0\0\0\0\0\4\0" F("\1\0", "\3") "ab\0"),
     {10},
     .open_ended = false},
    {"exec",
     decode_exec,
     BYTES(
         F("\1\x80", "\x8") "\x18\0\x50\0\0\0\0\0" F("\2\0", "\3") "vt\0" F("\7\0", "\4") "A=b\0"),
     {14, 23},
     .empty_is_valid = true},
    {"started", decode_started, BYTES("\1\2\3\4"), {0}, false, false},
    {"data", decode_data, BYTES("\2\0\0\0x"), {0}, .open_ended = true},
    {"stream", decode_stream, BYTES("\1\0\0\0"), {0}, false, false},
    {"window", decode_window, BYTES("\0\0\0\0\1\0\0\0"), {0}, false, false},
    {"winsize", decode_winsize, BYTES("\x18\0\x50\0\0\0\0\0"), {0}, false, false},
    {"signal", decode_signal, BYTES("TERM\0"), {0}, false, false},
    {"exit", decode_exit, BYTES("\1\0\0\0\x9\0\0\0" F("\1\0", "\5") "KILL\0"), {8}, false, false},
    {"error", decode_error, BYTES("\3\0\0\0" F("\1\0", "\3") "no\0"), {4}, false, false},
    {"ping", decode_ping, BYTES("\1\2\3\4\5\6\7\x8"), {0}, false, false},
    {"text", decode_text, BYTES("ls\0"), {0}, false, false},
    {"pair", decode_pair, BYTES("a b\0"), {0}, false, false},
};
#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static bool cut_is_valid(const struct shape *shape, size_t length)
{
    if (length == 0) {
        return shape->empty_is_valid;
    }
    for (size_t i = 0; shape->valid_cuts[i] > 0; i++) {
        if (shape->valid_cuts[i] == length) {
            return true;
        }
    }
    return false;
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        const struct shape *shape = &shapes[i];
        assert_int_equal(decode_exactly(shape->decode, shape->bytes, shape->length), 0);
        for (size_t length = 0; length < shape->length; length++) {
            int rc = decode_exactly(shape->decode, shape->bytes, length);
            int wanted = cut_is_valid(shape, length) ? 0 : VSH_E_MALFORMED;
            if (rc != wanted) {
                fail_msg("%s cut to %zu bytes gives %d", shape->name, length, rc);
            }
        }
    }
}

static void leftovers_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        const struct shape *shape = &shapes[i];
        uint8_t bytes[64];
        memcpy(bytes, shape->bytes, shape->length);
        bytes[shape->length] = 0;
        int rc = decode_exactly(shape->decode, bytes, shape->length + 1);
        if (rc != (shape->open_ended ? 0 : VSH_E_MALFORMED)) {
            fail_msg("%s with a byte too many gives %d", shape->name, rc);
        }
    }
}

static void unknown_fields(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        decoder_fn *decode;
        const uint8_t *fixed;
        size_t length;
    } cases[] = {
        {"hello", decode_hello, BYTES("\2\0\0\0\0\0\0\x80\0\0")},
        {"exec", decode_exec, BYTES("")},
        {"exit", decode_exit, BYTES("\0\0\0\0\0\0\0\0")},
        {"error", decode_error, BYTES("\1\0\0\0")},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t bytes[64];
        memcpy(bytes, cases[i].fixed, cases[i].length);
        memcpy(bytes + cases[i].length, "\x77\0\2\0\0\0zz", 8);
        assert_int_equal(decode_exactly(cases[i].decode, bytes, cases[i].length + 8), 0);
        bytes[cases[i].length + 1] = 0x80;
        int rc = decode_exactly(cases[i].decode, bytes, cases[i].length + 8);
        if (rc != VSH_E_MALFORMED) {
            fail_msg("%s with an unknown required field gives %d", cases[i].name, rc);
        }
    }
}

static void values_out_of_range(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        decoder_fn *decode;
        const uint8_t *bytes;
        size_t length;
    } cases[] = {
        {"hello version 1", decode_hello, BYTES("\1\0\0\0\0\0\0\x80\0\0")},
        {"hello payload 4095", decode_hello, BYTES("\2\0\0\0\0\0\xff\x0f\0\0")},
        {"hello software twice", decode_hello,
         BYTES("\2\0\0\0\0\0\0\x80\0\0" F("\1\0", "\1") "\0" F("\1\0", "\1") "\0")},
        {"hello software with a NUL inside", decode_hello,
         BYTES("\2\0\0\0\0\0\0\x80\0\0" F("\1\0", "\3") "a\0\0")},
        {"exec pty twice", decode_exec,
         BYTES(F("\1\x80", "\x8") "\0\0\0\0\0\0\0\0" F("\1\x80", "\x8") "\0\0\0\0\0\0\0\0")},
        {"exec pty of 7 bytes", decode_exec, BYTES(F("\1\x80", "\7") "\0\0\0\0\0\0\0")},
        {"exec command and words", decode_exec,
         BYTES(F("\5\x80", "\2") "a\0" F("\6\x80", "\2") "b\0")},
        {"exec environment without =", decode_exec, BYTES(F("\7\0", "\2") "a\0")},
        {"exec environment without a name", decode_exec, BYTES(F("\7\0", "\3") "=a\0")},
        {"data on stream 3", decode_data, BYTES("\3\0\0\0x")},
        {"data without bytes", decode_data, BYTES("\1\0\0\0")},
        {"stream 3", decode_stream, BYTES("\3\0\0\0")},
        {"stream 2^24", decode_stream, BYTES("\0\0\0\1")},
        {"window on stream 3", decode_window, BYTES("\3\0\0\0\1\0\0\0")},
        {"window of nothing", decode_window, BYTES("\0\0\0\0\0\0\0\0")},
        {"signal with an escape", decode_signal, BYTES("\33[2J\0")},
        {"signal without a name", decode_signal, BYTES("\0")},
        {"signal of 16 letters", decode_signal, BYTES("ABCDEFGHIJKLMNOP\0")},
        {"exit code 256", decode_exit, BYTES("\0\0\0\0\0\1\0\0")},
        {"exit with an unknown flag", decode_exit, BYTES("\4\0\0\0\0\0\0\0")},
        {"exit core without signal", decode_exit, BYTES("\2\0\0\0\0\0\0\0")},
        {"exit by signal 0", decode_exit, BYTES("\1\0\0\0\0\0\0\0")},
        {"exit code with a signal name", decode_exit,
         BYTES("\0\0\0\0\1\0\0\0" F("\1\0", "\5") "KILL\0")},
        {"exit signal name with an escape", decode_exit,
         BYTES("\1\0\0\0\x9\0\0\0" F("\1\0", "\3") "\33c\0")},
        {"text with a NUL inside", decode_text, BYTES("a\0b\0")},
        {"pair without a blank", decode_pair, BYTES("ab\0")},
        {"pair with two blanks", decode_pair, BYTES("a b c\0")},
        {"pair without a source", decode_pair, BYTES(" b\0")},
        {"pair without a destination", decode_pair, BYTES("a \0")},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int rc = decode_exactly(cases[i].decode, cases[i].bytes, cases[i].length);
        if (rc != VSH_E_MALFORMED) {
            fail_msg("%s gives %d", cases[i].what, rc);
        }
    }
}

/* One word, one pair or one text more than the struct has room for. */
static void exec_counts_are_limited(void **state)
{
    (void)state;
    static const struct {
        uint8_t tag;
        uint8_t high;
        const char *text;
        size_t max;
    } cases[] = {{6, 0x80, "w", VSH_EXEC_ARGS_MAX}, {7, 0, "A=", VSH_EXEC_ENV_MAX}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t text = strlen(cases[i].text) + 1;
        size_t step = 6 + text;
        uint8_t *bytes = calloc(cases[i].max + 1, step);
        assert_non_null(bytes);
        for (size_t n = 0; n <= cases[i].max; n++) {
            uint8_t *at = bytes + n * step;
            at[0] = cases[i].tag;
            at[1] = cases[i].high;
            at[2] = (uint8_t)text;
            memcpy(at + 6, cases[i].text, text);
        }
        assert_int_equal(decode_exactly(decode_exec, bytes, cases[i].max * step), 0);
        assert_int_equal(decode_exactly(decode_exec, bytes, (cases[i].max + 1) * step),
                         VSH_E_MALFORMED);
        free(bytes);
    }
}

static void v1_texts_are_one_frame_at_most(void **state)
{
    (void)state;
    uint8_t bytes[VSH_V1_PAYLOAD_MAX + 1];

    memset(bytes, 'x', sizeof(bytes));
    bytes[VSH_V1_PAYLOAD_MAX] = 0;
    assert_int_equal(decode_exactly(decode_text, bytes, sizeof(bytes)), VSH_E_MALFORMED);
    bytes[10] = ' ';
    assert_int_equal(decode_exactly(decode_pair, bytes, sizeof(bytes)), VSH_E_MALFORMED);
    assert_int_equal(decode_exactly(decode_pair, bytes + 1, sizeof(bytes) - 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(leftovers_are_refused),
        cmocka_unit_test(unknown_fields),
        cmocka_unit_test(values_out_of_range),
        cmocka_unit_test(exec_counts_are_limited),
        cmocka_unit_test(v1_texts_are_one_frame_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
