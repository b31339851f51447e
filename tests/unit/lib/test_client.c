/* SPDX-License-Identifier: MIT */
/*
 * The client against a server played by hand over a socket pair: events in order, credit in both
 * directions, both ends of a session, and servers that break the rules.
 */
#include "message_helper.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>

#include <vsock-shell/client.h>

struct stage {
    struct vsh_client *client;
    struct vsh_queue *server;
    int fd; /* the server's end */
};

static void stage_open(struct stage *stage)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    assert_int_equal(vsh_client_open_fd(fds[0], &stage->client), 0);
    assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(vsh_queue_new(fds[1], fds[1], &stage->server), 0);
    assert_int_equal(vsh_queue_set_limits(stage->server, 262208, 262208), 0);
    stage->fd = fds[1];
}

static void stage_close(struct stage *stage)
{
    vsh_client_close(stage->client);
    vsh_queue_free(stage->server);
    if (stage->fd >= 0) {
        close(stage->fd);
    }
}

/* The next message the server gets, which must be of this type. */
static struct vsh_message heard(struct stage *stage, uint32_t type)
{
    struct vsh_message message;

    while (vsh_queue_next(stage->server, &message) == 0) {
        assert_true(vsh_queue_fill(stage->server) > 0);
    }
    assert_int_equal(message.type, type);
    return message;
}

static void hears_nothing_more(struct stage *stage)
{
    struct vsh_message message;

    assert_int_equal(vsh_queue_next(stage->server, &message), 0);
    assert_int_equal(vsh_queue_fill(stage->server), -EAGAIN);
}

static void say(struct stage *stage)
{
    assert_int_equal(vsh_queue_flush(stage->server), 0);
}

static void say_hello(struct stage *stage, uint32_t max_payload)
{
    const struct vsh_hello hello = {.version = 2, .max_payload = max_payload, .software = "test"};

    assert_int_equal(vsh_put_hello(stage->server, &hello), 0);
}

/* Up to the running command. */
static void start(struct stage *stage, uint32_t max_payload)
{
    static const struct vsh_exec exec = {.command = "cat"};
    struct vsh_client_event event;

    assert_int_equal(vsh_client_exec(stage->client, &exec), 0);
    heard(stage, VSH_V2_HELLO);
    heard(stage, VSH_V2_EXEC);
    say_hello(stage, max_payload);
    assert_int_equal(vsh_put_started(stage->server, 77), 0);
    say(stage);
    assert_int_equal(vsh_client_next(stage->client, &event, 0), 1);
    assert_int_equal(event.type, VSH_CLIENT_STARTED);
    assert_int_equal(event.pid, 77);
}

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

static void refusal_with_a_sentence(void **state)
{
    (void)state;
    struct stage stage;
    struct vsh_client_event event;
    static const struct vsh_exec exec;

    stage_open(&stage);
    assert_int_equal(vsh_client_exec(stage.client, &exec), 0);
    assert_int_equal(vsh_client_exec(stage.client, &exec), -EALREADY);
    say_hello(&stage, 262208);
    assert_int_equal(vsh_put_error(stage.server, VSH_ERROR_REFUSED, "not you"), 0);
    say(&stage);
    close(stage.fd);
    stage.fd = -1;
    assert_int_equal(vsh_client_next(stage.client, &event, 1000), 1);
    assert_int_equal(event.type, VSH_CLIENT_REFUSED);
    assert_int_equal(event.error.code, VSH_ERROR_REFUSED);
    assert_string_equal(event.error.text, "not you");
    assert_int_equal(vsh_client_next(stage.client, &event, 1000), 0);
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

/* What the server says right after HELLO and STARTED, and what becomes of it. */
static void broken_servers(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint32_t type;
        const char *payload;
        size_t length;
        int result;
    } cases[] = {
        {"DATA on stdin", VSH_V2_DATA, "\0\0\0\0x", 5, VSH_E_MALFORMED},
        {"EOF on stdin", VSH_V2_EOF, "\0\0\0\0", 4, VSH_E_MALFORMED},
        {"CLOSE of stdout", VSH_V2_CLOSE, "\1\0\0\0", 4, VSH_E_MALFORMED},
        {"WINDOW for stdout", VSH_V2_WINDOW, "\1\0\0\0\1\0\0\0", 8, VSH_E_MALFORMED},
        {"WINDOW beyond 2^32", VSH_V2_WINDOW, "\0\0\0\0\xff\xff\xff\xff", 8, VSH_E_MALFORMED},
        {"a second HELLO", VSH_V2_HELLO, "\2\0\0\0\0\0\0\x80\0\0", 10, VSH_E_MALFORMED},
        {"an unknown type", 0x7f, "", 0, VSH_E_MALFORMED},
        {"a v1 type", VSH_V1_PTY_DATA, "x", 1, VSH_E_MALFORMED},
        {"END with a payload", VSH_V2_END, "x", 1, VSH_E_MALFORMED},
        {"END before EXIT", VSH_V2_END, "", 0, VSH_E_GONE},
        {"a torn EXIT", VSH_V2_EXIT, "\0\0\0\0", 4, VSH_E_MALFORMED},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stage stage;
        struct vsh_client_event event;

        stage_open(&stage);
        start(&stage, 262208);
        assert_int_equal(
            vsh_queue_put(stage.server, cases[i].type, cases[i].payload, cases[i].length), 0);
        say(&stage);
        int rc = vsh_client_next(stage.client, &event, 0);
        if (rc != cases[i].result) {
            fail_msg("%s gives %d", cases[i].what, rc);
        }
        assert_int_equal(vsh_client_next(stage.client, &event, 0), cases[i].result);
        if (rc == VSH_E_MALFORMED) {
            heard(&stage, VSH_V2_ERROR);
        }
        stage_close(&stage);
    }
}

