/* SPDX-License-Identifier: MIT */
/* The relay: bytes both ways, ends one way, readers that go, and nothing lost at the end. */
#include <limits.h>

#include "relay_rig.h"

static void test_bytes_both_ways(void **state)
{
    static const enum kind kinds[][2] = {
        {PIPES, SOCKET}, {SOCKET, SOCKET}, {PIPES, PIPES}, {SOCKET, PIPES}};

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct rig rig = start(kinds[i][0], true, kinds[i][1], true);
        send_text(&rig.left, "ping");
        expect_text(&rig.right, "ping");
        send_text(&rig.right, "pong");
        expect_text(&rig.left, "pong");
        /* Each direction ends by itself; the other goes on. */
        close_write(&rig.left);
        expect_end(&rig.right);
        send_text(&rig.right, "late");
        expect_text(&rig.left, "late");
        assert_false(has_ended(&rig, 30));
        close_write(&rig.right);
        expect_end(&rig.left);
        assert_int_equal(finish(&rig), 0);
    }
}

/* vsock: our input's end is not told, the answer still comes, and its end is the end. */
static void test_no_half_close(void **state)
{
    struct rig rig = start(PIPES, true, SOCKET, false);
    char byte;

    (void)state;
    send_text(&rig.left, "request");
    close_write(&rig.left);
    expect_text(&rig.right, "request");
    assert_int_equal(fd_wait(rig.right.read_fd, POLLIN, monotonic_ms() + 50), -ETIMEDOUT);
    assert_int_equal(recv(rig.right.read_fd, &byte, 1, MSG_DONTWAIT), -1);
    send_text(&rig.right, "answer");
    close_write(&rig.right);
    expect_text(&rig.left, "answer");
    expect_end(&rig.left);
    assert_int_equal(finish(&rig), 0);
}

/* The far socket ends while our stdin stays open, as when a person typed `exit`. */
static void test_socket_end_is_the_end(void **state)
{
    struct rig rig = start(PIPES, true, SOCKET, false);

    (void)state;
    send_text(&rig.right, "bye");
    close_write(&rig.right);
    expect_text(&rig.left, "bye");
    assert_int_equal(finish(&rig), 0);
}

/* The same where half-closing is possible: a closed socket takes nothing any more. */
static void test_closed_socket_ends_both_directions(void **state)
{
    struct rig rig = start(PIPES, true, SOCKET, true);

    (void)state;
    send_text(&rig.right, "bye");
    end_close(&rig.right);
    expect_text(&rig.left, "bye");
    expect_end(&rig.left);
    assert_int_equal(finish(&rig), 0);
}

static void test_reader_that_goes(void **state)
{
    struct rig rig = start(PIPES, true, SOCKET, true);

    (void)state;
    close(rig.left.read_fd);
    rig.left.read_fd = -1;
    /* Nobody wants the right's bytes; the left's still get through. */
    send_text(&rig.left, "still");
    expect_text(&rig.right, "still");
    close_write(&rig.left);
    expect_end(&rig.right);
    assert_int_equal(finish(&rig), 0);
}

/* Fills a direction until it takes no more; gives the bytes that went in. */
static size_t fill(int fd)
{
    static const char bytes[65536];
    size_t total = 0;

    assert_int_equal(fd_set_nonblock(fd, true), 0);
    for (;;) {
        ssize_t n = write(fd, bytes, sizeof(bytes));
        if (n > 0) {
            total += (size_t)n;
        } else if (fd_wait(fd, POLLOUT, monotonic_ms() + 200) < 0) {
            return total;
        }
        assert_true(total < 64u * 1024u * 1024u);
    }
}

