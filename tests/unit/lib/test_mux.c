/* SPDX-License-Identifier: MIT */
/*
 * Hybrid vsock: the parser of the answer, and connects to a multiplexer that answers in every way
 * it may and may not.
 */
#include <errno.h>
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

#include <vsock-shell/transport.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "lib/mux_reply.h"
#include "lib/transport.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void test_reply(void **state)
{
    static const struct {
        const char *line;
        int result; /* of the last byte; every one before gives 0 */
        uint32_t port;
    } rows[] = {
        {"OK 0\n", 1, 0},
        {"OK 5000\n", 1, 5000},
        {"OK 1073741824\n", 1, 1073741824u},
        {"OK 4294967295\n", 1, 4294967295u},
        {"OK 0000000001\n", 1, 1},
        {"OK 4294967296", -EBADMSG, 0},
        {"OK 9999999999", -EBADMSG, 0},
        {"OK 00000000001", -EBADMSG, 0},
        {"OK \n", -EBADMSG, 0},
        {"OK  ", -EBADMSG, 0},
        {"OK -", -EBADMSG, 0},
        {"OK 1 ", -EBADMSG, 0},
        {"OK 1\r", -EBADMSG, 0},
        {"OK\n", -EBADMSG, 0},
        {"o", -EBADMSG, 0},
        {"\n", -EBADMSG, 0},
        {"K", -EBADMSG, 0},
        {"S", -EBADMSG, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mux_reply reply = {0};
        int rc = 0;
        size_t at = 0;
        for (; rc == 0 && rows[i].line[at] != '\0'; at++) {
            rc = mux_reply_feed(&reply, (uint8_t)rows[i].line[at]);
        }
        if (rc != rows[i].result || rows[i].line[at] != '\0') {
            fail_msg("\"%s\" gave %d at %zu", rows[i].line, rc, at);
        }
        if (rc == 1) {
            assert_int_equal(reply.port, rows[i].port);
            assert_int_equal(reply.length, strlen(rows[i].line));
        }
    }
    /* A NUL is a byte like any other. */
    struct mux_reply reply = {0};
    assert_int_equal(mux_reply_feed(&reply, 0), -EBADMSG);
}

struct place {
    char folder[64];
    struct vsh_address address; /* mux:FOLDER/v, port 4294967294 */
    pid_t mux;
};

struct answer {
    const char *bytes; /* sent in one piece, or one by one with byte_ms between them */
    int byte_ms;
    bool stays; /* does not close behind it */
};

/* The multiplexer's life: one connection. Exit status 0 when the request was what it must be. */
static void be_a_mux(int listener, const struct answer *answer)
{
    static const char wanted[] = "CONNECT 4294967294\n";
    char line[64];
    struct pollfd entry = {.fd = listener, .events = POLLIN};
    (void)poll(&entry, 1, -1);
    int fd = accept(listener, NULL, NULL);
    (void)close(listener);
    entry.fd = fd;
    (void)poll(&entry, 1, -1);
    /* One read must give the whole line: some multiplexers do not wait for a second. */
    ssize_t got = recv(fd, line, sizeof(line), 0);
    if (got != sizeof(wanted) - 1 || memcmp(line, wanted, sizeof(wanted) - 1) != 0) {
        _exit(1);
    }
    size_t piece = answer->byte_ms > 0 ? 1 : strlen(answer->bytes);
    for (const char *at = answer->bytes; *at != '\0'; at += piece) {
        (void)poll(NULL, 0, answer->byte_ms);
        (void)send(fd, at, piece, MSG_NOSIGNAL);
    }
    while (answer->stays && recv(fd, line, sizeof(line), 0) > 0) {
    }
    _exit(0);
}

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    (void)snprintf(place->folder, sizeof(place->folder), "/tmp/vsh-mux-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    place->address.family = VSH_FAMILY_MUX;
    place->address.port = 4294967294u;
    (void)snprintf(place->address.path, sizeof(place->address.path), "%s/v", place->folder);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    char path[160];
    (void)unlink(place->address.path);
    (void)snprintf(path, sizeof(path), "%s_5000", place->address.path);
    (void)unlink(path);
    int rc = rmdir(place->folder);
    free(place);
    return rc;
}

static void start_mux(struct place *place, const struct answer *answer)
{
    cleanup_close int listener = -1;
    assert_int_equal(unix_listen(place->address.path, 4, &listener), 0);
    place->mux = fork();
    if (place->mux == 0) {
        be_a_mux(listener, answer);
    }
}

static void end_mux(const struct place *place)
{
    int status = -1;
    assert_int_equal(waitpid(place->mux, &status, 0), place->mux);
    assert_int_equal(status, 0);
}

static void test_connect(void **state)
{
    static const struct {
        struct answer answer;
        int timeout_ms; /* 0 = the default */
        int result;
        const char *rest; /* what must still be there to read */
    } rows[] = {
        {{"OK 1073741824\n", 0, true}, 0, 0, ""},
        {{"OK 4294967295\nSSH-2.0-x\r\n", 0, true}, 0, 0, "SSH-2.0-x\r\n"},
        {{"OK 7\nfirst bytes", 2, true}, 0, 0, "first bytes"},
        {{"OK 7\n\n", 0, false}, 0, 0, "\n"},
        {{"", 0, false}, 0, -ECONNRESET, NULL},
        {{"OK 7", 0, false}, 0, -ECONNRESET, NULL},
        {{"O", 0, true}, 100, -ETIMEDOUT, NULL},
        {{"", 0, true}, 100, -ETIMEDOUT, NULL},
        {{"SSH-2.0-OpenSSH\r\n", 0, true}, 0, -EBADMSG, NULL},
        {{"OK 42949672950\n", 0, true}, 0, -EBADMSG, NULL},
        {{"ERROR no such port\n", 0, false}, 0, -EBADMSG, NULL},
    };
    struct place *place = *state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct vsh_connect_options options = {.timeout_ms = rows[i].timeout_ms,
                                                    .cancel_fd = -1};
        int fd = -1;
        char bytes[32] = "";
        start_mux(place, &rows[i].answer);
        int rc = vsh_connect(&place->address, &options, &fd);
        if (rc != rows[i].result) {
            fail_msg("row %zu gave %d", i, rc);
        }
        if (rc == 0) {
            size_t length = strlen(rows[i].rest);
            assert_int_equal(fd_read_full(fd, bytes, length, monotonic_ms() + 5000), 0);
            assert_memory_equal(bytes, rows[i].rest, length);
            (void)close(fd);
        } else {
            assert_int_equal(fd, -1);
        }
        end_mux(place);
    }
}