static void output_after_its_end(void **state)
{
    (void)state;
    static const uint32_t types[] = {VSH_V2_DATA, VSH_V2_EOF};

    for (size_t i = 0; i < 2; i++) {
        struct stage stage;
        struct vsh_client_event event;

        stage_open(&stage);
        start(&stage, 262208);
        assert_int_equal(vsh_put_stream(stage.server, VSH_V2_EOF, VSH_STREAM_STDOUT), 0);
        assert_int_equal(
            vsh_queue_put(stage.server, types[i], "\1\0\0\0x", types[i] == VSH_V2_DATA ? 5 : 4), 0);
        say(&stage);
        assert_int_equal(vsh_client_next(stage.client, &event, 0), 1);
        assert_int_equal(vsh_client_next(stage.client, &event, 0), VSH_E_MALFORMED);
        stage_close(&stage);
    }
}

/* Servers that are not ours: silence and a closed connection, a v1 frame, another protocol. */
static void old_and_foreign_servers(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
        int result;
    } cases[] = {
        {"", 0, -EPROTONOSUPPORT},
        {"\xbe\xba\xfe\xca\x0c\0\0\0\0\0\0\0", 12, -EPROTONOSUPPORT},
        {"SSH-2.0-x\r\n", 11, -EPROTONOSUPPORT},
        {"\xbe\xba\xfe\xca\x20\0\0\0", 8, VSH_E_GONE},
        {"\xbe\xba\xfe\xca\x2a\0\0\0\0\0\0\0", 12, VSH_E_MALFORMED},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        static const struct vsh_exec exec;
        struct stage stage;
        struct vsh_client_event event;

        stage_open(&stage);
        assert_int_equal(vsh_client_exec(stage.client, &exec), 0);
        heard(&stage, VSH_V2_HELLO);
        heard(&stage, VSH_V2_EXEC);
        assert_int_equal(write(stage.fd, cases[i].bytes, cases[i].length), cases[i].length);
        close(stage.fd);
        stage.fd = -1;
        assert_int_equal(vsh_client_next(stage.client, &event, 1000), cases[i].result);
        stage_close(&stage);
    }
}

static void connection_lost(void **state)
{
    (void)state;
    struct stage stage;
    struct vsh_client_event event;

    stage_open(&stage);
    start(&stage, 262208);
    close(stage.fd);
    stage.fd = -1;
    assert_int_equal(vsh_client_next(stage.client, &event, 1000), VSH_E_GONE);
    assert_int_equal(vsh_client_signal(stage.client, "TERM"), VSH_E_GONE);
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
        cmocka_unit_test(refusal_with_a_sentence),
        cmocka_unit_test(ping_is_answered),
        cmocka_unit_test(broken_servers),
        cmocka_unit_test(output_after_its_end),
        cmocka_unit_test(old_and_foreign_servers),
        cmocka_unit_test(connection_lost),
        cmocka_unit_test(a_big_request_waits_for_hello),
        cmocka_unit_test(poll_interest),
        cmocka_unit_test(run_in_one_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
