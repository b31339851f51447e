/* SPDX-License-Identifier: MIT */
/* The session's half of a recording: what it says to a recorder, and what it does without one. */
#include "harness.h"

#include <sys/socket.h>

#include "base/wire.h"
#include "session/record.h"
#include "session/record_message.h"

#define PIECE 1000u

/* The recorder's place is the test's: what comes, and what is answered. */
struct stage {
    struct recorder recorder;
    int fd;
    uint8_t message[RECORD_MESSAGE_MAX + 1];
    size_t length;
};

static void stage_open(struct stage *stage)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    *stage = (struct stage){.recorder = {.fd = ends[0]}, .fd = ends[1]};
}

static void stage_close(struct stage *stage)
{
    recorder_close(&stage->recorder);
    assert_int_equal(stage->recorder.fd, -1);
    if (stage->fd >= 0) {
        close(stage->fd);
    }
}

static void answer(const struct stage *stage, uint32_t error)
{
    uint8_t bytes[RECORD_ANSWER];

    wire_store_u32(bytes, error);
    assert_int_equal(send(stage->fd, bytes, sizeof(bytes), 0), sizeof(bytes));
}

/* The next message's type; 0 when there is none. */
static uint32_t next(struct stage *stage, uint32_t number)
{
    ssize_t n = recv(stage->fd, stage->message, sizeof(stage->message), MSG_DONTWAIT);

    if (n <= 0) {
        return 0;
    }
    assert_true(n >= (ssize_t)RECORD_PREFIX && n <= (ssize_t)RECORD_MESSAGE_MAX);
    assert_int_equal(wire_load_u32(stage->message + 4), number);
    stage->length = (size_t)n - RECORD_PREFIX;
    return wire_load_u32(stage->message);
}

static struct record *begin(struct stage *stage, const struct record_about *about)
{
    struct record *record = NULL;

    answer(stage, 0);
    assert_int_equal(record_start(&stage->recorder, about, &record), 0);
    assert_non_null(record);
    return record;
}

static const struct record_about plain = {.terminal_fd = -1, .shell = "/bin/sh", .term = "dumb"};

static void expect_start(struct stage *stage, uint32_t number, unsigned columns, unsigned rows,
                         const char *command)
{
    struct wire_field field;
    const char *texts[4] = {0};
    int r;

    assert_int_equal(next(stage, number), RECORD_START);
    struct wire_reader reader = {.data = stage->message + RECORD_PREFIX, .length = stage->length};
    assert_int_equal(wire_get_u16(&reader), columns);
    assert_int_equal(wire_get_u16(&reader), rows);
    while ((r = wire_get_field(&reader, &field)) == 1) {
        assert_true(field.tag >= RECORD_FIELD_SHELL && field.tag <= RECORD_FIELD_COMMAND);
        assert_int_equal(wire_field_string(&field, &texts[field.tag]), 0);
    }
    assert_int_equal(r, 0);
    assert_string_equal(texts[RECORD_FIELD_SHELL], "/bin/sh");
    assert_string_equal(texts[RECORD_FIELD_TERM], "dumb");
    if (command) {
        assert_string_equal(texts[RECORD_FIELD_COMMAND], command);
    } else {
        assert_null(texts[RECORD_FIELD_COMMAND]);
    }
}

