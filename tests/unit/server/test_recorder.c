/* SPDX-License-Identifier: MIT */
/* The recorder against a session that has been taken over, and the files that it makes. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/fd.h"
#include "base/wire.h"
#include "common/log.h"
#include "server/record_file.h"
#include "server/recorder.h"
#include "server/server.h"
#include "session/policy.h"
#include "session/record.h"
#include "session/record_message.h"

struct rig {
    char folder[64];
    struct server server;
    struct recorder recorder;
    struct record *record;
};

static const struct record_about about = {
    .terminal_fd = -1, .shell = "/bin/sh", .term = "dumb", .command = "id"};

static void make_folder(char folder[64])
{
    (void)strcpy(folder, "/tmp/vsh-recorder.XXXXXX");
    assert_non_null(mkdtemp(folder));
}

/* The files of a folder are removed; *ret_name, if wanted, is the last one's. Returns their number.
 */
static int clean(const char *folder, char *ret_text, size_t size)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    int count = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        char *text = NULL;
        size_t length = 0;
        char path[512];
        if (entry->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        assert_int_equal(fd_read_file(path, 1 << 20, &text, &length), 0);
        (void)snprintf(ret_text, size, "%s", text);
        free(text);
        assert_int_equal(unlink(path), 0);
        count++;
    }
    closedir(dir);
    assert_int_equal(rmdir(folder), 0);
    return count;
}

static void start(struct rig *rig)
{
    char error[512];

    *rig = (struct rig){0};
    make_folder(rig->folder);
    assert_int_equal(policy_new(&rig->server.policy), 0);
    rig->server.record_fd = record_folder_open(rig->folder, error, sizeof(error));
    assert_true(rig->server.record_fd >= 0);
    assert_int_equal(recorder_start(&rig->server, -1, "vsock:2:1023", &rig->recorder), 0);
    assert_int_equal(record_start(&rig->recorder, &about, &rig->record), 0);
    assert_int_equal(record_output(rig->record, (const uint8_t *)"before\xe2", 7), 0);
}

/* Waits for the recorder's end; its exit status. */
static int finish(struct rig *rig, char *text, size_t size)
{
    int status = 0;
    const pid_t pid = rig->recorder.pid;

    free(rig->record);
    rig->recorder.pid = 0;
    recorder_close(&rig->recorder);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    policy_free(rig->server.policy);
    assert_int_equal(clean(rig->folder, text, size), 1);
    return WEXITSTATUS(status);
}

static const struct {
    const char *name;
    const char *bytes;
    size_t length;
} attacks[] = {
#define ATTACK(name, bytes)                                                                        \
    {                                                                                              \
        name, bytes, sizeof(bytes) - 1                                                             \
    }
    ATTACK("nothing but a type", "\2\0\0\0"),
    ATTACK("a torn number", "\2\0\0\0\1\0\0"),
    ATTACK("no such type", "\x63\0\0\0\1\0\0\0x"),
    ATTACK("type 0", "\0\0\0\0\1\0\0\0x"),
    ATTACK("number 0", "\2\0\0\0\0\0\0\0x"),
    ATTACK("a recording that is none", "\2\0\0\0\x09\0\0\0x"),
    ATTACK("output of nothing", "\2\0\0\0\1\0\0\0"),
    ATTACK("a short size", "\3\0\0\0\1\0\0\0\1\0\1"),
    ATTACK("a long size", "\3\0\0\0\1\0\0\0\1\0\1\0\1"),
    ATTACK("an end with more", "\4\0\0\0\1\0\0\0x"),
    ATTACK("a number that is taken", "\1\0\0\0\1\0\0\0\x50\0\x18\0"),
    ATTACK("a start without a size", "\1\0\0\0\2\0\0\0\x50\0"),
    ATTACK("a torn field", "\1\0\0\0\2\0\0\0\x50\0\x18\0\1\0\5\0\0\0a"),
    ATTACK("a text without its end", "\1\0\0\0\2\0\0\0\x50\0\x18\0\1\0\1\0\0\0a"),
    ATTACK("field 0", "\1\0\0\0\2\0\0\0\x50\0\x18\0\0\0\1\0\0\0\0"),
    ATTACK("a field that is none", "\1\0\0\0\2\0\0\0\x50\0\x18\0\4\0\1\0\0\0\0"),
#undef ATTACK
};

static void expect_whole(const char *text)
{
    static const char head[] = "{\"version\": 2, \"width\": 80, \"height\": 24, \"timestamp\": ";
    const char *events = strchr(text, '\n');

    assert_memory_equal(text, head, sizeof(head) - 1);
    assert_non_null(strstr(text, " from vsock:2:1023\", \"command\": \"id\""));
    assert_non_null(events);
    assert_non_null(strstr(events, ", \"o\", \"before\"]\n["));
    assert_string_equal(text + strlen(text) - 5, "\xbf\xbd\"]\n");
}

