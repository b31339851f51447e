/* SPDX-License-Identifier: MIT */
/* How many frames and turns a copy takes, how fast it may go, and streams at either end. */
#include "copy_helper.h"

#include <signal.h>

#include "file/limit.h"

#define MANY 10000

static void make_many(void)
{
    char path[64];
    char bytes[4096];

    make_dir("tree", 0755);
    for (int i = 0; i < MANY; i++) {
        memset(bytes, i & 0xff, sizeof(bytes));
        (void)snprintf(path, sizeof(path), "tree/%d", i);
        make_file(path, bytes, sizeof(bytes), 0644);
    }
}

/*
 * The sender hears nothing at all until it has sent everything: then no file can have waited for an
 * answer. The answers are few, too.
 */
static void many_small_files_need_no_round_trips(void **state)
{
    (void)state;
    struct copy copy;
    struct file_wants wants;

    make_many();
    copy_prepare(&copy, "tree", "new", VSH_FILE_RECURSIVE);
    copy_start(&copy);
    do {
        assert_int_equal(file_sender_step(copy.sender), 0);
        file_sender_wants(copy.sender, &wants);
        assert_int_equal(wants.fd, -1);
        (void)vsh_queue_flush(copy.out);
        assert_true(turn_receiver(&copy));
    } while (!file_receiver_finished(copy.receiver));
    assert_int_equal(copy.answers, 0);
    copy_drive(&copy);
    assert_true(file_sender_finished(copy.sender));
    assert_int_equal(file_sender_totals(copy.sender)->files, MANY);

    assert_int_equal(frames_of(&copy, VSH_V2_FILE_ENTRY), MANY + 1);
    assert_int_equal(frames_of(&copy, VSH_V2_FILE_DATA), MANY);
    assert_int_equal(frames_of(&copy, VSH_V2_FILE_END), MANY);
    assert_int_equal(frames_of(&copy, VSH_V2_FILE_LEAVE), 1);
    assert_int_equal(frames_of(&copy, VSH_V2_FILE_DONE), 1);
    assert_true(copy.answers <= MANY / 256 + 2);
    copy_finish(&copy);
}

/*
 * An owner that calls step only when it must: after an answer, when step asked for it, or when
 * bytes that were left in the queue could be sent. Nothing else will ever wake a sender.
 */
static void a_sender_never_sleeps_for_good(void **state)
{
    (void)state;
    struct copy copy;
    struct file_wants wants;

    make_dir("tree", 0755);
    make_big("tree/big", 20000000, 1);
    make_text("tree/small", "x");
    copy_prepare(&copy, "tree", "new", VSH_FILE_RECURSIVE | VSH_FILE_RESUME | VSH_FILE_COUNT);
    copy_start(&copy);
    while (!file_sender_finished(copy.sender)) {
        unsigned answers = copy.answers;
        assert_true(turn_sender(&copy)); /* one step, one flush, all answers */
        file_sender_wants(copy.sender, &wants);
        bool pending = vsh_queue_pending(copy.out) > 0;
        while (!wants.busy && !pending && copy.answers == answers &&
               !file_sender_finished(copy.sender)) {
            unsigned long frames = copy.frames[5] + copy.frames[3];
            assert_true(turn_receiver(&copy));
            struct pollfd pfd = {.fd = copy.fds[0], .events = POLLIN};
            if (poll(&pfd, 1, 0) == 1) {
                break;
            }
            file_receiver_wants(copy.receiver, &wants);
            assert_true(wants.busy || copy.frames[5] + copy.frames[3] != frames);
        }
        assert_true(turn_receiver(&copy));
    }
    copy_finish(&copy);
    expect_equal_files("tree/big", "new/big");
}