static void test_messages(void **state)
{
    static const uint8_t bytes[2 * RECORD_OUTPUT_MAX + 7] = "x";
    const struct vsh_winsize size = {.columns = 300, .rows = 70}, none = {0};
    struct stage stage;

    (void)state;
    stage_open(&stage);
    struct record *record = begin(&stage, &plain);
    expect_start(&stage, 1, 80, 24, NULL); /* no terminal, no size */
    assert_int_equal(record_output(record, bytes, sizeof(bytes)), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(next(&stage, 1), RECORD_OUTPUT);
        assert_int_equal(stage.length, i < 2 ? RECORD_OUTPUT_MAX : 7);
    }
    assert_int_equal(record_output(record, bytes, 0), 0);
    assert_int_equal(record_resize(record, &size), 0);
    assert_int_equal(record_resize(record, &none), 0);
    assert_int_equal(next(&stage, 1), RECORD_RESIZE);
    assert_memory_equal(stage.message + RECORD_PREFIX, "\x2c\x01\x46\x00", 4);
    assert_int_equal(next(&stage, 1), RECORD_RESIZE);
    assert_memory_equal(stage.message + RECORD_PREFIX, "\x50\x00\x18\x00", 4);
    record_end(record);
    assert_int_equal(next(&stage, 1), RECORD_END);
    assert_int_equal(stage.length, 0);
    record_end(begin(&stage, &plain));
    expect_start(&stage, 2, 80, 24, NULL);
    record_end(NULL);
    stage_close(&stage);
}

static void test_long_command_is_cut(void **state)
{
    static char command[2 * RECORD_COMMAND_MAX];
    struct record_about about = plain;
    struct stage stage;

    (void)state;
    memset(command, 'c', sizeof(command) - 1);
    about.command = command;
    stage_open(&stage);
    record_end(begin(&stage, &about));
    command[RECORD_COMMAND_MAX - 1] = '\0';
    expect_start(&stage, 1, 80, 24, command);
    stage_close(&stage);
}

static void test_refusals(void **state)
{
    struct stage stage;
    struct record *record = NULL;

    (void)state;
    stage_open(&stage);
    answer(&stage, ENOSPC);
    assert_int_equal(record_start(&stage.recorder, &plain, &record), -ENOSPC);
    assert_null(record);
    record = begin(&stage, &plain);
    /* It gives up, and says why before. */
    answer(&stage, EFBIG);
    close(stage.fd);
    assert_int_equal(record_output(record, (const uint8_t *)"x", 1), -EFBIG);
    assert_int_equal(record_output(record, (const uint8_t *)"x", 1), -EPIPE);
    record_end(record);
    record = NULL;
    assert_int_equal(record_start(&stage.recorder, &plain, &record), -EPIPE);
    assert_null(record);
    stage.fd = -1;
    stage_close(&stage);
}

/* Without a recording nothing starts. */
static void test_no_process_without(void **state)
{
    struct stage stage;
    struct pty pty;
    struct process process;
    enum process_stage failed;
    char *const argv[] = {(char[]){"true"}, NULL};
    const struct vsh_winsize size = {.columns = 111, .rows = 42};

    (void)state;
    stage_open(&stage);
    answer(&stage, EACCES);
    assert_int_equal(pty_open(&pty, getuid(), &size), 0);
    const struct process_spec spec = {.path = "/bin/true",
                                      .argv = argv,
                                      .envp = (char *const *)(uintptr_t)harness_env,
                                      .pty = &pty,
                                      .recorder = &stage.recorder};
    assert_int_equal(process_spawn(&spec, &process, &failed), -EACCES);
    assert_int_equal(failed, PROCESS_STAGE_RECORD);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(next(&stage, 1), RECORD_START);
    assert_memory_equal(stage.message + RECORD_PREFIX, "\x6f\x00\x2a\x00", 4);
    pty_close(&pty);
    stage_close(&stage);
}

static struct harness *start_recorded(struct stage *stage, const char *command)
{
    answer(stage, 0);
    harness_recorder = &stage->recorder;
    struct harness *h = harness_start(command, true);
    harness_recorder = NULL;
    assert_int_equal(next(stage, 1), RECORD_START);
    return h;
}

static bool is_wanted(struct harness *h, int fd, short events)
{
    struct pump_interest wants[PUMP_FDS_MAX];
    size_t count = pump_interest(h->pump, wants);

    for (size_t i = 0; i < count; i++) {
        if (wants[i].fd == fd) {
            return (wants[i].events & events) != 0;
        }
    }
    return false;
}