static void test_cancel(void **state)
{
    static const struct answer silent = {"OK ", 0, true};
    struct place *place = *state;
    int cancel[2];
    int fd = -1;
    assert_int_equal(pipe(cancel), 0);
    assert_int_equal(write(cancel[1], "x", 1), 1);
    const struct vsh_connect_options options = {.timeout_ms = 3600 * 1000, .cancel_fd = cancel[0]};
    start_mux(place, &silent);
    assert_int_equal(vsh_connect(&place->address, &options, &fd), -ECANCELED);
    end_mux(place);
    (void)close(cancel[0]);
    (void)close(cancel[1]);
}

/* "Nobody listens yet" is what a wait is for; a thing that is no multiplexer is not. */
static void test_wait(void **state)
{
    static const struct answer refusal = {"", 0, false};
    static const struct answer wrong = {"no\n", 0, false};
    struct place *place = *state;
    const struct vsh_connect_options options = {.timeout_ms = 100, .wait_ms = 200, .cancel_fd = -1};
    int fd = -1;
    start_mux(place, &refusal);
    assert_int_equal(vsh_connect(&place->address, &options, &fd), -ECONNREFUSED);
    end_mux(place);
    const struct vsh_connect_options patient = {.wait_ms = 3600 * 1000, .cancel_fd = -1};
    start_mux(place, &wrong);
    assert_int_equal(vsh_connect(&place->address, &patient, &fd), -EBADMSG);
    end_mux(place);
}

/* A guest's stream is never the VMM's own user, for whom the credentials speak. */
static void test_listen(void **state)
{
    const struct place *place = *state;
    struct vsh_address address = place->address;
    struct vsh_address delivered = {.family = VSH_FAMILY_UNIX};
    cleanup_close int listener = -1;
    cleanup_close int vmm = -1;
    cleanup_close int server = -1;
    struct vsh_peer peer;
    address.port = 5000;
    assert_int_equal(vsh_listen(&address, 4, &listener), 0);
    (void)snprintf(delivered.path, sizeof(delivered.path), "%.90s_5000", address.path);
    assert_int_equal(vsh_connect(&delivered, NULL, &vmm), 0);
    assert_int_equal(vsh_accept(listener, &server, &peer), 0);
    assert_int_equal(peer.family, VSH_FAMILY_MUX);
    assert_int_equal(peer.pid, getpid());
    assert_int_equal(vsh_peer_get(server, &peer), 0);
    assert_int_equal(peer.family, VSH_FAMILY_MUX);
}

static void test_listen_refused(void **state)
{
    struct vsh_address address = {.family = VSH_FAMILY_MUX, .path = "@x", .port = 5000};
    int fd = -1;
    (void)state;
    assert_int_equal(vsh_listen(&address, 4, &fd), -EADDRNOTAVAIL);
    memset(address.path, 'x', VSH_PATH_MAX - 1);
    address.path[VSH_PATH_MAX - 1] = '\0';
    assert_int_equal(vsh_listen(&address, 4, &fd), -ENAMETOOLONG);
    address.path[0] = '/';
    assert_int_equal(vsh_listen(&address, 4, &fd), -ENAMETOOLONG);
}

static void test_listening_names(void **state)
{
    static const struct {
        const char *path;
        bool ours;
    } rows[] = {
        {"/run/./v_5000", true},
        {"/./v_1", true},
        {"././v_1", true},
        {"/run/v_5000", false},
        {"/run/./v", false},
        {"/run/./v_", false},
        {"/run/./v_x", false},
        {"/run/./v_5x", false},
        {"/run/./a_1/v", false},
        {"/run_1/./v", false},
        {"", false},
        {"v_1", false},
        {"/v_1", false},
        {"./v_1", false},
        {"/run/./a/v_1", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (mux_is_listening_name(rows[i].path) != rows[i].ours) {
            fail_msg("%s", rows[i].path);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reply),
        cmocka_unit_test_setup_teardown(test_connect, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancel, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_listen, set_up, tear_down),
        cmocka_unit_test(test_listen_refused),
        cmocka_unit_test(test_listening_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
