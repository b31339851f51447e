/* SPDX-License-Identifier: MIT */
/*
 * The client against a server played by hand over a socket pair: events in order, credit in both
 * directions, the end of a session.
 */
#include "client_stage.h"

#include <poll.h>
#include <pthread.h>

static void whole_session(void **state)
{
    (void)state;
    struct stage stage;
    struct vsh_client_event event;
    const struct vsh_exit status = {.code = 7};

    stage_open(&stage);
    start(&stage, 262208);
    assert_int_equal(vsh_client_next(stage.client, &event, 0), -ETIMEDOUT);
    assert_int_equal(vsh_put_data(stage.server, VSH_STREAM_STDERR, "oops", 4), 0);
    assert_int_equal(vsh_put_stream(stage.server, VSH_V2_EOF, VSH_STREAM_STDOUT), 0);
    assert_int_equal(vsh_put_exit(stage.server, &status), 0);
    say(&stage);
    assert_int_equal(vsh_client_next(stage.client, &event, 0), 1);
    assert_int_equal(event.type, VSH_CLIENT_OUTPUT);
    assert_int_equal(event.data.stream, VSH_STREAM_STDERR);
    assert_memory_equal(event.data.bytes, "oops", 4);
    assert_int_equal(vsh_client_next(stage.client, &event, 0), 1);
    assert_int_equal(event.type, VSH_CLIENT_EOF);
    assert_int_equal(event.data.stream, VSH_STREAM_STDOUT);
    assert_int_equal(vsh_client_next(stage.client, &event, 0), 1);
    assert_int_equal(event.type, VSH_CLIENT_EXITED);
    assert_false(event.status.signalled);
    assert_int_equal(event.status.code, 7);
    heard(&stage, VSH_V2_END);
    assert_int_equal(vsh_client_next(stage.client, &event, 0), -ETIMEDOUT);
    assert_int_equal(vsh_put_end(stage.server), 0);
    say(&stage);
    assert_int_equal(vsh_client_next(stage.client, &event, 0), 0);
    assert_int_equal(vsh_client_next(stage.client, &event, -1), 0);
    assert_int_equal(vsh_client_write(stage.client, "x", 1), VSH_E_GONE);
    stage_close(&stage);
}

static void closing_early_says_end(void **state)
{
    (void)state;
    struct stage stage;

    stage_open(&stage);
    start(&stage, 262208);
    vsh_client_close(stage.client);
    stage.client = NULL;
    heard(&stage, VSH_V2_END);
    assert_int_equal(vsh_queue_fill(stage.server), 0);
    stage_close(&stage);
}

static void stdin_keeps_to_its_credit(void **state)
{
    (void)state;
    struct stage stage;
    struct vsh_client_event event;
    static uint8_t bytes[300000];
    size_t written = 0;
    size_t got = 0;
    struct vsh_message message;
    struct vsh_data data;

    stage_open(&stage);
    assert_int_equal(vsh_client_write(stage.client, "x", 1), -EINVAL);
    start(&stage, 100000);
    while (written < VSH_V2_WINDOW_INITIAL) {
        ssize_t count = vsh_client_write(stage.client, bytes, sizeof(bytes));
        if (count > 0) {
            written += (size_t)count;
        } else {
            assert_int_equal(count, -EAGAIN);
        }
        (void)vsh_queue_fill(stage.server);
        while (vsh_queue_next(stage.server, &message) == 1) {
            assert_int_equal(message.type, VSH_V2_DATA);
            assert_true(message.length <= 100000);
            assert_int_equal(vsh_get_data(&message, &data), 0);
            got += data.length;
        }
        assert_true(vsh_client_next(stage.client, &event, 0) != 0);
    }
    assert_int_equal(written, VSH_V2_WINDOW_INITIAL);
    assert_int_equal(vsh_client_write(stage.client, bytes, 1), -EAGAIN);
    while (got < written) {
        assert_int_equal(vsh_client_next(stage.client, &event, 0), -ETIMEDOUT);
        (void)vsh_queue_fill(stage.server);
        while (vsh_queue_next(stage.server, &message) == 1) {
            assert_int_equal(vsh_get_data(&message, &data), 0);
            got += data.length;
        }
    }
    /* Signals and resizes pass a stdin that nobody reads. */
    assert_int_equal(vsh_client_signal(stage.client, "INT"), 0);
    heard(&stage, VSH_V2_SIGNAL);
    assert_int_equal(vsh_client_resize(stage.client, &(struct vsh_winsize){.rows = 1}), 0);
    heard(&stage, VSH_V2_RESIZE);

    assert_int_equal(vsh_put_window(stage.server, VSH_STREAM_STDIN, 10), 0);
    say(&stage);
    assert_int_equal(vsh_client_next(stage.client, &event, 0), 1);
    assert_int_equal(event.type, VSH_CLIENT_WRITABLE);
    assert_int_equal(vsh_client_write(stage.client, bytes, 100), 10);
    assert_int_equal(vsh_client_close_stdin(stage.client), 0);
    assert_int_equal(vsh_client_close_stdin(stage.client), -EINVAL);
    assert_int_equal(vsh_client_write(stage.client, bytes, 1), -EINVAL);
    message = heard(&stage, VSH_V2_DATA);
    assert_int_equal(message.length, VSH_DATA_PREFIX + 10);
    heard(&stage, VSH_V2_EOF);
    stage_close(&stage);
}