static int64_t children_cpu_ms(void)
{
    struct rusage usage;

    assert_int_equal(getrusage(RUSAGE_CHILDREN, &usage), 0);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

/* A reader that does not read stops its own direction only, with bounded memory and no CPU. */
static void test_stalled_direction_does_not_stop_the_other(void **state)
{
    int64_t before = children_cpu_ms();
    struct rig rig = start(PIPES, true, SOCKET, false);

    (void)state;
    size_t stuck = fill(rig.left.write_fd);
    assert_true(stuck >= 256u * 1024u && stuck < 4u * 1024u * 1024u);
    send_text(&rig.right, "other way");
    expect_text(&rig.left, "other way");
    poll(NULL, 0, 300);
    end_close(&rig.right);
    expect_end(&rig.left);
    /* It closed with bytes unread: a reset, told after the end was reached. */
    assert_int_equal(finish(&rig), ECONNRESET);
    assert_true(children_cpu_ms() - before < 200);
}

/* The same with our stdout as the one that nobody reads: a blocking pipe must not block the relay.
 */
static void test_stalled_pipe_does_not_stop_the_other(void **state)
{
    struct rig rig = start(PIPES, true, SOCKET, false);

    (void)state;
    size_t stuck = fill(rig.right.write_fd);
    assert_true(stuck >= 256u * 1024u && stuck < 4u * 1024u * 1024u);
    send_text(&rig.left, "other way");
    expect_text(&rig.right, "other way");
    close(rig.left.read_fd);
    rig.left.read_fd = -1;
    end_close(&rig.right);
    assert_int_equal(finish(&rig), 0);
}

/* Write calls of the relay so far, or -1 where the kernel does not count them. */
static long count_writes(pid_t pid)
{
    char path[32], text[512] = "";

    (void)snprintf(path, sizeof(path), "/proc/%d/io", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t length = read(fd, text, sizeof(text) - 1);
        text[length > 0 ? length : 0] = '\0';
        close(fd);
    }
    const char *at = strstr(text, "syscw: ");
    return at ? strtol(at + strlen("syscw: "), NULL, 10) : -1;
}

/* The signal alone is no stop: a busy machine (or valgrind) lets the process run on for a while. */
static void end_relay(pid_t pid)
{
    siginfo_t info;

    assert_int_equal(kill(pid, SIGSTOP), 0);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WSTOPPED), 0);
}

/* What fits a pipe goes there in one piece, blocking or not: ssh reads its ProxyCommand so. */
static void test_pipe_is_written_in_large_pieces(void **state)
{
    struct rig rig = start(PIPES, true, SOCKET, false);
    int64_t deadline = monotonic_ms() + LIMIT_MS;
    int capacity = fcntl(rig.left.read_fd, F_GETPIPE_SZ);
    int waiting = 0;

    (void)state;
    /* The relay is stopped while the bytes come, so that it finds them all at once. */
    send_text(&rig.right, "!");
    expect_text(&rig.left, "!");
    end_relay(rig.pid);
    assert_true(fill(rig.right.write_fd) > (size_t)capacity);
    long before = count_writes(rig.pid);
    assert_int_equal(kill(rig.pid, SIGCONT), 0);
    while (waiting < capacity && monotonic_ms() < deadline) {
        poll(NULL, 0, 5);
        assert_int_equal(ioctl(rig.left.read_fd, FIONREAD, &waiting), 0);
    }
    assert_int_equal(waiting, capacity);
    if (before >= 0) {
        /* Page by page it would be this many; valgrind adds writes of its own to our one. */
        assert_true(count_writes(rig.pid) - before < capacity / PIPE_BUF);
    }
    end_close(&rig.left);
    end_close(&rig.right);
    (void)finish(&rig);
}

/* One side has ended and cannot be told: waiting for the other costs nothing. */
static void test_waiting_is_not_busy(void **state)
{
    int64_t before = children_cpu_ms();
    struct rig rig = start(PIPES, true, SOCKET, false);

    (void)state;
    close_write(&rig.left);
    poll(NULL, 0, 500);
    end_close(&rig.right);
    assert_int_equal(finish(&rig), 0);
    assert_true(children_cpu_ms() - before < 200);
}

