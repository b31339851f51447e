/* SPDX-License-Identifier: MIT */
/* The byte examples of PROTOCOL.md, copied by hand: they are what the encoders make, bit for bit.
 */
#include "message_helper.h"

#define HEX(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static void expect_bytes(struct echo *echo, const uint8_t *bytes, size_t length)
{
    uint8_t got[256];

    assert_int_equal(vsh_queue_pending(echo->queue), length);
    assert_int_equal(vsh_queue_flush(echo->queue), 0);
    assert_int_equal(read(echo->fds[1], got, sizeof(got)), length);
    assert_memory_equal(got, bytes, length);
}

static void client_side(void **state)
{
    (void)state;
    struct echo echo;
    static const struct vsh_exec exec = {.command = "echo hi; exit 7"};
    const struct vsh_hello hello = {.version = 2,
                                    .features = VSH_FEATURE_EXEC | VSH_FEATURE_FILES,
                                    .max_payload = 262208,
                                    .software = "demo 1"};

    echo_open(&echo);
    assert_int_equal(vsh_put_hello(echo.queue, &hello), 0);
    expect_bytes(&echo, HEX(0xbe, 0xba, 0xfe, 0xca, 0x20, 0, 0, 0, 0x17, 0, 0, 0, 0x02, 0x00, 0x03,
                            0, 0, 0, 0x40, 0x00, 0x04, 0x00, 0x01, 0x00, 0x07, 0, 0, 0, 0x64, 0x65,
                            0x6d, 0x6f, 0x20, 0x31, 0x00));
    assert_int_equal(vsh_put_exec(echo.queue, &exec), 0);
    expect_bytes(&echo, HEX(0xbe, 0xba, 0xfe, 0xca, 0x21, 0, 0, 0, 0x16, 0, 0, 0, 0x05, 0x80, 0x10,
                            0, 0, 0, 0x65, 0x63, 0x68, 0x6f, 0x20, 0x68, 0x69, 0x3b, 0x20, 0x65,
                            0x78, 0x69, 0x74, 0x20, 0x37, 0x00));
    assert_int_equal(vsh_put_end(echo.queue), 0);
    expect_bytes(&echo, HEX(0xbe, 0xba, 0xfe, 0xca, 0x2a, 0, 0, 0, 0, 0, 0, 0));
    echo_close(&echo);
}

static void server_side(void **state)
{
    (void)state;
    struct echo echo;
    const struct vsh_exit code = {.code = 7};
    const struct vsh_exit killed = {.signalled = true, .code = 9, .signal = "KILL"};

    echo_open(&echo);
    assert_int_equal(vsh_put_started(echo.queue, 4711), 0);
    expect_bytes(&echo, HEX(0xbe, 0xba, 0xfe, 0xca, 0x22, 0, 0, 0, 4, 0, 0, 0, 0x67, 0x12, 0, 0));
    assert_int_equal(vsh_put_data(echo.queue, VSH_STREAM_STDOUT, "hi\n", 3), 0);
    expect_bytes(&echo, HEX(0xbe, 0xba, 0xfe, 0xca, 0x23, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0x68,
                            0x69, 0x0a));
    assert_int_equal(vsh_put_stream(echo.queue, VSH_V2_EOF, VSH_STREAM_STDERR), 0);
    expect_bytes(&echo, HEX(0xbe, 0xba, 0xfe, 0xca, 0x24, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0));
    assert_int_equal(vsh_put_exit(echo.queue, &code), 0);
    expect_bytes(&echo,
                 HEX(0xbe, 0xba, 0xfe, 0xca, 0x29, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0));
    assert_int_equal(vsh_put_exit(echo.queue, &killed), 0);
    expect_bytes(&echo, HEX(0xbe, 0xba, 0xfe, 0xca, 0x29, 0, 0, 0, 0x13, 0, 0, 0, 1, 0, 0, 0, 9, 0,
                            0, 0, 1, 0, 5, 0, 0, 0, 0x4b, 0x49, 0x4c, 0x4c, 0));
    echo_close(&echo);
}

static void version_1(void **state)
{
    (void)state;
    struct echo echo;
    const struct vsh_winsize size = {.rows = 24, .columns = 80};

    echo_open(&echo);
    assert_int_equal(vsh_put_winsize(echo.queue, VSH_V1_WINDOW_SIZE, &size), 0);
    assert_int_equal(vsh_put_text(echo.queue, VSH_V1_OPEN_CMD, "exit 7"), 0);
    expect_bytes(&echo, HEX(0xbe, 0xba, 0xfe, 0xca, 0x0a, 0, 0, 0, 8, 0, 0, 0, 0x18, 0, 0x50, 0, 0,
                            0, 0, 0, 0xbe, 0xba, 0xfe, 0xca, 0x09, 0, 0, 0, 7, 0, 0, 0, 0x65, 0x78,
                            0x69, 0x74, 0x20, 0x37, 0));
    echo_close(&echo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_side),
        cmocka_unit_test(server_side),
        cmocka_unit_test(version_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
