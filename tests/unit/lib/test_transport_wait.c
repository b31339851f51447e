/* SPDX-License-Identifier: MIT */
/* A wait of hours for a VM that does not answer, against a clock and a socket of our own. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>

#include <vsock-shell/transport.h>

#define TIMEOUT_MS  10000
#define WAIT_MS     (2 * 3600 * 1000)
#define GROWING     5 /* the first attempts are shorter */
#define ATTEMPT_MAX 2000

static int64_t now_ms = 1000;
static int attempts[ATTEMPT_MAX]; /* how long each was waited for */
static int attempt_count;
static bool connecting;

/*
 * What the transport calls, in front of libc's: no real vsock is reached, and no time passes.
 * libc's own names for the parameters are reserved ones.
 */
int socket(int domain, int type, int protocol)
{
    (void)domain;
    (void)type;
    (void)protocol;
    return open("/dev/null", O_RDWR | O_CLOEXEC);
}

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name)
int connect(int fd, const struct sockaddr *name, socklen_t length)
{
    (void)fd;
    (void)name;
    (void)length;
    connecting = true;
    errno = EINPROGRESS;
    return -1;
}

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name)
int clock_gettime(clockid_t clock, struct timespec *ret)
{
    (void)clock;
    *ret = (struct timespec){.tv_sec = now_ms / 1000, .tv_nsec = now_ms % 1000 * 1000000};
    return 0;
}

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name)
int poll(struct pollfd *entries, nfds_t count, int timeout)
{
    (void)entries;
    (void)count;
    if (connecting && attempt_count < ATTEMPT_MAX) {
        attempts[attempt_count++] = timeout;
    }
    connecting = false; /* the next one is the pause behind it */
    now_ms += timeout;
    return 0;
}

static void test_attempts_keep_their_time(void **state)
{
    const struct vsh_address address = {.family = VSH_FAMILY_VSOCK, .cid = 3, .port = 5000};
    const struct vsh_connect_options options = {
        .timeout_ms = TIMEOUT_MS, .wait_ms = WAIT_MS, .cancel_fd = -1};
    int fd = -1;
    (void)state;

    assert_int_equal(vsh_connect(&address, &options, &fd), -ETIMEDOUT);
    /* The last one may be cut by the end of the wait. */
    for (int i = GROWING; i < attempt_count - 1; i++) {
        assert_int_equal(attempts[i], TIMEOUT_MS);
    }
    assert_true(attempt_count >= WAIT_MS / (TIMEOUT_MS + 1000) &&
                attempt_count <= WAIT_MS / TIMEOUT_MS + GROWING);
    assert_true(attempts[0] >= 1 && attempts[0] <= TIMEOUT_MS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attempts_keep_their_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