static void output_credit_is_given_back_when_dealt_with(void **state)
{
    (void)state;
    struct stage stage;
    struct vsh_client_event event;
    static uint8_t bytes[131072];
    struct vsh_window window;

    stage_open(&stage);
    start(&stage, 262208);
    for (int i = 0; i < 2; i++) {
        hears_nothing_more(&stage);
        assert_int_equal(vsh_put_data(stage.server, VSH_STREAM_STDOUT, bytes, sizeof(bytes)), 0);
        while (vsh_queue_flush(stage.server) == 1) {
            assert_int_equal(vsh_client_next(stage.client, &event, 0), -ETIMEDOUT);
        }
        assert_int_equal(vsh_client_next(stage.client, &event, 0), 1);
        assert_int_equal(event.data.length, sizeof(bytes));
    }
    /* A quarter of the window is out, but the caller still holds the last piece. */
    hears_nothing_more(&stage);
    assert_int_equal(vsh_client_next(stage.client, &event, 0), -ETIMEDOUT);
    struct vsh_message message = heard(&stage, VSH_V2_WINDOW);
    assert_int_equal(vsh_get_window(&message, &window), 0);
    assert_int_equal(window.stream, VSH_STREAM_STDOUT);
    assert_int_equal(window.credit, 262144);
    stage_close(&stage);
}

static void command_that_reads_no_stdin(void **state)
{
    (void)state;
    struct stage stage;
    struct vsh_client_event event;

    stage_open(&stage);
    start(&stage, 262208);
    assert_int_equal(vsh_put_stream(stage.server, VSH_V2_CLOSE, VSH_STREAM_STDIN), 0);
    assert_int_equal(vsh_put_stream(stage.server, VSH_V2_CLOSE, VSH_STREAM_STDIN), 0);
    say(&stage);
    assert_int_equal(vsh_client_next(stage.client, &event, 0), 1);
    assert_int_equal(event.type, VSH_CLIENT_CLOSED);
    assert_int_equal(vsh_client_next(stage.client, &event, 0), -ETIMEDOUT);
    assert_int_equal(vsh_client_write(stage.client, "x", 1), VSH_E_GONE);
    stage_close(&stage);
}

static void ping_is_answered(void **state)
{
    (void)state;
    struct stage stage;
    struct vsh_client_event event;
    uint64_t token = 0;

    stage_open(&stage);
    start(&stage, 262208);
    assert_int_equal(vsh_put_ping(stage.server, VSH_V2_PING, 4242), 0);
    say(&stage);
    assert_int_equal(vsh_client_next(stage.client, &event, 0), -ETIMEDOUT);
    struct vsh_message message = heard(&stage, VSH_V2_PONG);
    assert_int_equal(vsh_get_ping(&message, &token), 0);
    assert_int_equal(token, 4242);
    stage_close(&stage);
}

