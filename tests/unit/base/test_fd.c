/* SPDX-License-Identifier: MIT */
/* Descriptors: flags, deadlines, whole reads and writes, passing, the table. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"

struct pair {
    int a;
    int b;
};

static struct pair open_pair(void)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    return (struct pair){fds[0], fds[1]};
}

static void close_pair(struct pair pair)
{
    (void)close(pair.a);
    (void)close(pair.b);
}

static void test_flags(void **state)
{
    struct pair pair = open_pair();
    (void)state;
    assert_int_equal(fd_set_nonblock(pair.a, true), 0);
    assert_true((fcntl(pair.a, F_GETFL) & O_NONBLOCK) != 0);
    assert_int_equal(fd_set_nonblock(pair.a, false), 0);
    assert_false((fcntl(pair.a, F_GETFL) & O_NONBLOCK) != 0);
    assert_int_equal(fd_set_cloexec(pair.a, false), 0);
    assert_int_equal(fcntl(pair.a, F_GETFD), 0);
    assert_int_equal(fd_set_cloexec(pair.a, true), 0);
    assert_int_equal(fcntl(pair.a, F_GETFD), FD_CLOEXEC);
    close_pair(pair);
    assert_int_equal(fd_set_nonblock(-1, true), -EBADF);
    assert_int_equal(fd_set_cloexec(-1, true), -EBADF);
}

static void test_wait(void **state)
{
    struct pair pair = open_pair();
    (void)state;
    assert_int_equal(fd_wait(pair.a, POLLOUT, -1), 0);
    assert_int_equal(fd_wait(pair.a, POLLIN, 0), -ETIMEDOUT);
    int64_t before = monotonic_ms();
    assert_int_equal(fd_wait(pair.a, POLLIN, before + 30), -ETIMEDOUT);
    assert_true(monotonic_ms() >= before + 30);
    assert_int_equal(write(pair.b, "x", 1), 1);
    assert_int_equal(fd_wait(pair.a, POLLIN, 0), 0);
    (void)close(pair.b);
    assert_int_equal(fd_wait(pair.a, POLLIN, 0), 0);
    (void)close(pair.a);
    assert_int_equal(fd_wait(pair.a, POLLIN, 0), -EBADF);
}

/* The deadline holds on blocking descriptors as well as on others, sockets and pipes alike. */
static void test_read_full(void **state)
{
    char buf[4];
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        struct pair pair = open_pair();
        if ((kind & 1) != 0) {
            int fds[2];
            close_pair(pair);
            assert_int_equal(pipe(fds), 0);
            pair = (struct pair){fds[0], fds[1]};
        }
        assert_int_equal(fd_set_nonblock(pair.a, (kind & 2) != 0), 0);
        assert_int_equal(write(pair.b, "abcde", 5), 5);
        assert_int_equal(fd_read_full(pair.a, buf, 4, 0), 0);
        assert_memory_equal(buf, "abcd", 4);
        assert_int_equal(fd_read_full(pair.a, buf, 0, 0), 0);
        assert_int_equal(fd_read_full(pair.a, buf, 2, monotonic_ms() + 20), -ETIMEDOUT);
        assert_int_equal(buf[0], 'e');
        (void)close(pair.b);
        assert_int_equal(fd_read_full(pair.a, buf, 1, -1), -EPIPE);
        (void)close(pair.a);
    }
}

static void test_write_full(void **state)
{
    static char big[4 * 1024 * 1024];
    static char back[sizeof(big)];
    struct pair pair = open_pair();
    (void)state;
    for (size_t i = 0; i < sizeof(big); i++) {
        big[i] = (char)(i * 7 + i / 251);
    }
    assert_int_equal(fd_write_full(pair.a, big, sizeof(big), monotonic_ms() + 20), -ETIMEDOUT);
    close_pair(pair);

    /* More than the socket holds, while a child reads it and sends it all back. */
    pair = open_pair();
    pid_t child = fork();
    if (child == 0) {
        (void)close(pair.a);
        int rc = fd_read_full(pair.b, back, sizeof(back), -1);
        _exit(rc == 0 && fd_write_full(pair.b, back, sizeof(back), -1) == 0 ? 0 : 1);
    }
    assert_int_equal(fd_write_full(pair.a, big, sizeof(big), -1), 0);
    assert_int_equal(fd_read_full(pair.a, back, sizeof(back), -1), 0);
    assert_memory_equal(big, back, sizeof(big));
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    (void)close(pair.b);
    /* No SIGPIPE: this process has the default disposition and lives on. */
    assert_int_equal(fd_write_full(pair.a, "x", 1, -1), -EPIPE);
    (void)close(pair.a);
}

