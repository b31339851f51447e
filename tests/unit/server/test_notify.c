/* SPDX-License-Identifier: MIT */
/* States for a service manager: where they go, what is in them, and that nobody has to take them.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "server/notify.h"

#define NAME "NOTIFY_SOCKET"

/* A datagram socket bound to a path, or to "@name" in the abstract namespace. */
static int bind_to(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    assert_true(length < sizeof(address.sun_path));
    memcpy(address.sun_path, name, length);
    if (name[0] == '@') {
        address.sun_path[0] = '\0';
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
                     0);
    assert_int_equal(setenv(NAME, name, 1), 0);
    return fd;
}

static void take(int fd, char *text, size_t size)
{
    ssize_t n = recv(fd, text, size - 1, 0);
    assert_true(n > 0);
    text[n] = '\0';
}

static int make_path(void **state)
{
    char folder[] = "/tmp/vsh-notify.XXXXXX";
    char *path = NULL;
    if (!mkdtemp(folder) || asprintf(&path, "%s/states", folder) < 0) {
        return -1;
    }
    *state = path;
    return 0;
}

static int remove_path(void **state)
{
    char *path = *state;
    (void)unlink(path);
    *strrchr(path, '/') = '\0';
    int r = rmdir(path);
    free(path);
    return r;
}

static void test_path(void **state)
{
    char text[128];
    int fd = bind_to(*state);
    assert_int_equal(notify_send("READY=1\nMAINPID=7"), 0);
    assert_int_equal(notify_send("STOPPING=1"), 0);
    take(fd, text, sizeof(text));
    assert_string_equal(text, "READY=1\nMAINPID=7");
    take(fd, text, sizeof(text));
    assert_string_equal(text, "STOPPING=1");
    (void)close(fd);
}

static void test_abstract(void **state)
{
    (void)state;
    char name[64];
    char text[128];
    (void)snprintf(name, sizeof(name), "@vsh-notify-%d", (int)getpid());
    int fd = bind_to(name);
    assert_int_equal(notify_send("READY=1"), 0);
    take(fd, text, sizeof(text));
    assert_string_equal(text, "READY=1");
    (void)close(fd);
}

/* The stamp is on the monotonic clock, between before and after. */
static void test_reloading(void **state)
{
    char text[128];
    struct timespec before;
    struct timespec after;
    uint64_t stamp = 0;
    int fd = bind_to(*state);
    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    assert_int_equal(notify_reloading(), 0);
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    take(fd, text, sizeof(text));
    static const char start[] = "RELOADING=1\nMONOTONIC_USEC=";
    assert_int_equal(strncmp(text, start, sizeof(start) - 1), 0);
    char *end = NULL;
    stamp = strtoumax(text + sizeof(start) - 1, &end, 10);
    assert_string_equal(end, "");
    assert_true(stamp >= (uint64_t)before.tv_sec * 1000000u + (uint64_t)before.tv_nsec / 1000u);
    assert_true(stamp <= (uint64_t)after.tv_sec * 1000000u + (uint64_t)after.tv_nsec / 1000u);
    (void)close(fd);
}

/* A manager that takes nothing must not stop the server. */
static void test_full(void **state)
{
    int fd = bind_to(*state);
    int r = 0;
    for (int i = 0; i < 100000 && r == 0; i++) {
        r = notify_send("WATCHDOG=1");
    }
    assert_int_equal(r, -EAGAIN);
    (void)close(fd);
}

static void test_nobody(void **state)
{
    char long_path[200];
    assert_int_equal(unsetenv(NAME), 0);
    assert_int_equal(notify_send("READY=1"), 0);
    assert_int_equal(setenv(NAME, "", 1), 0);
    assert_int_equal(notify_send("READY=1"), 0);

    assert_int_equal(setenv(NAME, *state, 1), 0);
    assert_int_equal(notify_send("READY=1"), -ENOENT);
    assert_int_equal(setenv(NAME, "relative/path", 1), 0);
    assert_int_equal(notify_send("READY=1"), -EINVAL);
    memset(long_path, 'x', sizeof(long_path));
    long_path[0] = '/';
    long_path[sizeof(long_path) - 1] = '\0';
    assert_int_equal(setenv(NAME, long_path, 1), 0);
    assert_int_equal(notify_send("READY=1"), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_path, make_path, remove_path),
        cmocka_unit_test(test_abstract),
        cmocka_unit_test_setup_teardown(test_reloading, make_path, remove_path),
        cmocka_unit_test_setup_teardown(test_full, make_path, remove_path),
        cmocka_unit_test_setup_teardown(test_nobody, make_path, remove_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
