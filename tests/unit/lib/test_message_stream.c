/* SPDX-License-Identifier: MIT */
/* DATA in place, streams, windows, terminal sizes, and the texts of version 1. */
#include "message_helper.h"

static void data_round_trip(void **state)
{
    (void)state;
    struct echo echo;
    struct vsh_data got;

    echo_open(&echo);
    assert_int_equal(vsh_put_data(echo.queue, VSH_STREAM_STDERR, "bytes", 5), 0);
    struct vsh_message message = echo_message(&echo, VSH_V2_DATA);
    assert_int_equal(vsh_get_data(&message, &got), 0);
    assert_int_equal(got.stream, VSH_STREAM_STDERR);
    assert_int_equal(got.length, 5);
    assert_memory_equal(got.bytes, "bytes", 5);

    assert_int_equal(vsh_put_data(echo.queue, VSH_STREAM_STDOUT, "", 0), -EINVAL);
    assert_int_equal(vsh_put_data(echo.queue, (enum vsh_stream)3, "x", 1), -EINVAL);
    echo_close(&echo);
}

static void data_is_filled_in_place(void **state)
{
    (void)state;
    struct echo echo;
    struct vsh_data got;
    uint8_t *place = NULL;

    echo_open(&echo);
    assert_int_equal(vsh_reserve_data(echo.queue, VSH_STREAM_STDOUT, 32764, &place), 0);
    memset(place, 'a', 32764);
    vsh_commit_data(echo.queue, 3);
    struct vsh_message message = echo_message(&echo, VSH_V2_DATA);
    assert_int_equal(vsh_get_data(&message, &got), 0);
    assert_int_equal(got.length, 3);
    assert_memory_equal(got.bytes, "aaa", 3);

    assert_int_equal(vsh_reserve_data(echo.queue, VSH_STREAM_STDOUT, 100, &place), 0);
    vsh_commit_data(echo.queue, 0);
    assert_int_equal(vsh_queue_pending(echo.queue), 0);
    assert_int_equal(vsh_reserve_data(echo.queue, VSH_STREAM_STDOUT, 32765, &place), VSH_E_TOO_BIG);
    assert_int_equal(vsh_reserve_data(echo.queue, VSH_STREAM_STDOUT, SIZE_MAX, &place),
                     VSH_E_TOO_BIG);
    echo_close(&echo);
}

static void stream_and_window_round_trip(void **state)
{
    (void)state;
    struct echo echo;
    enum vsh_stream stream = VSH_STREAM_STDIN;
    struct vsh_window window;

    echo_open(&echo);
    assert_int_equal(vsh_put_stream(echo.queue, VSH_V2_CLOSE, VSH_STREAM_STDERR), 0);
    struct vsh_message message = echo_message(&echo, VSH_V2_CLOSE);
    assert_int_equal(vsh_get_stream(&message, &stream), 0);
    assert_int_equal(stream, VSH_STREAM_STDERR);
    assert_int_equal(vsh_put_stream(echo.queue, VSH_V2_EOF, VSH_STREAMS), -EINVAL);

    assert_int_equal(vsh_put_window(echo.queue, VSH_STREAM_STDIN, 0xffffffffu), 0);
    message = echo_message(&echo, VSH_V2_WINDOW);
    assert_int_equal(vsh_get_window(&message, &window), 0);
    assert_int_equal(window.stream, VSH_STREAM_STDIN);
    assert_int_equal(window.credit, 0xffffffffu);
    assert_int_equal(vsh_put_window(echo.queue, VSH_STREAM_STDIN, 0), -EINVAL);
    echo_close(&echo);
}

static void winsize_of_both_versions(void **state)
{
    (void)state;
    static const uint8_t wire[] = {0x32, 0x00, 0x84, 0x00, 0x02, 0x01, 0x04, 0x03};
    const struct vsh_winsize size = {
        .rows = 50, .columns = 132, .x_pixels = 0x102, .y_pixels = 0x304};
    struct vsh_winsize got;
    struct echo echo;

    echo_open(&echo);
    assert_int_equal(vsh_put_winsize(echo.queue, VSH_V1_WINDOW_SIZE, &size), 0);
    struct vsh_message message = echo_message(&echo, VSH_V1_WINDOW_SIZE);
    assert_int_equal(message.length, sizeof(wire));
    assert_memory_equal(message.payload, wire, sizeof(wire));
    assert_int_equal(vsh_get_winsize(&message, &got), 0);
    assert_memory_equal(&got, &size, sizeof(got));
    echo_close(&echo);
}

