/* SPDX-License-Identifier: MIT */
/* Machined: a varlink daemon of our own making, and the state files of an older one. */
#include "resolve_helper.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/fd.h"

#define CALL "{\"method\":\"io.systemd.Machine.List\",\"parameters\":{},\"more\":true}"

/* Sends answer in pieces of that size to one client, if its call is right; then waits for its end.
 */
static __attribute__((noreturn)) void serve(int listener, const char *answer, size_t length,
                                            size_t piece)
{
    char call[256] = "";
    int fd = accept(listener, NULL, NULL);
    bool right = read(fd, call, sizeof(call)) == sizeof(CALL) && strcmp(call, CALL) == 0;
    for (size_t at = 0; right && at < length; at += piece) {
        size_t count = length - at < piece ? length - at : piece;
        right = write(fd, answer + at, count) == (ssize_t)count;
    }
    if (length > 0) {
        right = read(fd, call, 1) == 0;
    } else {
        (void)pause(); /* says nothing until it is ended */
    }
    _exit(right ? 0 : 1);
}

static pid_t start_daemon(const char *answer, size_t length, size_t piece)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    (void)snprintf(name.sun_path, sizeof(name.sun_path), "%s", in_folder("socket"));
    (void)unlink(name.sun_path);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(listen(listener, 1), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        serve(listener, answer, length, piece);
    }
    (void)close(listener);
    return pid;
}

static void ask(struct seen *seen)
{
    char socket_path[256];
    char dir[256];
    const struct name_visit visit = {note, NULL, seen};
    (void)snprintf(socket_path, sizeof(socket_path), "%s", in_folder("socket"));
    (void)snprintf(dir, sizeof(dir), "%s", in_folder("machines"));
    assert_int_equal(resolve_machined(socket_path, dir, &visit), 0);
}

static void put_files(void)
{
    static const char vm[] = "# This is private data\nNAME=vm1\nCLASS=vm\nVSOCK_CID=9\nLEADER=12\n";
    static const char container[] = "NAME=c\nCLASS=container\n";
    static const char bad[] = "VSOCK_CID=4294967295\n";
    assert_int_equal(mkdir(in_folder("machines"), 0700), 0);
    put("machines/vm1", vm, sizeof(vm) - 1);
    put("machines/unit:vm1", vm, sizeof(vm) - 1);
    put("machines/.#vm1", vm, sizeof(vm) - 1);
    put("machines/c", container, sizeof(container) - 1);
    put("machines/bad", bad, sizeof(bad) - 1);
}

static void test_files(void **state)
{
    struct seen seen = {0};
    struct seen nothing = {0};
    const struct name_visit visit = {note, NULL, &nothing};
    (void)state;
    put_files();
    ask(&seen);
    assert_string_equal(seen.text, "vm1=vsock:9:5000,\n");
    assert_int_equal(resolve_machined("/nowhere", "/nowhere", &visit), 0);
    assert_string_equal(nothing.text, "");
}

#define ANSWER(text) text, sizeof(text)

static void test_varlink(void **state)
{
    static const struct {
        const char *answer;
        size_t length;
        const char *wanted;
    } rows[] = {
        {ANSWER("{\"parameters\":{\"name\":\"a\",\"class\":\"vm\",\"vSockCid\":7},\"continues\":"
                "true}\0"
                "{\"parameters\":{\"name\":\"box\",\"class\":\"container\"},\"continues\":true}\0"
                "{\"parameters\":{\"vSockCid\":8,\"name\":\"b\"}}"),
         "a=vsock:7:5000,\nb=vsock:8:5000,\n"},
        {ANSWER("{\"parameters\":{\"name\":\"host\",\"vSockCid\":2},\"continues\":false}"), ""},
        {ANSWER("{\"parameters\":{\"name\":\"a\",\"vSockCid\":4294967295}}"), ""},
        {ANSWER("{\"parameters\":{\"name\":\"7\",\"vSockCid\":8}}"), "=vsock:8:5000,\n"},
        /* An older daemon, or nothing to list: the files decide. */
        {ANSWER("{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{}}"),
         "vm1=vsock:9:5000,\n"},
        {"{\"para", 6, "vm1=vsock:9:5000,\n"},
    };
    (void)state;
    put_files();
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t piece = 1; piece <= rows[i].length; piece += rows[i].length - 1) {
            struct seen seen = {0};
            int status = 0;
            pid_t pid = start_daemon(rows[i].answer, rows[i].length, piece);
            ask(&seen);
            assert_int_equal(waitpid(pid, &status, 0), pid);
            if (status != 0 || strcmp(seen.text, rows[i].wanted) != 0) {
                fail_msg("row %zu, piece %zu: status %d, \"%s\"", i, piece, status, seen.text);
            }
        }
    }
}

static void test_silent_daemon(void **state)
{
    struct seen seen = {0};
    (void)state;
    put_files();
    pid_t pid = start_daemon("", 0, 1);
    int64_t start = monotonic_ms();
    ask(&seen);
    const int64_t took_ms = monotonic_ms() - start;
    assert_true(took_ms >= 400 && took_ms <= 5000);
    assert_string_equal(seen.text, "vm1=vsock:9:5000,\n");
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_varlink, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_silent_daemon, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
