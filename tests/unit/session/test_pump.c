/* SPDX-License-Identifier: MIT */
/* The pump over three pipes: no byte lost at the end, every end told once, nobody waits for ever.
 */
#include "harness.h"

static void test_streams_and_status(void **state)
{
    struct harness *h = harness_start("echo out; echo err >&2; exit 7", false);

    (void)state;
    harness_finish(h);
    assert_string_equal(h->data[VSH_STREAM_STDOUT], "out\n");
    assert_string_equal(h->data[VSH_STREAM_STDERR], "err\n");
    assert_int_equal(h->eofs[VSH_STREAM_STDOUT], 1);
    assert_int_equal(h->eofs[VSH_STREAM_STDERR], 1);
    assert_false(h->result.signalled);
    assert_int_equal(h->result.code, 7);
    assert_int_equal(pump_bytes_out(h->pump), 8);
    harness_free(h);
}

static void test_signal_is_told_apart(void **state)
{
    struct harness *h = harness_start("kill -9 $$", false);

    (void)state;
    harness_finish(h);
    assert_true(h->result.signalled);
    assert_int_equal(h->result.code, SIGKILL);
    harness_free(h);
}

/* 5 MB and an immediate exit: the tail is still in the pipe when the process is reaped. */
static void test_tail_survives_exit(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct harness *h = harness_start("head -c 5000000 /dev/zero; exit 3", false);
        harness_finish(h);
        assert_int_equal(h->length[VSH_STREAM_STDOUT], 5000000);
        assert_int_equal(h->result.code, 3);
        harness_free(h);
    }
}

/* The process is gone and its whole output still in the pipe; the peer takes it in small pieces. */
static void test_exit_while_peer_has_no_room(void **state)
{
    struct harness *h = harness_start("head -c 60000 /dev/zero; echo last >&2", false);
    int64_t deadline = monotonic_ms() + HARNESS_LIMIT_MS;

    (void)state;
    h->credit[VSH_STREAM_STDOUT] = 0;
    h->credit[VSH_STREAM_STDERR] = 0;
    while (!h->process.exited && monotonic_ms() < deadline) {
        harness_turn(h, 5);
    }
    size_t before = h->wakeups;
    for (int i = 0; i < 10; i++) {
        harness_turn(h, 5);
    }
    assert_true(h->wakeups - before <= 1);
    assert_int_equal(h->exited, 0);
    /* One stream without room does not hold the other up. */
    h->credit[VSH_STREAM_STDOUT] = 10000;
    pump_room(h->pump);
    assert_int_equal(h->length[VSH_STREAM_STDOUT], 10000);
    h->credit[VSH_STREAM_STDOUT] = UNLIMITED;
    pump_room(h->pump);
    assert_int_equal(h->length[VSH_STREAM_STDOUT], 60000);
    assert_int_equal(h->eofs[VSH_STREAM_STDOUT], 1);
    assert_int_equal(h->exited, 0);
    h->credit[VSH_STREAM_STDERR] = UNLIMITED;
    pump_room(h->pump);
    assert_string_equal(h->data[VSH_STREAM_STDERR], "last\n");
    assert_int_equal(h->exited, 1);
    harness_free(h);
}

/* Without room nothing is polled for: the loop rests although output waits. */
static void test_no_room_does_not_spin(void **state)
{
    struct harness *h = harness_start("echo x; exec sleep 30", false);

    (void)state;
    h->credit[VSH_STREAM_STDOUT] = 1;
    harness_expect(h, VSH_STREAM_STDOUT, "x");
    size_t before = h->wakeups;
    for (int i = 0; i < 10; i++) {
        harness_turn(h, 2);
    }
    assert_true(h->wakeups - before <= 1);
    h->credit[VSH_STREAM_STDOUT] = UNLIMITED;
    pump_room(h->pump);
    harness_expect(h, VSH_STREAM_STDOUT, "x\n");
    harness_free(h);
}

