/* SPDX-License-Identifier: MIT */
/* The pump over a terminal: its tail, its end of input, its hang-up. */
#include "harness.h"

#include <sys/stat.h>
#include <termios.h>

static size_t count_bytes(const char *data, size_t length, char byte)
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++) {
        count += data[i] == byte;
    }
    return count;
}

/* 5 MB and an immediate exit: what the kernel still carries between the two ends is not lost. */
static void test_tail_survives_exit(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct harness *h =
            harness_start("head -c 5000000 /dev/zero | tr '\\0' x; echo END; exit 3", true);
        harness_finish(h);
        assert_int_equal(count_bytes(h->data[1], h->length[1], 'x'), 5000000);
        assert_string_equal(h->data[1] + h->length[1] - 5, "END\r\n");
        assert_int_equal(h->result.code, 3);
        assert_int_equal(h->eofs[VSH_STREAM_STDOUT], 1);
        assert_int_equal(h->eofs[VSH_STREAM_STDERR], 0);
        harness_free(h);
    }
}

static void test_short_output_survives_exit(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) {
        struct harness *h = harness_start("echo last words", true);
        harness_finish(h);
        assert_string_equal(h->data[1], "last words\r\n");
        harness_free(h);
    }
}

static void test_is_a_controlling_terminal(void **state)
{
    struct harness *h =
        harness_start("test -t 0 && test -t 1 && test -t 2 && echo ok >/dev/tty; stty size", true);

    (void)state;
    harness_finish(h);
    assert_string_equal(h->data[1], "ok\r\n24 80\r\n");
    harness_free(h);
}

/* Starts `cat` with echo off, gives it text and the end, and expects it to finish. */
static void end_of_input(const char *text, const char *expected)
{
    struct harness *h = harness_start("stty -echo; echo go; cat; echo done", true);

    harness_expect(h, VSH_STREAM_STDOUT, "go\r\n");
    assert_int_equal(pump_input(h->pump, text, strlen(text)), 0);
    pump_input_eof(h->pump);
    harness_finish(h);
    assert_string_equal(h->data[1], expected);
    assert_int_equal(h->taken, strlen(text));
    assert_int_equal(h->input_closed, 0);
    harness_free(h);
}

static void test_end_of_input_is_typed(void **state)
{
    (void)state;
    end_of_input("", "go\r\ndone\r\n");
    end_of_input("line\n", "go\r\nline\r\ndone\r\n");
    end_of_input("no newline", "go\r\nno newlinedone\r\n");
}