static void a_big_file_travels_in_big_frames(void **state)
{
    (void)state;
    struct copy copy;
    const size_t size = 32u << 20;

    make_big("from", size, 1);
    (void)copy_files(&copy, "from", "to", 0);
    /* 256 KiB each when all is well, 64 KiB at the worst. */
    assert_true(frames_of(&copy, VSH_V2_FILE_DATA) <= size / (64u << 10));
    assert_true(copy.answers < 12);
    expect_equal_files("from", "to");
}

static void small_limits_work_too(void **state)
{
    (void)state;
    struct copy copy;

    make_dir("tree", 0755);
    make_big("tree/big", 3000000, 1);
    assert_int_equal(symlink("target", "tree/link"), 0);
    copy_prepare(&copy, "tree", "new", VSH_FILE_RECURSIVE);
    assert_int_equal(vsh_queue_set_limits(copy.out, 4096, 4096), 0);
    assert_int_equal(vsh_queue_set_limits(copy.in, 4096, 4096), 0);
    struct vsh_file_totals totals = copy_run(&copy);
    assert_int_equal(totals.failed, 0);
    expect_equal_files("tree/big", "new/big");
}

static void the_limit_is_kept(void **state)
{
    (void)state;
    struct file_limit limit;
    uint64_t sent = 0;

    file_limit_init(&limit, 1000000, 5000);
    for (int64_t now = 5000; now <= 15000; now += 7) {
        size_t room = file_limit_room(&limit, 262144, now);
        file_limit_take(&limit, room);
        sent += room;
    }
    assert_true(sent >= 9700000 && sent <= 10200000);
    /* A wait that is obeyed gives room; not more than a burst gathers in an idle hour. */
    file_limit_init(&limit, 3, 0);
    assert_int_equal(file_limit_room(&limit, 100, 0), 0);
    int wait_ms = file_limit_wait_ms(&limit, 100);
    assert_true(wait_ms >= 1 && wait_ms <= 1000);
    assert_int_equal(file_limit_room(&limit, 100, wait_ms), 1);
    file_limit_init(&limit, 1000000, 0);
    assert_int_equal(file_limit_room(&limit, 1u << 30, 3600000), 200000);
    file_limit_init(&limit, 0, 0);
    assert_int_equal(file_limit_room(&limit, 12345, 0), 12345);
    file_limit_init(&limit, UINT64_MAX, 0);
    assert_int_equal(file_limit_room(&limit, 262144, 1000), 262144);
}

static void a_limited_copy_arrives(void **state)
{
    (void)state;
    struct copy copy;

    make_big("from", 400000, 1);
    copy_prepare(&copy, "from", "to", 0);
    copy.to_send.limit = 2000000;
    int64_t start = monotonic_ms();
    (void)copy_run(&copy);
    assert_true(monotonic_ms() - start >= 100); /* a lower bound: 400000 at 2 MB/s, less a burst */
    expect_equal_files("from", "to");
}