static void write_file(const char *path, size_t length)
{
    cleanup_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    for (size_t i = 0; i < length; i++) {
        char byte = (char)('a' + i % 26);
        assert_int_equal(write(fd, &byte, 1), 1);
    }
}

static void test_read_file(void **state)
{
    static const struct {
        size_t length;
        size_t max;
        int result;
    } rows[] = {
        {0, 0, 0},        {0, 10, 0},      {1, 0, -EFBIG},       {10, 10, 0},
        {11, 10, -EFBIG}, {4096, 4096, 0}, {4097, 4096, -EFBIG}, {10000, 1 << 20, 0},
    };
    char path[] = "/tmp/vsh-fd-XXXXXX";
    char *text = NULL;
    size_t length = 0;
    (void)state;
    (void)close(mkstemp(path));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        write_file(path, rows[i].length);
        assert_int_equal(fd_read_file(path, rows[i].max, &text, &length), rows[i].result);
        if (rows[i].result == 0) {
            assert_int_equal(length, rows[i].length);
            assert_int_equal(strlen(text), rows[i].length);
            free(text);
        }
    }
    (void)unlink(path);
    assert_int_equal(fd_read_file(path, 10, &text, &length), -ENOENT);
    assert_int_equal(fd_read_file("/", 10, &text, &length), -EISDIR);
    /* /proc says that its files have no bytes. */
    assert_int_equal(fd_read_file("/proc/self/status", 1 << 20, &text, &length), 0);
    assert_true(length > 100);
    free(text);
}

static void test_pass(void **state)
{
    struct pair pair = open_pair();
    int pipe_fds[2];
    int received = -1;
    (void)state;
    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(fd_send(pair.a, pipe_fds[1]), 0);
    (void)close(pipe_fds[1]);
    assert_int_equal(fd_receive(pair.b, &received), 0);
    assert_int_equal(fcntl(received, F_GETFD), FD_CLOEXEC);
    assert_int_equal(write(received, "x", 1), 1);
    char byte;
    assert_int_equal(read(pipe_fds[0], &byte, 1), 1);
    (void)close(received);
    (void)close(pipe_fds[0]);

    /* A byte without a descriptor, then the end of the stream. */
    assert_int_equal(write(pair.a, "x", 1), 1);
    (void)shutdown(pair.a, SHUT_WR);
    received = 4711;
    assert_int_equal(fd_receive(pair.b, &received), -EBADMSG);
    assert_int_equal(fd_receive(pair.b, &received), -EPIPE);
    assert_int_equal(received, 4711);
    close_pair(pair);
    assert_int_equal(fd_send(pair.a, 0), -EBADF);
}

static int count_open(void)
{
    int count = 0;
    for (int fd = 0; fd < 1024; fd++) {
        count += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    }
    return count;
}

/* Two at once must not leave the second behind in the process. */
static void test_pass_two(void **state)
{
    struct pair pair = open_pair();
    const int fds[FD_MESSAGE_MAX + 1] = {0, 1};
    (void)state;
    assert_int_equal(fd_send_message(pair.a, "", 1, fds, FD_MESSAGE_MAX + 1), -EINVAL);
    assert_int_equal(fd_send_message(pair.a, "", 1, fds, 2), 1);
    int before = count_open();
    int received = -1;
    assert_int_equal(fd_receive(pair.b, &received), -EBADMSG);
    assert_int_equal(count_open(), before);
    close_pair(pair);
}