static void test_both_streams_closed_before_exit(void **state)
{
    struct harness *h = harness_start("exec >&- 2>&-; sleep 0.3; exit 5", false);

    (void)state;
    while (!h->eofs[VSH_STREAM_STDOUT] || !h->eofs[VSH_STREAM_STDERR]) {
        harness_turn(h, 5);
        assert_false(h->exited);
    }
    size_t before = h->wakeups;
    harness_finish(h);
    assert_true(h->wakeups - before <= 1);
    assert_int_equal(h->result.code, 5);
    harness_free(h);
}

static void test_background_process_does_not_hold(void **state)
{
    int64_t start = monotonic_ms();
    struct harness *h = harness_start("sleep 15 & echo hi", false);

    (void)state;
    harness_finish(h);
    assert_true(monotonic_ms() - start < 10000);
    assert_string_equal(h->data[VSH_STREAM_STDOUT], "hi\n");
    process_terminate(&h->process);
    harness_free(h);
}

/* Not even one that writes faster than we read: what was there at the exit is counted. */
static void test_background_writer_does_not_hold(void **state)
{
    struct harness *h = harness_start("sleep 15 & echo hi; exit 4", false);
    char path[64];

    (void)state;
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", h->process.stdout_fd);
    h->feed_fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(h->feed_fd > 0);
    while (!process_reap(&h->process)) {
        poll(NULL, 0, 2);
    }
    pump_exited(h->pump);
    assert_int_equal(h->exited, 1);
    assert_int_equal(h->result.code, 4);
    assert_string_equal(h->data[VSH_STREAM_STDOUT], "hi\n");
    close(h->feed_fd);
    process_terminate(&h->process);
    harness_free(h);
}

static void test_stdin_reaches_the_process(void **state)
{
    struct harness *h = harness_start("cat; echo end >&2", false);
    static char bytes[900000];
    size_t sent = 0;

    (void)state;
    memset(bytes, 'a', sizeof(bytes));
    while (sent < sizeof(bytes)) {
        size_t n = sizeof(bytes) - sent < 30000 ? sizeof(bytes) - sent : 30000;
        assert_int_equal(pump_input(h->pump, bytes + sent, n), 0);
        sent += n;
    }
    pump_input_eof(h->pump);
    harness_finish(h);
    assert_int_equal(h->length[VSH_STREAM_STDOUT], sizeof(bytes));
    assert_memory_equal(h->data[VSH_STREAM_STDOUT], bytes, sizeof(bytes));
    assert_string_equal(h->data[VSH_STREAM_STDERR], "end\n");
    assert_int_equal(h->taken, sizeof(bytes));
    assert_int_equal(pump_bytes_in(h->pump), sizeof(bytes));
    assert_int_equal(h->input_closed, 0);
    harness_free(h);
}

/* Within its window a peer always finds room; one byte above it is an offence. */
static void test_stdin_that_nobody_reads(void **state)
{
    struct harness *h = harness_start("exec sleep 30", false);
    static char bytes[VSH_V2_WINDOW_INITIAL];

    (void)state;
    assert_int_equal(pump_input(h->pump, bytes, sizeof(bytes)), 0);
    harness_turn(h, 5);
    /* What the pipe took has been credited: as much again fits, and not one byte more. */
    size_t credit = h->taken;
    assert_true(credit > 0);
    assert_int_equal(pump_input(h->pump, bytes, credit), 0);
    assert_int_equal(pump_input(h->pump, bytes, h->taken - credit + 1), -ENOBUFS);
    size_t before = h->wakeups;
    for (int i = 0; i < 10; i++) {
        harness_turn(h, 2);
    }
    assert_true(h->wakeups - before <= 1);
    /* The session is not stuck: signals work, and its end comes. */
    assert_int_equal(process_signal(&h->process, -1, SIGTERM), 0);
    harness_finish(h);
    assert_int_equal(h->result.code, SIGTERM);
    harness_free(h);
}

/* Each write wakes the process: what is gathered goes out when it is much, or when asked for. */
static void test_gathered_stdin_waits(void **state)
{
    struct harness *h = harness_start("exec sleep 30", false);
    static char bytes[131072];

    (void)state;
    assert_int_equal(pump_input_gather(h->pump, bytes, 10), 0);
    assert_int_equal(h->taken, 0);
    pump_input_flush(h->pump);
    assert_int_equal(h->taken, 10);
    assert_int_equal(pump_input_gather(h->pump, bytes, sizeof(bytes) - 1), 0);
    assert_int_equal(h->taken, 10);
    assert_int_equal(pump_input_gather(h->pump, bytes, 1), 0);
    assert_true(h->taken > 10);
    harness_free(h);
}