static void a_stream_becomes_a_file(void **state)
{
    (void)state;
    struct copy copy;
    struct file_wants wants;
    struct stat st;
    int pipe_fds[2];

    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    copy_prepare(&copy, NULL, "to", 0);
    copy.to_send.stream_fd = pipe_fds[0];
    copy_start(&copy);
    assert_true(turn_sender(&copy) && turn_receiver(&copy));
    file_sender_wants(copy.sender, &wants);
    assert_int_equal(wants.fd, pipe_fds[0]);
    assert_int_equal(wants.events, POLLIN);
    assert_false(wants.busy);
    assert_int_equal(write(pipe_fds[1], "some ", 5), 5);
    assert_true(turn_sender(&copy) && turn_receiver(&copy));
    assert_false(exists("to"));
    assert_int_equal(write(pipe_fds[1], "bytes", 5), 5);
    (void)close(pipe_fds[1]);
    copy_drive(&copy);
    assert_int_equal(file_sender_totals(copy.sender)->bytes, 10);
    copy_finish(&copy);
    expect_text("to", "some bytes");
    assert_int_equal(stat("to", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    (void)close(pipe_fds[0]);

    /* A folder has no place for what has no name. */
    make_dir("folder", 0755);
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    copy_prepare(&copy, NULL, "folder", 0);
    copy.to_send.stream_fd = fd;
    struct vsh_file_totals totals = copy_run(&copy);
    assert_int_equal(totals.failed, 1);
    assert_non_null(strstr(copy.sent.text, "it is a folder"));
    (void)close(fd);
}

static void a_file_becomes_a_stream(void **state)
{
    (void)state;
    struct copy copy;
    struct file_wants wants;
    int pipe_fds[2];
    size_t got = 0;
    const size_t size = 3000000;
    uint8_t *bytes = malloc(size);
    uint8_t *expected = pattern(size, 1);

    assert_non_null(bytes);
    make_big("from", size, 1);
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    copy_prepare(&copy, "from", NULL, 0);
    copy.to_receive.stream_fd = pipe_fds[1];
    copy_start(&copy);
    while (!file_receiver_finished(copy.receiver)) {
        assert_true(turn_sender(&copy) && turn_receiver(&copy));
        file_receiver_wants(copy.receiver, &wants);
        if (wants.fd >= 0 || got + 4096 > size) {
            assert_true(wants.fd == -1 || wants.fd == pipe_fds[1]);
            ssize_t count = read(pipe_fds[0], bytes + got, size - got);
            assert_true(count >= 0);
            got += (size_t)count;
        }
    }
    while (got < size) {
        ssize_t count = read(pipe_fds[0], bytes + got, size - got);
        assert_true(count > 0);
        got += (size_t)count;
    }
    assert_memory_equal(bytes, expected, size);
    copy_drive(&copy);
    assert_int_equal(file_sender_totals(copy.sender)->files, 1);
    copy_finish(&copy);
    free(bytes);
    free(expected);
    (void)close(pipe_fds[0]);
    (void)close(pipe_fds[1]);
}

static void a_stream_with_holes_and_without_a_reader(void **state)
{
    (void)state;
    struct copy copy;
    struct stat st;
    int pipe_fds[2];

    make_text("from", "begin");
    assert_int_equal(truncate("from", 1 << 20), 0);
    int fd = open("out", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    copy_prepare(&copy, "from", NULL, VSH_FILE_RESUME); /* asks, and is offered nothing */
    copy.to_receive.stream_fd = fd;
    (void)copy_run(&copy);
    (void)close(fd);
    assert_int_equal(stat("out", &st), 0);
    assert_int_equal(st.st_size, 1 << 20);
    expect_equal_files("from", "out");

    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    (void)close(pipe_fds[0]);
    copy_prepare(&copy, "from", NULL, 0);
    copy.to_receive.stream_fd = pipe_fds[1];
    struct vsh_file_totals totals = copy_run(&copy);
    assert_int_equal(totals.failed, 1);
    assert_non_null(strstr(copy.received.text, "its reader has gone"));
    (void)close(pipe_fds[1]);

    make_dir("tree", 0755);
    copy_prepare(&copy, "tree", NULL, VSH_FILE_RECURSIVE);
    copy.to_receive.stream_fd = STDOUT_FILENO;
    totals = copy_run(&copy);
    assert_int_equal(totals.failed, 1);
}

static int ignore_pipe(void **state)
{
    (void)state;
    return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0; /* as every program of ours does */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
        TEST(many_small_files_need_no_round_trips),
        TEST(a_sender_never_sleeps_for_good),
        TEST(a_big_file_travels_in_big_frames),
        TEST(small_limits_work_too),
        TEST(the_limit_is_kept),
        TEST(a_limited_copy_arrives),
        TEST(a_stream_becomes_a_file),
        TEST(a_file_becomes_a_stream),
        TEST(a_stream_with_holes_and_without_a_reader),
    };

    return cmocka_run_group_tests(tests, ignore_pipe, NULL);
}