/* A recorder that does not read holds the terminal's output up, and nothing waits for it. */
static void test_recorder_stands_still(void **state)
{
    static const uint8_t bytes[PIECE];
    struct stage stage;

    (void)state;
    stage_open(&stage);
    struct harness *h =
        start_recorded(&stage, "stty -opost; echo here; read word; echo then; read word; echo end");
    harness_expect(h, VSH_STREAM_STDOUT, "here\n");
    assert_int_equal(next(&stage, 1), RECORD_OUTPUT);
    while (record_has_room(h->process.record)) {
        assert_int_equal(record_output(h->process.record, bytes, sizeof(bytes)), 0);
    }
    int64_t before = monotonic_ms();
    assert_int_equal(pump_input(h->pump, "go\n", 3), 0);
    for (int i = 0; i < 20; i++) {
        harness_turn(h, 10);
    }
    assert_true(monotonic_ms() < before + 3000);
    assert_null(strstr(h->data[VSH_STREAM_STDOUT], "go"));
    assert_false(is_wanted(h, pump_pty_fd(h->pump), POLLIN));
    assert_true(is_wanted(h, stage.recorder.fd, POLLOUT));
    while (next(&stage, 1) == RECORD_OUTPUT && stage.length == PIECE) {
    }
    harness_expect(h, VSH_STREAM_STDOUT, "go");
    harness_expect(h, VSH_STREAM_STDOUT, "then\n");
    assert_int_equal(pump_input(h->pump, "\n", 1), 0);
    harness_finish(h);
    assert_non_null(strstr(h->data[VSH_STREAM_STDOUT], "end\n"));
    harness_free(h);
    stage_close(&stage);
}

/* What cannot be recorded is not shown, either, and the translator is told. */
static void test_recorder_gives_up(void **state)
{
    int64_t deadline = monotonic_ms() + HARNESS_LIMIT_MS;
    struct stage stage;

    (void)state;
    stage_open(&stage);
    struct harness *h = start_recorded(&stage, "stty -opost; echo here; read word; echo then");
    harness_expect(h, VSH_STREAM_STDOUT, "here\n");
    assert_int_equal(pump_record_error(h->pump), 0);
    answer(&stage, ENOSPC);
    close(stage.fd);
    stage.fd = -1;
    /* A fork of ours, the session's guard, may have it open for a moment more. */
    struct pollfd gone = {.fd = stage.recorder.fd};
    assert_int_equal(poll(&gone, 1, HARNESS_LIMIT_MS), 1);
    assert_int_equal(pump_input(h->pump, "go\n", 3), 0);
    while (pump_record_error(h->pump) == 0) {
        assert_true(monotonic_ms() < deadline);
        harness_turn(h, 5);
    }
    assert_int_equal(pump_record_error(h->pump), -ENOSPC);
    assert_string_equal(h->data[VSH_STREAM_STDOUT], "here\n");
    struct pump_interest wants[PUMP_FDS_MAX];
    assert_int_equal(pump_interest(h->pump, wants), 0);
    harness_free(h);
    stage_close(&stage);
}

static void test_resize(void **state)
{
    const struct vsh_winsize size = {.columns = 100, .rows = 30};
    struct stage stage;

    (void)state;
    stage_open(&stage);
    struct harness *h = start_recorded(&stage, "read word; stty size");
    assert_int_equal(pump_resize(h->pump, &size), 0);
    assert_int_equal(next(&stage, 1), RECORD_RESIZE);
    assert_int_equal(pump_input(h->pump, "\n", 1), 0);
    harness_finish(h);
    assert_non_null(strstr(h->data[VSH_STREAM_STDOUT], "30 100"));
    harness_free(h);
    stage_close(&stage);

    h = harness_start("true", false);
    assert_int_equal(pump_resize(h->pump, &size), -ENOTTY);
    harness_finish(h);
    harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_long_command_is_cut),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_no_process_without),
        cmocka_unit_test(test_recorder_stands_still),
        cmocka_unit_test(test_recorder_gives_up),
        cmocka_unit_test(test_resize),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