static void wait_until_asleep(pid_t pid)
{
    char path[40];
    char state = '?';
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    while (state != 'S') {
        char *text = NULL;
        size_t length = 0;
        if (fd_read_file(path, 4096, &text, &length) == 0) {
            const char *name_end = strrchr(text, ')');
            state = name_end ? name_end[2] : '?';
            free(text);
        }
        (void)poll(NULL, 0, 1);
    }
}

/* In a child, once its parent waits: count descriptors from fd, or one to it. */
static __attribute__((noreturn)) void be_late(int fd, int count)
{
    int r = 0;
    (void)alarm(20);
    wait_until_asleep(getppid());
    for (int i = 0; r == 0 && i < count; i++) {
        int received = -1;
        r = fd_receive(fd, &received);
        (void)close(received);
    }
    _exit(r == 0 && (count > 0 || fd_send(fd, 0) == 0) ? 0 : 1);
}

/* A socket that is full, or empty, is waited for, whatever its mode. */
static void test_pass_waits(void **state)
{
    (void)state;
    for (int nonblock = 0; nonblock < 2; nonblock++) {
        struct pair pair = open_pair();
        const int small = 1;
        const int fd = 0;
        int count = 0;
        int received = -1;
        int status = -1;
        ssize_t sent;
        assert_int_equal(setsockopt(pair.a, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
        assert_int_equal(fd_set_nonblock(pair.a, nonblock == 1), 0);
        while ((sent = fd_send_message(pair.a, "", 1, &fd, 1)) == 1) {
            count++;
        }
        assert_int_equal(sent, -EAGAIN);
        for (int receiving = 0; receiving < 2; receiving++) {
            pid_t child = fork();
            if (child == 0) {
                (void)close(pair.a);
                be_late(pair.b, receiving == 1 ? 0 : count + 1);
            }
            assert_int_equal(receiving == 1 ? fd_receive(pair.a, &received) : fd_send(pair.a, fd),
                             0);
            assert_int_equal(waitpid(child, &status, 0), child);
            assert_int_equal(status, 0);
        }
        (void)close(received);
        close_pair(pair);
    }
}

static void test_kind(void **state)
{
    struct pair pair = open_pair();
    int again = dup(pair.a);
    int pipe_fds[2];
    (void)state;
    assert_int_equal(pipe(pipe_fds), 0);
    assert_true(fd_is_socket(pair.a));
    assert_false(fd_is_socket(pipe_fds[0]));
    assert_true(fd_is_same(pair.a, again));
    assert_false(fd_is_same(pair.a, pair.b));
    (void)close(again);
    assert_false(fd_is_same(again, again)); /* nothing is there */
    assert_false(fd_is_socket(again));
    (void)close(pipe_fds[0]);
    (void)close(pipe_fds[1]);
    close_pair(pair);
}

static int in_child(void (*check)(void))
{
    pid_t child = fork();
    if (child == 0) {
        check();
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void check_close_from(void)
{
    int fd = open("/dev/null", O_RDONLY);
    int high = fcntl(fd, F_DUPFD, 100);
    fd_close_from(fd + 1);
    if (fcntl(fd, F_GETFD) < 0 || fcntl(high, F_GETFD) >= 0 || count_open() > fd + 1) {
        _exit(1);
    }
    fd_close_from(0);
    if (count_open() != 0) {
        _exit(2);
    }
}

static void check_open_standard(void)
{
    (void)close(0);
    (void)close(2);
    int before = count_open();
    if (fd_open_standard() != 0 || count_open() != before + 2) {
        _exit(1);
    }
    for (int fd = 0; fd < 3; fd++) {
        if (fcntl(fd, F_GETFD) != 0) {
            _exit(2);
        }
    }
}

static void test_table(void **state)
{
    (void)state;
    assert_int_equal(in_child(check_close_from), 0);
    assert_int_equal(in_child(check_open_standard), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flags),     cmocka_unit_test(test_wait),
        cmocka_unit_test(test_read_full), cmocka_unit_test(test_write_full),
        cmocka_unit_test(test_read_file), cmocka_unit_test(test_pass),
        cmocka_unit_test(test_pass_two),  cmocka_unit_test(test_pass_waits),
        cmocka_unit_test(test_kind),      cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