/* A slow reader gets every byte although the writer has closed long ago. */
static void test_everything_is_written_before_the_end(void **state)
{
    static char sent[LARGE], got[LARGE];
    struct rig rig = start(PIPES, true, SOCKET, false);

    (void)state;
    for (size_t i = 0; i < sizeof(sent); i++) {
        sent[i] = (char)(i * 2654435761u >> 13);
    }
    pid_t writer = fork();
    if (writer == 0) {
        end_close(&rig.left);
        _exit(fd_write_full(rig.right.write_fd, sent, sizeof(sent), monotonic_ms() + LIMIT_MS) ? 1
                                                                                               : 0);
    }
    end_close(&rig.right);
    for (size_t done = 0; done < sizeof(got); done += sizeof(got) / 16) {
        poll(NULL, 0, 5);
        assert_int_equal(
            fd_read_full(rig.left.read_fd, got + done, sizeof(got) / 16, monotonic_ms() + LIMIT_MS),
            0);
    }
    assert_memory_equal(got, sent, sizeof(sent));
    expect_end(&rig.left);
    int status = 0;
    assert_int_equal(waitpid(writer, &status, 0), writer);
    assert_int_equal(status, 0);
    assert_int_equal(finish(&rig), 0);
}

/* Pipes stay as blocking as their other users expect them to be. */
static void test_flags_are_left_alone(void **state)
{
    int in[2], out[2], far[2];

    (void)state;
    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, far), 0);
    struct relay_side left = {.in_fd = in[0], .out_fd = out[1], .half_close = true};
    struct relay_side right = {.in_fd = far[0], .out_fd = far[0]};
    assert_int_equal(write(far[1], "x", 1), 1);
    close(far[1]);
    assert_int_equal(relay_run(&left, &right), 0);
    assert_false(fcntl(in[0], F_GETFL) & O_NONBLOCK);
    assert_false(fcntl(far[0], F_GETFL) & O_NONBLOCK);
    /* The write side was closed for its reader, and its number is still the caller's to close. */
    char byte;
    assert_int_equal(read(out[0], &byte, 1), 1);
    assert_int_equal(read(out[0], &byte, 1), 0);
    assert_int_equal(close(out[1]), 0);
    close(in[0]);
    close(in[1]);
    close(out[0]);
    close(far[0]);
}

static void test_reset_is_told(void **state)
{
    int in[2], out[2], far[2];

    (void)state;
    /* On unix sockets a peer that closes with unread bytes resets the stream. */
    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, far), 0);
    assert_int_equal(write(far[0], "unread", 6), 6);
    close(far[1]);
    struct relay_side left = {.in_fd = in[0], .out_fd = out[1], .half_close = true};
    struct relay_side right = {.in_fd = far[0], .out_fd = far[0]};
    assert_int_equal(relay_run(&left, &right), -ECONNRESET);
    const int fds[] = {in[0], in[1], out[0], out[1], far[0]};
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        close(fds[i]);
    }
}

static void test_bad_descriptors(void **state)
{
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    struct relay_side good = {.in_fd = fds[0], .out_fd = fds[1]};
    struct relay_side bad = {.in_fd = 9999, .out_fd = 9999};
    struct relay_side half = {.in_fd = 9999, .out_fd = fds[1]};
    assert_int_equal(relay_run(&good, &bad), -EBADF);
    assert_int_equal(relay_run(&half, &good), -EBADF);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_both_ways),
        cmocka_unit_test(test_no_half_close),
        cmocka_unit_test(test_socket_end_is_the_end),
        cmocka_unit_test(test_closed_socket_ends_both_directions),
        cmocka_unit_test(test_reader_that_goes),
        cmocka_unit_test(test_stalled_direction_does_not_stop_the_other),
        cmocka_unit_test(test_stalled_pipe_does_not_stop_the_other),
        cmocka_unit_test(test_pipe_is_written_in_large_pieces),
        cmocka_unit_test(test_waiting_is_not_busy),
        cmocka_unit_test(test_everything_is_written_before_the_end),
        cmocka_unit_test(test_flags_are_left_alone),
        cmocka_unit_test(test_reset_is_told),
        cmocka_unit_test(test_bad_descriptors),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
