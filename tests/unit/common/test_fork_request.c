/* SPDX-License-Identifier: MIT */
/* Requests to the fork server: what arrives, and that what is none leaves no descriptor behind. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/fork_request.h"

#define FDS_MAX 6

struct world {
    int ours, theirs; /* the pair for requests */
    int pair[2];      /* something to pass */
    int file;
};

static int setup(void **state)
{
    static struct world world;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, world.pair) < 0) {
        return -1;
    }
    world.ours = ends[0];
    world.theirs = ends[1];
    world.file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    const struct world *world = *state;
    (void)close(world->ours);
    (void)close(world->theirs);
    (void)close(world->pair[0]);
    (void)close(world->pair[1]);
    (void)close(world->file);
    return 0;
}

static size_t count_fds(void)
{
    size_t count = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir)) {
        count++;
    }
    (void)closedir(dir);
    return count;
}

static bool same_file(int a, int b)
{
    struct stat one, other;
    return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_ino == other.st_ino &&
           one.st_dev == other.st_dev;
}

static void test_arrives(void **state)
{
    const struct world *world = *state;
    struct fork_request sent = {.fd = world->pair[0],
                                .slot_fd = world->file,
                                .answer_fd = world->pair[1],
                                .grace_ms = 12345};
    struct fork_request got;
    size_t fds = count_fds();
    memset(sent.peer, 'p', sizeof(sent.peer) - 1); /* the longest */
    assert_int_equal(fork_request_send(world->ours, &sent), 0);
    assert_int_equal(fork_request_receive(world->theirs, &got), 1);
    assert_true(same_file(got.fd, world->pair[0]));
    assert_true(same_file(got.slot_fd, world->file));
    assert_true(same_file(got.answer_fd, world->pair[1]));
    assert_true((fcntl(got.fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(got.grace_ms, 12345);
    assert_string_equal(got.peer, sent.peer);
    fork_request_close(&got);
    assert_int_equal(count_fds(), fds);
}

static void test_end(void **state)
{
    struct world *world = *state;
    struct fork_request got;
    (void)shutdown(world->ours, SHUT_WR);
    assert_int_equal(fork_request_receive(world->theirs, &got), 0);
}

/* Sends length bytes and count descriptors, whatever they are. */
static void send_raw(int socket, const void *bytes, size_t length, const int *fds, size_t count)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
    } control;
    struct iovec iov = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
    memset(&control, 0, sizeof(control));
    if (count > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *header = &control.align;
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(header), fds, count * sizeof(int));
    }
    assert_int_equal(sendmsg(socket, &message, MSG_DONTWAIT), (ssize_t)length);
}

static void test_refuses(void **state)
{
    const struct world *world = *state;
    const int fds[FDS_MAX] = {world->pair[0], world->file,    world->pair[1],
                              world->pair[0], world->pair[1], world->file};
    const int no_connection[] = {world->file, world->file, world->pair[1]};
    const int no_answer[] = {world->pair[0], world->file, world->file};
    char longest[5 + VSH_PEER_MAX + 1] = {1};
    memset(longest + 5, 'p', sizeof(longest) - 5);
    const struct {
        const char *bytes;
        size_t length;
        const int *fds;
        size_t count;
    } table[] = {
        {"\1\0\0\0\0peer", 9, fds, 0},           /* no descriptors */
        {"\1\0\0\0\0peer", 9, fds, 2},           /* too few */
        {"\1\0\0\0\0peer", 9, fds, 4},           /* too many */
        {"\1\0\0\0\0peer", 9, fds, 6},           /* and more than there is room for */
        {"\1\0\0\0\0peer", 9, no_connection, 3}, /* a file for a socket */
        {"\1\0\0\0\0peer", 9, no_answer, 3},     /* and for the other */
        {"\2\0\0\0\0peer", 9, fds, 3},           /* another version */
        {"\1\0\0\0", 4, fds, 3},                 /* torn */
        {"\1\0\0\0\0", 5, fds, 3},               /* no peer */
        {"", 0, fds, 3},                         /* nothing, which is no end of the stream */
        {"\1\0\0\0\200peer", 9, fds, 3},         /* a time that is no int */
        {"\1\0\0\0\0pe\0r", 9, fds, 3},          /* a NUL in the text */
        {longest, sizeof(longest) - 1, fds, 3},  /* one byte too many for it */
        {longest, sizeof(longest), fds, 3},      /* and for the packet */
    };
    size_t open_fds = count_fds();
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct fork_request got;
        send_raw(world->ours, table[i].bytes, table[i].length, table[i].fds, table[i].count);
        if (fork_request_receive(world->theirs, &got) != -EBADMSG) {
            fail_msg("row %zu was taken", i);
        }
        assert_int_equal(count_fds(), open_fds);
    }
    struct fork_request got;
    send_raw(world->ours, "\1\0\0\0\0p", 6, fds, 3); /* the stream goes on */
    assert_int_equal(fork_request_receive(world->theirs, &got), 1);
    assert_string_equal(got.peer, "p");
    fork_request_close(&got);
}

/* Nobody reads: who asks must not wait. */
static void test_queue_full(void **state)
{
    const struct world *world = *state;
    const struct fork_request request = {
        .fd = world->pair[0], .slot_fd = world->file, .answer_fd = world->pair[1], .peer = "peer"};
    int r = 0;
    for (int i = 0; r == 0 && i < 100000; i++) {
        r = fork_request_send(world->ours, &request);
    }
    assert_true(r == -EAGAIN || r == -ETOOMANYREFS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_arrives, setup, teardown),
        cmocka_unit_test_setup_teardown(test_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_queue_full, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