static void test_stdin_after_the_reader_closed_it(void **state)
{
    struct harness *h = harness_start("exec <&-; echo closed; exec sleep 30", false);

    (void)state;
    harness_expect(h, VSH_STREAM_STDOUT, "closed");
    assert_int_equal(pump_input(h->pump, "x", 1), 0);
    assert_int_equal(h->input_closed, 1);
    assert_int_equal(pump_input(h->pump, "y", 1), 0);
    assert_int_equal(h->input_closed, 1);
    assert_int_equal(h->taken, 0);
    harness_free(h);
}

static void test_input_after_eof_is_refused(void **state)
{
    struct harness *h = harness_start("exec sleep 30", false);
    static char bytes[VSH_V2_WINDOW_INITIAL];

    (void)state;
    assert_int_equal(pump_input(h->pump, bytes, sizeof(bytes)), 0);
    assert_int_equal(pump_input(h->pump, bytes, h->taken), 0);
    pump_input_eof(h->pump);
    pump_input_eof(h->pump);
    /* EOF waits for the bytes before it; nothing may come behind it. */
    assert_true(h->process.stdin_fd >= 0);
    assert_int_equal(pump_input(h->pump, "x", 1), -EINVAL);
    harness_free(h);
}

/* `yes | head -1`: the client's reader is gone, so must be the process. */
static void test_output_close_kills_the_writer(void **state)
{
    struct harness *h = harness_start("exec yes", false);

    (void)state;
    harness_expect(h, VSH_STREAM_STDOUT, "y\n");
    pump_output_close(h->pump, VSH_STREAM_STDOUT);
    pump_output_close(h->pump, VSH_STREAM_STDOUT);
    harness_finish(h);
    assert_true(h->result.signalled);
    assert_int_equal(h->result.code, SIGPIPE);
    assert_int_equal(h->eofs[VSH_STREAM_STDOUT], 0);
    assert_int_equal(h->eofs[VSH_STREAM_STDERR], 1);
    harness_free(h);
}

/* A stream that is closed while its rest waits for room must not keep the session from ending. */
static void test_output_close_while_draining(void **state)
{
    struct harness *h = harness_start("echo rest; exit 6", false);

    (void)state;
    h->credit[VSH_STREAM_STDOUT] = 0;
    while (!h->process.exited) {
        harness_turn(h, 5);
    }
    assert_int_equal(h->exited, 0);
    pump_output_close(h->pump, VSH_STREAM_STDOUT);
    assert_int_equal(h->exited, 1);
    assert_int_equal(h->result.code, 6);
    harness_free(h);
}

/* Freed in the middle of everything: descriptors closed, nothing leaked (ASan looks). */
static void test_free_while_running(void **state)
{
    struct harness *h = harness_start("cat", false);
    int fd = h->process.stdout_fd;

    (void)state;
    assert_int_equal(pump_input(h->pump, "x", 1), 0);
    harness_free(h);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams_and_status),
        cmocka_unit_test(test_signal_is_told_apart),
        cmocka_unit_test(test_tail_survives_exit),
        cmocka_unit_test(test_exit_while_peer_has_no_room),
        cmocka_unit_test(test_no_room_does_not_spin),
        cmocka_unit_test(test_both_streams_closed_before_exit),
        cmocka_unit_test(test_background_process_does_not_hold),
        cmocka_unit_test(test_background_writer_does_not_hold),
        cmocka_unit_test(test_stdin_reaches_the_process),
        cmocka_unit_test(test_stdin_that_nobody_reads),
        cmocka_unit_test(test_gathered_stdin_waits),
        cmocka_unit_test(test_stdin_after_the_reader_closed_it),
        cmocka_unit_test(test_input_after_eof_is_refused),
        cmocka_unit_test(test_output_close_kills_the_writer),
        cmocka_unit_test(test_output_close_while_draining),
        cmocka_unit_test(test_free_while_running),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
