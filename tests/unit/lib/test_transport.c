/* SPDX-License-Identifier: MIT */
/* Unix sockets through the public calls: connect, listen, accept, peers, waiting, giving up. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <vsock-shell/transport.h>

#include "base/cleanup.h"
#include "base/fd.h"

struct place {
    char folder[64];
    struct vsh_address address; /* unix:FOLDER/s */
};

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    (void)snprintf(place->folder, sizeof(place->folder), "/tmp/vsh-transport-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    place->address.family = VSH_FAMILY_UNIX;
    (void)snprintf(place->address.path, sizeof(place->address.path), "%s/s", place->folder);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    (void)unlink(place->address.path);
    int rc = rmdir(place->folder);
    free(place);
    return rc;
}

static void expect_ours(int fd)
{
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
}

/* Connects to address, accepts, and checks both ends and the peers that each side sees. */
static void check_round(const struct vsh_address *address)
{
    cleanup_close int listener = -1;
    cleanup_close int client = -1;
    cleanup_close int server = -1;
    struct vsh_peer peer;
    char text[VSH_PEER_MAX];
    char wanted[VSH_PEER_MAX];
    char bytes[5];
    assert_int_equal(vsh_listen(address, 4, &listener), 0);
    expect_ours(listener);
    assert_int_equal(vsh_accept(listener, &server, &peer), -EAGAIN);
    assert_int_equal(vsh_connect(address, NULL, &client), 0);
    expect_ours(client);
    assert_int_equal(vsh_accept(listener, &server, &peer), 0);
    expect_ours(server);
    assert_int_equal(peer.family, VSH_FAMILY_UNIX);
    assert_int_equal(peer.uid, geteuid());
    assert_int_equal(peer.gid, getegid());
    assert_int_equal(peer.pid, getpid());
    (void)snprintf(wanted, sizeof(wanted), "unix:uid=%d:pid=%d", (int)geteuid(), (int)getpid());
    assert_string_equal(vsh_peer_format(&peer, text, sizeof(text)), wanted);
    assert_int_equal(vsh_peer_get(client, &peer), 0);
    assert_int_equal(peer.pid, getpid());
    assert_int_equal(fd_write_full(client, "hello", 5, monotonic_ms() + 5000), 0);
    assert_int_equal(fd_read_full(server, bytes, 5, monotonic_ms() + 5000), 0);
    assert_memory_equal(bytes, "hello", 5);
}

static void test_socket_file(void **state)
{
    const struct place *place = *state;
    check_round(&place->address);
    /* The listener has gone and its file has stayed: the next one takes its place. */
    assert_int_equal(access(place->address.path, F_OK), 0);
    check_round(&place->address);
}

static void test_abstract(void **state)
{
    struct vsh_address address = {.family = VSH_FAMILY_UNIX};
    const struct place *place = *state;
    (void)snprintf(address.path, sizeof(address.path), "@%s", place->folder);
    check_round(&address);
    check_round(&address);
    /* The longest name, with no room for a NUL. */
    memset(address.path + 1, 'x', VSH_PATH_MAX - 2);
    address.path[VSH_PATH_MAX - 1] = '\0';
    check_round(&address);
}

static void test_longest_path(void **state)
{
    const struct place *place = *state;
    struct vsh_address address = place->address;
    size_t length = strlen(place->folder) + 1;
    memset(address.path + length, 'x', VSH_PATH_MAX - 1 - length);
    address.path[VSH_PATH_MAX - 1] = '\0';
    check_round(&address);
    assert_int_equal(unlink(address.path), 0);
}

static void test_mode_follows_umask(void **state)
{
    static const mode_t masks[][2] = {{0, 0666}, {022, 0644}, {077, 0600}, {0117, 0660}};
    const struct place *place = *state;
    for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
        cleanup_close int listener = -1;
        struct stat st;
        mode_t before = umask(masks[i][0]);
        assert_int_equal(vsh_listen(&place->address, 4, &listener), 0);
        (void)umask(before);
        assert_int_equal(stat(place->address.path, &st), 0);
        assert_int_equal(st.st_mode & 07777, masks[i][1]);
        (void)unlink(place->address.path);
    }
}

