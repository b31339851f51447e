/* SPDX-License-Identifier: MIT */
/* What a guard keeps of the process that it was made from, and what it does when that is gone. */
#include "harness.h"

#include "base/cleanup.h"

#define SECRET 0x5ec4e7c0ffee0123u

/* The kernel's heap; valgrind has one of its own, which it gives nobody back. */
static bool is_in_heap(const void *address)
{
    char line[512];
    bool found = false;

    FILE *maps = fopen("/proc/self/maps", "re");
    assert_non_null(maps);
    while (fgets(line, sizeof(line), maps)) {
        char *end = NULL;
        uintptr_t first = strtoull(line, &end, 16);
        uintptr_t behind = strtoull(end + 1, NULL, 16);
        found = found || (strstr(line, "[heap]") && (uintptr_t)address >= first &&
                          (uintptr_t)address < behind);
    }
    (void)fclose(maps);
    return found;
}

/* Is the secret at this address of another process? */
static bool knows(pid_t pid, const uint64_t *address)
{
    char path[64];
    uint64_t value = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
    cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t n = pread(fd, &value, sizeof(value), (off_t)(uintptr_t)address);
    return n == (ssize_t)sizeof(value) && value == SECRET;
}

static void test_guard_keeps_nothing_of_the_heap(void **state)
{
    struct process_guard guard;
    uint64_t *secret = sbrk(4096);

    (void)state;
    assert_ptr_not_equal(secret, (void *)-1);
    *secret = SECRET;
    if (!is_in_heap(secret)) {
        skip();
    }
    process_guard_start(&guard);
    assert_true(guard.pid > 0);
    int64_t deadline = monotonic_ms() + 10000;
    while (knows(guard.pid, secret)) {
        assert_true(monotonic_ms() < deadline);
        poll(NULL, 0, 5);
    }
    assert_true(*secret == SECRET);
    process_guard_release(&guard);
}

/* Its maker's death, to a guard, is the end of the pipe. */
static void test_guard_ends_the_session(void **state)
{
    struct process_guard guard;
    int status = 0;

    (void)state;
    process_guard_start(&guard);
    assert_true(guard.pid > 0);
    pid_t leader = fork();
    if (leader == 0) {
        (void)setsid();
        int r = process_guard_name_session(&guard);
        (void)close(guard.fd);
        if (r == 0) {
            (void)pause();
        }
        _exit(1);
    }
    assert_true(leader > 0);
    (void)close(guard.fd);
    assert_int_equal(waitpid(leader, &status, 0), leader);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGHUP);
    assert_int_equal(waitpid(guard.pid, &status, 0), guard.pid);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guard_keeps_nothing_of_the_heap),
        cmocka_unit_test(test_guard_ends_the_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