static void v1_text(void **state)
{
    (void)state;
    struct echo echo;
    const char *text = NULL;
    char longest[VSH_V1_PAYLOAD_MAX + 1];

    echo_open(&echo);
    assert_int_equal(vsh_put_text(echo.queue, VSH_V1_OPEN_CMD, "exit 7"), 0);
    struct vsh_message message = echo_message(&echo, VSH_V1_OPEN_CMD);
    assert_int_equal(message.length, 7);
    assert_int_equal(vsh_get_text(&message, &text), 0);
    assert_string_equal(text, "exit 7");

    memset(longest, 'x', sizeof(longest));
    longest[VSH_V1_PAYLOAD_MAX] = '\0';
    assert_int_equal(vsh_put_text(echo.queue, VSH_V1_OPEN_CMD, longest), VSH_E_TOO_BIG);
    longest[VSH_V1_PAYLOAD_MAX - 1] = '\0';
    assert_int_equal(vsh_put_text(echo.queue, VSH_V1_OPEN_CMD, longest), 0);
    message = echo_message(&echo, VSH_V1_OPEN_CMD);
    assert_int_equal(vsh_get_text(&message, &text), 0);
    echo_close(&echo);
}

static void v1_pair(void **state)
{
    (void)state;
    struct echo echo;
    char source[VSH_V1_PAYLOAD_MAX];
    char destination[VSH_V1_PAYLOAD_MAX];
    char half[VSH_V1_PAYLOAD_MAX];

    echo_open(&echo);
    assert_int_equal(vsh_put_pair(echo.queue, VSH_V1_FILE_UPLOAD_START, "a", "/tmp/b"), 0);
    struct vsh_message message = echo_message(&echo, VSH_V1_FILE_UPLOAD_START);
    assert_memory_equal(message.payload, "a /tmp/b", 9);
    assert_int_equal(vsh_get_pair(&message, source, destination), 0);
    assert_string_equal(source, "a");
    assert_string_equal(destination, "/tmp/b");

    assert_int_equal(vsh_put_pair(echo.queue, VSH_V1_FILE_UPLOAD_START, "a b", "c"), -EINVAL);
    assert_int_equal(vsh_put_pair(echo.queue, VSH_V1_FILE_UPLOAD_START, "", "c"), -EINVAL);
    assert_int_equal(vsh_put_pair(echo.queue, VSH_V1_FILE_UPLOAD_START, "a", ""), -EINVAL);
    assert_int_equal(vsh_put_pair(echo.queue, VSH_V1_FILE_UPLOAD_START, "a", "b "), -EINVAL);

    memset(half, 'x', sizeof(half));
    half[4092] = '\0'; /* 4092 + blank + 2 + NUL is just what a frame takes */
    assert_int_equal(vsh_put_pair(echo.queue, VSH_V1_FILE_UPLOAD_START, half, "bbb"),
                     VSH_E_TOO_BIG);
    assert_int_equal(vsh_put_pair(echo.queue, VSH_V1_FILE_UPLOAD_START, half, "bb"), 0);
    message = echo_message(&echo, VSH_V1_FILE_UPLOAD_START);
    assert_int_equal(message.length, VSH_V1_PAYLOAD_MAX);
    assert_int_equal(vsh_get_pair(&message, source, destination), 0);
    assert_string_equal(source, half);
    assert_string_equal(destination, "bb");
    echo_close(&echo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_round_trip),
        cmocka_unit_test(data_is_filled_in_place),
        cmocka_unit_test(stream_and_window_round_trip),
        cmocka_unit_test(winsize_of_both_versions),
        cmocka_unit_test(v1_text),
        cmocka_unit_test(v1_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