static void test_live_server_and_plain_file_stay(void **state)
{
    const struct place *place = *state;
    cleanup_close int listener = -1;
    cleanup_close int second = -1;
    cleanup_close int client = -1;
    assert_int_equal(vsh_listen(&place->address, 4, &listener), 0);
    assert_int_equal(vsh_listen(&place->address, 4, &second), -EADDRINUSE);
    assert_int_equal(second, -1);
    assert_int_equal(vsh_connect(&place->address, NULL, &client), 0);
    assert_int_equal(unlink(place->address.path), 0);
    cleanup_close int file = open(place->address.path, O_CREAT | O_WRONLY, 0600);
    assert_true(file >= 0);
    assert_int_equal(vsh_listen(&place->address, 4, &second), -EADDRINUSE);
    assert_int_equal(vsh_connect(&place->address, NULL, &second), -ECONNREFUSED);
    assert_int_equal(access(place->address.path, F_OK), 0);
}

static void test_failures(void **state)
{
    const struct place *place = *state;
    struct vsh_address address = place->address;
    int fd = 4711;
    assert_int_equal(vsh_connect(&address, NULL, &fd), -ENOENT);
    (void)snprintf(address.path, sizeof(address.path), "/dev/null/x");
    assert_int_equal(vsh_connect(&address, NULL, &fd), -ENOTDIR);
    assert_int_equal(vsh_listen(&address, 4, &fd), -ENOTDIR);
    (void)snprintf(address.path, sizeof(address.path), "%s/no/x", place->folder);
    assert_int_equal(vsh_listen(&address, 4, &fd), -ENOENT);
    address.family = VSH_FAMILY_NONE;
    assert_int_equal(vsh_connect(&address, NULL, &fd), -EINVAL);
    assert_int_equal(vsh_listen(&address, 4, &fd), -EINVAL);
    assert_int_equal(fd, 4711);
    struct vsh_peer peer;
    assert_int_equal(vsh_accept(0, &fd, &peer) < 0, 1);
}

/* Fills the backlog of a server that never accepts; the descriptors stay open in fds. */
static size_t fill_backlog(const struct vsh_address *address, int *fds, size_t max)
{
    const struct vsh_connect_options options = {.timeout_ms = 50, .cancel_fd = -1};
    size_t count = 0;
    while (count < max && vsh_connect(address, &options, &fds[count]) == 0) {
        count++;
    }
    return count;
}

static void test_full_backlog(void **state)
{
    const struct place *place = *state;
    cleanup_close int listener = -1;
    int fds[8];
    int fd = -1;
    assert_int_equal(vsh_listen(&place->address, 1, &listener), 0);
    size_t count = fill_backlog(&place->address, fds, 8);
    assert_true(count >= 1 && count <= 7);

    const struct vsh_connect_options options = {.timeout_ms = 60, .cancel_fd = -1};
    int64_t before = monotonic_ms();
    assert_int_equal(vsh_connect(&place->address, &options, &fd), -EAGAIN);
    assert_true(monotonic_ms() - before >= 40);

    /* Room appears while we wait. */
    pid_t child = fork();
    if (child == 0) {
        struct vsh_peer peer;
        (void)poll(NULL, 0, 100);
        _exit(vsh_accept(listener, &fd, &peer) == 0 ? 0 : 1);
    }
    assert_int_equal(vsh_connect(&place->address, NULL, &fd), 0);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    (void)close(fd);
    for (size_t i = 0; i < count; i++) {
        (void)close(fds[i]);
    }
}