/* More than the terminal takes at once: the end comes behind it, and every byte is credited. */
static void test_end_of_input_waits_its_turn(void **state)
{
    static char bytes[200000];
    char fifo[] = "/tmp/vsh-pty.XXXXXX";
    char command[128];

    (void)state;
    assert_int_equal(close(mkstemp(fifo)), 0);
    assert_int_equal(unlink(fifo), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    /* Nobody reads before we have seen that not all of it fits, however slow we are. */
    (void)snprintf(command, sizeof(command),
                   "stty raw -echo; echo go; read x <%s; head -c 200000 | wc -c", fifo);
    struct harness *h = harness_start(command, true);
    harness_expect(h, VSH_STREAM_STDOUT, "go\n");
    assert_int_equal(pump_input(h->pump, bytes, sizeof(bytes)), 0);
    assert_true(h->taken < sizeof(bytes));
    pump_input_eof(h->pump);
    int fd = open(fifo, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(fifo), 0);
    harness_finish(h);
    assert_string_equal(h->data[1], "go\n200000\n");
    assert_int_equal(h->taken, sizeof(bytes));
    harness_free(h);
}

/* The character of the terminal's own setting, not always Ctrl-D. */
static void test_end_of_input_follows_stty(void **state)
{
    struct harness *h = harness_start("stty -echo eof ^A; echo go; cat; echo done", true);

    (void)state;
    harness_expect(h, VSH_STREAM_STDOUT, "go\r\n");
    pump_input_eof(h->pump);
    harness_finish(h);
    assert_string_equal(h->data[1], "go\r\ndone\r\n");
    harness_free(h);
}

static void test_interrupt_character(void **state)
{
    struct harness *h = harness_start("echo go; exec sleep 30", true);

    (void)state;
    harness_expect(h, VSH_STREAM_STDOUT, "go\r\n");
    assert_int_equal(pump_input(h->pump, "\003", 1), 0);
    harness_finish(h);
    assert_true(h->result.signalled);
    assert_int_equal(h->result.code, SIGINT);
    harness_free(h);
}

static void test_resize_reaches_the_process(void **state)
{
    static const struct vsh_winsize size = {.rows = 50, .columns = 132};
    struct harness *h =
        harness_start("trap 'stty size; exit 0' WINCH; echo go; while :; do sleep 0.1; done", true);

    (void)state;
    harness_expect(h, VSH_STREAM_STDOUT, "go\r\n");
    assert_int_equal(pty_resize(pump_pty_fd(h->pump), &size), 0);
    harness_finish(h);
    assert_string_equal(h->data[1], "go\r\n50 132\r\n");
    harness_free(h);
}

/* Nobody reads the terminal: bytes wait here and signals still arrive. */
static void test_input_that_nobody_reads(void **state)
{
    struct harness *h = harness_start("stty raw -echo; echo go; exec sleep 30", true);
    static char bytes[VSH_V2_WINDOW_INITIAL];

    (void)state;
    harness_expect(h, VSH_STREAM_STDOUT, "go\n");
    assert_int_equal(pump_input(h->pump, bytes, sizeof(bytes)), 0);
    for (int i = 0; i < 20; i++) {
        harness_turn(h, 5);
    }
    assert_true(h->taken < sizeof(bytes));
    size_t before = h->wakeups;
    for (int i = 0; i < 10; i++) {
        harness_turn(h, 2);
    }
    assert_true(h->wakeups - before <= 1);
    assert_int_equal(process_signal(&h->process, pump_pty_fd(h->pump), SIGTERM), 0);
    harness_finish(h);
    assert_int_equal(h->result.code, SIGTERM);
    harness_free(h);
}

/* A process that lets go of its terminal and lives on still gives its status, and costs no CPU. */
static void test_terminal_closed_before_exit(void **state)
{
    struct harness *h = harness_start("exec <&- >&- 2>&-; sleep 0.3; exit 9", true);

    (void)state;
    while (!h->eofs[VSH_STREAM_STDOUT]) {
        harness_turn(h, 5);
        assert_false(h->exited);
    }
    assert_int_equal(h->input_closed, 1);
    size_t before = h->wakeups;
    harness_finish(h);
    assert_true(h->wakeups - before <= 1);
    assert_false(h->result.signalled);
    assert_int_equal(h->result.code, 9);
    harness_free(h);
}

static void test_background_job_does_not_hold(void **state)
{
    /* -m: the job is in a group of its own, so the hang-up of the terminal does not end it. */
    struct harness *h = harness_start("set -m; yes & sleep 0.2; exit 8", true);

    (void)state;
    harness_finish(h);
    assert_int_equal(h->result.code, 8);
    process_terminate(&h->process);
    harness_free(h);
}

/* Nor one that writes faster than we read. */
static void test_background_writer_does_not_hold(void **state)
{
    struct harness *h = harness_start("stty raw; echo hi; exit 4", true);
    char name[64];

    (void)state;
    assert_int_equal(ptsname_r(pump_pty_fd(h->pump), name, sizeof(name)), 0);
    h->feed_fd = open(name, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    assert_true(h->feed_fd > 0);
    while (!process_reap(&h->process)) {
        poll(NULL, 0, 2);
    }
    pump_exited(h->pump);
    assert_int_equal(h->exited, 1);
    assert_int_equal(h->result.code, 4);
    assert_memory_equal(h->data[VSH_STREAM_STDOUT], "hi\n", 3);
    assert_true(h->feeds > 1);
    close(h->feed_fd);
    harness_free(h);
}

static void test_output_close_hangs_up(void **state)
{
    struct harness *h = harness_start("echo go; exec sleep 30", true);

    (void)state;
    harness_expect(h, VSH_STREAM_STDOUT, "go\r\n");
    pump_output_close(h->pump, VSH_STREAM_STDOUT);
    assert_int_equal(pump_pty_fd(h->pump), -1);
    harness_finish(h);
    assert_true(h->result.signalled);
    assert_int_equal(h->result.code, SIGHUP);
    assert_int_equal(h->eofs[VSH_STREAM_STDOUT], 0);
    harness_free(h);
}

/* Bulk output comes in frames of more than the 4 KiB that one read of a terminal gives. */
static void test_bulk_output_is_coalesced(void **state)
{
    struct harness *h =
        harness_start("stty raw; sleep 0.2; head -c 30000 /dev/zero; sleep 5", true);
    int64_t deadline = monotonic_ms() + HARNESS_LIMIT_MS;
    size_t largest = 0;

    (void)state;
    while (h->length[1] < 30000 && monotonic_ms() < deadline) {
        size_t before = h->length[1];
        poll(NULL, 0, 20);
        harness_turn(h, 100);
        size_t moved = h->length[1] - before;
        largest = moved > largest ? moved : largest;
    }
    assert_true(largest > 4096);
    harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tail_survives_exit),
        cmocka_unit_test(test_short_output_survives_exit),
        cmocka_unit_test(test_is_a_controlling_terminal),
        cmocka_unit_test(test_end_of_input_is_typed),
        cmocka_unit_test(test_end_of_input_waits_its_turn),
        cmocka_unit_test(test_end_of_input_follows_stty),
        cmocka_unit_test(test_interrupt_character),
        cmocka_unit_test(test_resize_reaches_the_process),
        cmocka_unit_test(test_input_that_nobody_reads),
        cmocka_unit_test(test_terminal_closed_before_exit),
        cmocka_unit_test(test_background_job_does_not_hold),
        cmocka_unit_test(test_background_writer_does_not_hold),
        cmocka_unit_test(test_output_close_hangs_up),
        cmocka_unit_test(test_bulk_output_is_coalesced),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
