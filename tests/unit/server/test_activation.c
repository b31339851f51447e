/* SPDX-License-Identifier: MIT */
/*
 * LISTEN_FDS. Descriptor 3 and those after it have to be real ones, so each case runs in a process
 * of its own, which ends with the number of the expectation that did not hold.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "server/activation.h"

#define PLACES 3

enum descriptor { NOTHING, LISTENING, CONNECTED, PLAIN_FILE, DATAGRAM };

struct row {
    const char *name, *fds, *pid; /* NULL = unset; pid "own" = the process itself */
    enum descriptor at[PLACES];
    int result;
    size_t count;
    bool connected;
};

static const struct row rows[] = {
    {"nothing said", NULL, NULL, {NOTHING}, 0, 0, false},
    {"no pid", "1", NULL, {LISTENING}, 0, 0, false},
    {"another's", "1", "1", {LISTENING}, 0, 0, false},
    {"no number of a pid", "1", "x", {LISTENING}, 0, 0, false},
    {"none", "0", "own", {LISTENING}, 0, 0, false},
    {"one", "1", "own", {LISTENING}, 0, 1, false},
    {"three", "3", "own", {LISTENING, LISTENING, LISTENING}, 0, 3, false},
    {"a connection", "1", "own", {CONNECTED}, 0, 1, true},
    {"two connections", "2", "own", {CONNECTED, CONNECTED}, -EINVAL, 0, false},
    {"mixed", "2", "own", {LISTENING, CONNECTED}, -EINVAL, 0, false},
    {"mixed the other way", "2", "own", {CONNECTED, LISTENING}, -EINVAL, 0, false},
    {"no socket", "1", "own", {PLAIN_FILE}, -EINVAL, 0, false},
    {"datagrams", "1", "own", {DATAGRAM}, -EINVAL, 0, false},
    {"closed", "2", "own", {LISTENING, NOTHING}, -EINVAL, 0, false},
    {"no number", "one", "own", {LISTENING}, -EINVAL, 0, false},
    {"negative", "-1", "own", {LISTENING}, -EINVAL, 0, false},
    {"too many", "65", "own", {LISTENING}, -EINVAL, 0, false},
};

static int make(enum descriptor kind)
{
    int pair[2];
    int fd = -1;
    struct sockaddr_un unnamed = {.sun_family = AF_UNIX};
    switch (kind) {
    case NOTHING:
        break;
    case LISTENING: /* bound to nothing but its family: the kernel finds a name */
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (bind(fd, (struct sockaddr *)&unnamed, sizeof(unnamed.sun_family)) < 0 ||
            listen(fd, 1) < 0) {
            _exit(100);
        }
        break;
    case CONNECTED:
        fd = socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 ? -1 : pair[0];
        break;
    case PLAIN_FILE:
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        break;
    case DATAGRAM:
        fd = socket(AF_UNIX, SOCK_DGRAM, 0);
        break;
    }
    return fd;
}

/* Made far above first, so that no helper descriptor lands where one is to be. */
static void place(const struct row *row)
{
    int high[PLACES];
    for (int i = 0; i < PLACES; i++) {
        int fd = make(row->at[i]);
        high[i] = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 100);
    }
    for (int i = 0; i < PLACES; i++) {
        if (high[i] < 0) {
            (void)close(ACTIVATION_FIRST_FD + i);
        } else if (dup2(high[i], ACTIVATION_FIRST_FD + i) < 0) {
            _exit(101);
        }
    }
}

static void set(const char *name, const char *value)
{
    if ((value ? setenv(name, value, 1) : unsetenv(name)) < 0) {
        _exit(102);
    }
}

static int check(const struct row *row)
{
    char own[24];
    struct activation activation = {.count = 77};
    (void)snprintf(own, sizeof(own), "%d", (int)getpid());
    place(row);
    set("LISTEN_FDS", row->fds);
    set("LISTEN_PID", row->pid && row->pid[0] == 'o' ? own : row->pid);
    set("LISTEN_FDNAMES", "x");

    int r = activation_take(&activation);
    if (row->result == 0 ? r != 0 : r >= 0) {
        return 1;
    }
    if (getenv("LISTEN_FDS") || getenv("LISTEN_PID") || getenv("LISTEN_FDNAMES")) {
        return 2;
    }
    if (activation.count != row->count) {
        return 3;
    }
    if (row->result == 0 && activation.connected != row->connected) {
        return 4;
    }
    for (size_t i = 0; i < row->count; i++) {
        int fd = ACTIVATION_FIRST_FD + (int)i;
        if (!(fcntl(fd, F_GETFD) & FD_CLOEXEC) || !(fcntl(fd, F_GETFL) & O_NONBLOCK)) {
            return 5;
        }
    }
    return 0;
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            _exit(check(&rows[i]));
        }
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            fail_msg("%s: status 0x%x", rows[i].name, status);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