static void test_wait_until_it_listens(void **state)
{
    const struct place *place = *state;
    const struct vsh_connect_options options = {.wait_ms = 20000, .cancel_fd = -1};
    int gate[2];
    int fd = -1;
    assert_int_equal(pipe(gate), 0);
    pid_t child = fork();
    if (child == 0) {
        int listener = -1;
        char byte;
        (void)close(gate[1]);
        (void)poll(NULL, 0, 150);
        int rc = vsh_listen(&place->address, 4, &listener);
        /* Stays until the parent has seen its connection and closes the gate. */
        _exit(rc == 0 && read(gate[0], &byte, 1) == 0 ? 0 : 1);
    }
    assert_int_equal(vsh_connect(&place->address, &options, &fd), 0);
    (void)close(gate[0]);
    (void)close(gate[1]);
    (void)close(fd);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_wait_ends(void **state)
{
    const struct place *place = *state;
    struct vsh_connect_options options = {.timeout_ms = 100, .wait_ms = 300, .cancel_fd = -1};
    int fd = -1;
    int64_t before = monotonic_ms();
    assert_int_equal(vsh_connect(&place->address, &options, &fd), -ENOENT);
    /* Tries with pauses of 50 and 100 ms at the least before the one that would pass the end. */
    assert_true(monotonic_ms() - before >= 150);

    /* What time does not cure is not waited for: the pause alone would be 50 ms. */
    struct vsh_address address = place->address;
    (void)snprintf(address.path, sizeof(address.path), "/dev/null/x");
    options.wait_ms = 3600 * 1000;
    assert_int_equal(vsh_connect(&address, &options, &fd), -ENOTDIR);
}

static void test_cancel(void **state)
{
    const struct place *place = *state;
    int cancel[2];
    int fds[8];
    int fd = -1;
    assert_int_equal(pipe(cancel), 0);
    const struct vsh_connect_options options = {
        .timeout_ms = 3600 * 1000, .wait_ms = 3600 * 1000, .cancel_fd = cancel[0]};
    const struct vsh_connect_options once = {.timeout_ms = 3600 * 1000, .cancel_fd = cancel[0]};
    assert_int_equal(write(cancel[1], "x", 1), 1);
    assert_int_equal(vsh_connect(&place->address, &options, &fd), -ECANCELED);

    cleanup_close int listener = -1;
    assert_int_equal(vsh_listen(&place->address, 1, &listener), 0);
    size_t count = fill_backlog(&place->address, fds, 8);
    assert_true(count >= 1 && count <= 7);
    assert_int_equal(vsh_connect(&place->address, &once, &fd), -ECANCELED);
    for (size_t i = 0; i < count; i++) {
        (void)close(fds[i]);
    }
    (void)close(cancel[0]);
    (void)close(cancel[1]);
}

static void test_peers(void **state)
{
    static const struct {
        struct vsh_peer peer;
        const char *text;
    } rows[] = {
        {{.family = VSH_FAMILY_VSOCK, .cid = 2, .port = 1023}, "vsock:2:1023"},
        {{.family = VSH_FAMILY_VSOCK, .cid = UINT32_MAX, .port = UINT32_MAX},
         "vsock:4294967295:4294967295"},
        {{.family = VSH_FAMILY_UNIX, .uid = 1000, .pid = 77}, "unix:uid=1000:pid=77"},
        {{.family = VSH_FAMILY_UNIX, .uid = (uid_t)-1}, "unix:uid=-1:pid=0"},
        {{.family = VSH_FAMILY_MUX, .uid = 0, .pid = 1}, "mux:uid=0:pid=1"},
        {{.family = VSH_FAMILY_NONE}, "stdio"},
    };
    char text[VSH_PEER_MAX];
    struct vsh_peer peer;
    int fds[2];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(vsh_peer_format(&rows[i].peer, text, sizeof(text)), rows[i].text);
    }
    assert_string_equal(vsh_peer_format(&rows[0].peer, text, 6), "vsock");

    assert_int_equal(pipe(fds), 0);
    assert_int_equal(vsh_peer_get(fds[0], &peer), 0);
    assert_int_equal(peer.family, VSH_FAMILY_NONE);
    assert_int_equal(peer.uid, (uid_t)-1);
    (void)close(fds[0]);
    (void)close(fds[1]);
    assert_int_equal(vsh_peer_get(fds[0], &peer), -EBADF);

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(vsh_peer_get(fds[0], &peer), 0);
    assert_int_equal(peer.family, VSH_FAMILY_UNIX);
    assert_int_equal(peer.uid, geteuid());
    (void)close(fds[0]);
    (void)close(fds[1]);

    int lonely = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(vsh_peer_get(lonely, &peer), -ENOTCONN);
    (void)close(lonely);
}

static void test_buffers(void **state)
{
    const struct place *place = *state;
    cleanup_close int listener = -1;
    cleanup_close int client = -1;
    cleanup_close int server = -1;
    struct vsh_peer peer;
    uint64_t plain = 0;
    uint64_t ours = 0;
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(vsh_buffer_size(fds[0], &plain), 0);
    (void)close(fds[0]);
    (void)close(fds[1]);
    assert_int_equal(vsh_listen(&place->address, 4, &listener), 0);
    assert_int_equal(vsh_connect(&place->address, NULL, &client), 0);
    assert_int_equal(vsh_accept(listener, &server, &peer), 0);
    /* How much more depends on the machine's limit and on being root. */
    assert_int_equal(vsh_buffer_size(client, &ours), 0);
    assert_true(ours > plain);
    assert_int_equal(vsh_buffer_size(server, &ours), 0);
    assert_true(ours > plain);
    assert_int_equal(vsh_buffer_size(-1, &ours), -EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_socket_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_abstract, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_longest_path, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_mode_follows_umask, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_live_server_and_plain_file_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failures, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_full_backlog, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wait_until_it_listens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wait_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancel, set_up, tear_down),
        cmocka_unit_test(test_peers),
        cmocka_unit_test_setup_teardown(test_buffers, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
