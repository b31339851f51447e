/* SPDX-License-Identifier: MIT */
/* A relay in a child process, with the far ends of its two sides in the test's hands. */
#ifndef TESTS_COMMON_RELAY_RIG_H
#define TESTS_COMMON_RELAY_RIG_H

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
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/fd.h"
#include "common/relay.h"

#define LIMIT_MS 10000
#define LARGE    (3u * 1024u * 1024u)

enum kind { PIPES, SOCKET };

/* One side of a running relay, as the test holds it: write into it, read from it. */
struct end {
    int write_fd;
    int read_fd;
};

struct rig {
    pid_t pid;
    struct end left, right;
};

/* Makes the two ends of a side: the relay's half and the test's. */
static __attribute__((unused)) void make_side(enum kind kind, struct relay_side *side,
                                              struct end *end)
{
    int in[2], out[2];

    if (kind == SOCKET) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in), 0);
        *side = (struct relay_side){.in_fd = in[0], .out_fd = in[0]};
        *end = (struct end){.write_fd = in[1], .read_fd = in[1]};
        return;
    }
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    *side = (struct relay_side){.in_fd = in[0], .out_fd = out[1]};
    *end = (struct end){.write_fd = in[1], .read_fd = out[0]};
}

static __attribute__((unused)) void end_close(struct end *end)
{
    if (end->read_fd >= 0 && end->read_fd != end->write_fd) {
        close(end->read_fd);
    }
    if (end->write_fd >= 0) {
        close(end->write_fd);
    }
    end->read_fd = end->write_fd = -1;
}

/* Starts a relay in a child; its exit status is 0 or the positive errno of relay_run(). */
static __attribute__((unused)) struct rig start(enum kind left, bool left_half, enum kind right,
                                                bool right_half)
{
    struct relay_side sides[2];
    struct rig rig;

    make_side(left, &sides[0], &rig.left);
    make_side(right, &sides[1], &rig.right);
    sides[0].half_close = left_half;
    sides[1].half_close = right_half;
    rig.pid = fork();
    assert_true(rig.pid >= 0);
    if (rig.pid == 0) {
        end_close(&rig.left);
        end_close(&rig.right);
        _exit(-relay_run(&sides[0], &sides[1]));
    }
    for (int i = 0; i < 2; i++) {
        close(sides[i].in_fd);
        if (sides[i].out_fd != sides[i].in_fd) {
            close(sides[i].out_fd);
        }
    }
    return rig;
}

static __attribute__((unused)) bool has_ended(const struct rig *rig, int wait_ms)
{
    siginfo_t info = {0};
    int64_t deadline = monotonic_ms() + wait_ms;

    do {
        assert_int_equal(waitid(P_PID, (id_t)rig->pid, &info, WEXITED | WNOHANG | WNOWAIT), 0);
        if (info.si_pid == 0) {
            poll(NULL, 0, 5);
        }
    } while (info.si_pid == 0 && monotonic_ms() < deadline);
    return info.si_pid != 0;
}

/* Waits for the end of the relay and gives its result. */
static __attribute__((unused)) int finish(struct rig *rig)
{
    int status = 0;

    if (!has_ended(rig, LIMIT_MS)) {
        (void)kill(rig->pid, SIGKILL);
    }
    assert_int_equal(waitpid(rig->pid, &status, 0), rig->pid);
    end_close(&rig->left);
    end_close(&rig->right);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static __attribute__((unused)) void send_text(const struct end *end, const char *text)
{
    assert_int_equal(fd_write_full(end->write_fd, text, strlen(text), monotonic_ms() + LIMIT_MS),
                     0);
}

static __attribute__((unused)) void expect_text(const struct end *end, const char *text)
{
    char got[64] = "";

    assert_true(strlen(text) < sizeof(got));
    assert_int_equal(fd_read_full(end->read_fd, got, strlen(text), monotonic_ms() + LIMIT_MS), 0);
    assert_string_equal(got, text);
}

static __attribute__((unused)) void expect_end(const struct end *end)
{
    char byte;

    assert_int_equal(fd_wait(end->read_fd, POLLIN, monotonic_ms() + LIMIT_MS), 0);
    assert_int_equal(read(end->read_fd, &byte, 1), 0);
}

static __attribute__((unused)) void close_write(struct end *end)
{
    if (end->write_fd == end->read_fd) {
        assert_int_equal(shutdown(end->write_fd, SHUT_WR), 0);
        return;
    }
    close(end->write_fd);
    end->write_fd = -1;
}

#endif