static void a_big_request_waits_for_hello(void **state)
{
    (void)state;
    struct stage stage;
    char *big = malloc(100000);
    struct vsh_exec exec = {.command = big};

    assert_non_null(big);
    memset(big, 'x', 99999);
    big[99999] = '\0';
    stage_open(&stage);
    say_hello(&stage, 262208);
    say(&stage);
    assert_int_equal(vsh_client_exec(stage.client, &exec), 0);
    heard(&stage, VSH_V2_HELLO);
    struct vsh_message message = heard(&stage, VSH_V2_EXEC);
    assert_int_equal(message.length, 100006);
    stage_close(&stage);

    stage_open(&stage);
    say_hello(&stage, 99999);
    say(&stage);
    assert_int_equal(vsh_client_exec(stage.client, &exec), VSH_E_TOO_BIG);
    stage_close(&stage);
    free(big);
}

static void poll_interest(void **state)
{
    (void)state;
    struct stage stage;
    static const struct vsh_exec exec;

    stage_open(&stage);
    assert_int_equal(vsh_client_poll_events(stage.client), POLLIN | POLLOUT);
    assert_int_equal(vsh_client_exec(stage.client, &exec), 0);
    assert_int_equal(vsh_client_poll_events(stage.client), POLLIN);
    int timeout = vsh_client_poll_timeout(stage.client);
    assert_true(timeout > 0 && timeout <= 10000);
    assert_true(vsh_client_fd(stage.client) >= 0);
    stage_close(&stage);
}

/* A server of its own thread: echoes stdin on stdout, counts it, exits with 3. */
static void *echo_server(void *data)
{
    struct stage *stage = data;
    struct vsh_message message;
    struct pollfd poll_fd = {.fd = stage->fd, .events = POLLIN};
    const struct vsh_exit status = {.code = 3};
    bool over = false;

    say_hello(stage, 262208);
    (void)vsh_put_started(stage->server, 1);
    while (!over && poll(&poll_fd, 1, 5000) == 1 && vsh_queue_fill(stage->server) != 0) {
        while (vsh_queue_next(stage->server, &message) == 1) {
            struct vsh_data in;
            if (message.type == VSH_V2_DATA && vsh_get_data(&message, &in) == 0) {
                (void)vsh_put_data(stage->server, VSH_STREAM_STDOUT, in.bytes, in.length);
                (void)vsh_put_window(stage->server, VSH_STREAM_STDIN, in.length);
            } else if (message.type == VSH_V2_EOF) {
                (void)vsh_put_data(stage->server, VSH_STREAM_STDERR, "done", 4);
                (void)vsh_put_exit(stage->server, &status);
            } else if (message.type == VSH_V2_END) {
                (void)vsh_put_end(stage->server);
                over = true;
            }
        }
        while (vsh_queue_flush(stage->server) == 1) {
            struct pollfd out = {.fd = stage->fd, .events = POLLOUT};
            (void)poll(&out, 1, 5000);
        }
    }
    return NULL;
}

static void run_in_one_call(void **state)
{
    (void)state;
    struct stage stage;
    pthread_t thread;
    static char bytes[3000000];
    static const struct vsh_exec exec = {.command = "cat"};
    const struct vsh_client_input input = {
        .bytes = bytes, .length = sizeof(bytes), .output_max = sizeof(bytes) - 1};
    struct vsh_client_result result;

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)(i % 251);
    }
    stage_open(&stage);
    assert_int_equal(pthread_create(&thread, NULL, echo_server, &stage), 0);
    assert_int_equal(vsh_client_run(stage.client, &exec, &input, &result), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(result.code, 3);
    assert_int_equal(result.stdout_length, sizeof(bytes) - 1);
    assert_memory_equal(result.stdout_bytes, bytes, sizeof(bytes) - 1);
    assert_int_equal(result.stdout_bytes[sizeof(bytes) - 1], '\0');
    assert_string_equal(result.stderr_bytes, "done");
    vsh_client_result_done(&result);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_session),
        cmocka_unit_test(closing_early_says_end),
        cmocka_unit_test(stdin_keeps_to_its_credit),
        cmocka_unit_test(output_credit_is_given_back_when_dealt_with),
        cmocka_unit_test(command_that_reads_no_stdin),
        cmocka_unit_test(ping_is_answered),
        cmocka_unit_test(a_big_request_waits_for_hello),
        cmocka_unit_test(poll_interest),
        cmocka_unit_test(run_in_one_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
