/* SPDX-License-Identifier: MIT */
/* The page between a session and the listener: a hostile writer can neither crash nor fool it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/audit.h"
#include "common/session_slot.h"

static void write_all(int fd)
{
    struct session_slot *slot = NULL;
    struct session_view view = {.mode = "ssh", .user = "me", .action = "exec", .running = 2};

    if (session_slot_map(fd, &slot) < 0) {
        _exit(1);
    }
    (void)strcpy(view.text, "id -u");
    session_slot_show(slot, &view);
    session_slot_bytes(slot, 5, UINT64_MAX);
    session_slot_told(slot);
    session_slot_free(slot);
    _exit(0);
}

/* All ones: no text ends, and every counter is as odd as it can be. */
static void write_ones(int fd)
{
    struct stat st;
    if (fstat(fd, &st) < 0) {
        _exit(1);
    }
    void *page = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) {
        _exit(2);
    }
    memset(page, 0xff, (size_t)st.st_size);
    /* Nor may it take the page away from under its reader. */
    _exit(ftruncate(fd, 0) == 0 || ftruncate(fd, 1 << 20) == 0 ? 3 : 0);
}

static void from_child(void (*write_it)(int fd), struct session_view *ret)
{
    struct session_slot *slot = NULL;
    int fd = -1;
    int status = 0;

    assert_int_equal(session_slot_new(&slot, &fd), 0);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    session_slot_read(slot, ret);
    assert_string_equal(ret->mode, "");
    assert_int_equal(ret->bytes_out, 0);
    assert_false(ret->told);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        write_it(fd);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    session_slot_read(slot, ret);
    session_slot_free(slot);
    close(fd);
}

static void test_across_processes(void **state)
{
    struct session_view view;

    (void)state;
    from_child(write_all, &view);
    assert_string_equal(view.mode, "ssh");
    assert_string_equal(view.user, "me");
    assert_string_equal(view.action, "exec");
    assert_string_equal(view.text, "id -u");
    assert_int_equal(view.running, 2);
    assert_int_equal(view.bytes_in, 5);
    assert_true(view.bytes_out == UINT64_MAX);
    assert_true(view.told);
}

static void test_hostile_writer(void **state)
{
    struct session_view view;

    (void)state;
    from_child(write_ones, &view);
    assert_int_equal(strlen(view.mode), sizeof(view.mode) - 1);
    assert_int_equal(strlen(view.user), sizeof(view.user) - 1);
    assert_int_equal(strlen(view.action), sizeof(view.action) - 1);
    assert_int_equal(strlen(view.text_name), sizeof(view.text_name) - 1);
    assert_int_equal(strlen(view.text), sizeof(view.text) - 1);
}

/* A session cannot reach another one's page: fork leaves it out. */
static void test_not_inherited(void **state)
{
    struct session_slot *slot = NULL;
    int fd = -1;
    int status = 0;

    (void)state;
    assert_int_equal(session_slot_new(&slot, &fd), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        /* mincore(2) asks without touching: ENOMEM where nothing is mapped. */
        unsigned char resident[1];
        _exit(mincore(slot, 1, resident) < 0 && errno == ENOMEM ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    session_slot_free(slot);
    close(fd);
}

static void test_wrong_descriptors(void **state)
{
    struct session_slot *slot = NULL;
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    int small = memfd_create("small", MFD_CLOEXEC);

    (void)state;
    assert_int_equal(session_slot_map(-1, &slot), -EBADF);
    assert_int_equal(session_slot_map(null_fd, &slot), -EINVAL);
    assert_int_equal(session_slot_map(small, &slot), -EINVAL);
    assert_null(slot);
    close(null_fd);
    close(small);
    /* A session that nobody looks at. */
    session_slot_show(NULL, NULL);
    session_slot_bytes(NULL, 1, 1);
    session_slot_told(NULL);
    session_slot_free(NULL);
}

/* Several actions at once: the last that began, and how many there are. */
static void test_actions(void **state)
{
    struct session_view view;
    struct audit first, second;
    const struct audit_result result = {0};
    struct audit_session session = {.peer = "stdio", .mode = "ssh", .user = "me"};
    int fd = -1;

    (void)state;
    log_open("test", LOG_TO_STDERR, LOG_LEVEL_ERROR);
    assert_int_equal(session_slot_new(&session.slot, &fd), 0);
    audit_begin(&first, "exec", "command", "first");
    audit_show(&session, &first);
    audit_begin(&second, "sftp", NULL, NULL);
    audit_show(&session, &second);
    session_slot_read(session.slot, &view);
    assert_string_equal(view.action, "sftp");
    assert_int_equal(view.running, 2);
    audit_log(LOG_LEVEL_NOTICE, &session, &first, &result);
    session_slot_read(session.slot, &view);
    assert_string_equal(view.action, "sftp");
    assert_int_equal(view.running, 1);
    assert_string_equal(view.user, "me");
    audit_log(LOG_LEVEL_NOTICE, &session, &second, &result);
    audit_log_connection(LOG_LEVEL_NOTICE, &session, 1, 2, &result);
    session_slot_read(session.slot, &view);
    assert_string_equal(view.action, "");
    assert_int_equal(view.running, 0);
    assert_true(view.told);
    session_slot_free(session.slot);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_across_processes), cmocka_unit_test(test_hostile_writer),
        cmocka_unit_test(test_not_inherited),    cmocka_unit_test(test_wrong_descriptors),
        cmocka_unit_test(test_actions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