static void test_attacks(void **state)
{
    char text[1024];

    (void)state;
    for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
        struct rig rig;
        start(&rig);
        ssize_t n = send(rig.recorder.fd, attacks[i].bytes, attacks[i].length, 0);
        assert_int_equal(n, attacks[i].length);
        int status = finish(&rig, text, sizeof(text));
        if (status != 1) {
            fail_msg("%s: status %d", attacks[i].name, status);
        }
        expect_whole(text);
    }
}

static void test_too_long_a_message(void **state)
{
    static const uint8_t bytes[RECORD_MESSAGE_MAX + 1] = {2, 0, 0, 0, 1, 0, 0, 0, 'x'};
    char text[1024];
    struct rig rig;

    (void)state;
    start(&rig);
    assert_int_equal(send(rig.recorder.fd, bytes, sizeof(bytes), 0), sizeof(bytes));
    assert_int_equal(finish(&rig, text, sizeof(text)), 1);
    expect_whole(text);
}

static void test_an_ordinary_end(void **state)
{
    char text[1024];
    struct rig rig;

    (void)state;
    start(&rig);
    assert_int_equal(finish(&rig, text, sizeof(text)), 0);
    expect_whole(text);
}

static void test_as_many_as_a_connection_has_channels(void **state)
{
    struct record *records[RECORDINGS_MAX] = {0};
    struct record *one_more = NULL;
    char text[1024];
    struct rig rig;

    (void)state;
    start(&rig);
    records[0] = rig.record;
    for (size_t i = 1; i < RECORDINGS_MAX; i++) {
        assert_int_equal(record_start(&rig.recorder, &about, &records[i]), 0);
    }
    assert_int_equal(record_start(&rig.recorder, &about, &one_more), -EMFILE);
    record_end(records[1]);
    assert_int_equal(record_start(&rig.recorder, &about, &records[1]), 0);
    for (size_t i = 0; i < RECORDINGS_MAX; i++) {
        record_end(records[i]);
    }
    recorder_close(&rig.recorder);
    policy_free(rig.server.policy);
    assert_int_equal(clean(rig.folder, text, sizeof(text)), RECORDINGS_MAX + 1);
}

static void test_not_without_terminals(void **state)
{
    static const enum policy_right rights[] = {POLICY_PTY, POLICY_EXEC};

    (void)state;
    for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
        struct server server = {.record_fd = STDIN_FILENO};
        struct recorder recorder;
        assert_int_equal(policy_new(&server.policy), 0);
        policy_remove_right(server.policy, rights[i]);
        assert_int_equal(recorder_start(&server, -1, "", &recorder), 0);
        assert_int_equal(recorder.fd, -1);
        policy_free(server.policy);
    }
}

/* Names come from an account database: none leads out of the folder or hides a file. */
static void test_names(void **state)
{
    const struct record_subject subject = {
        .peer = "unix:uid=0:pid=7", .user = "../a b/\n.$(x)", .pid = 42, .number = 1};
    struct record_file first = {.fd = -1}, second = {.fd = -1};
    char folder[64], error[512], text[1024];
    struct stat st;

    (void)state;
    make_folder(folder);
    int fd = record_folder_open(folder, error, sizeof(error));
    assert_true(fd >= 0);
    mode_t before = umask(0777);
    assert_int_equal(record_file_open(&first, fd, &subject), 0);
    (void)umask(0);
    assert_int_equal(record_file_open(&second, fd, &subject), 0);
    (void)umask(before);
    assert_non_null(strstr(first.name, "Z_unix.uid-0.pid-7_..-a-b--.--x-_42.cast"));
    assert_non_null(strstr(second.name, "_42_2.cast"));
    const struct record_file *files[] = {&first, &second};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(fstat(files[i]->fd, &st), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0600);
    }
    record_file_close(&first);
    record_file_discard(&second, fd);
    close(fd);
    assert_int_equal(clean(folder, text, sizeof(text)), 1);
}

static void test_no_room(void **state)
{
    const struct record_subject subject = {.peer = "stdio", .user = "me", .pid = 1, .number = 1};
    struct record_file file = {.fd = -1};
    char folder[64], error[512], text[1024];
    struct rlimit before, limit;

    (void)state;
    make_folder(folder);
    int fd = record_folder_open(folder, error, sizeof(error));
    assert_true(fd >= 0);
    assert_int_equal(record_file_open(&file, fd, &subject), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = (struct rlimit){.rlim_cur = 10, .rlim_max = before.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int first = record_file_write(&file, "12345\n", 6);
    int second = record_file_write(&file, "67890\n", 6);
    int third = record_file_write(&file, "7\n", 2);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(first, 0);
    assert_int_equal(second, -EFBIG);
    assert_int_equal(third, 0);
    record_file_close(&file);
    close(fd);
    assert_int_equal(clean(folder, text, sizeof(text)), 1);
    assert_string_equal(text, "12345\n7\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attacks),
        cmocka_unit_test(test_too_long_a_message),
        cmocka_unit_test(test_an_ordinary_end),
        cmocka_unit_test(test_as_many_as_a_connection_has_channels),
        cmocka_unit_test(test_not_without_terminals),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_no_room),
    };

    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
