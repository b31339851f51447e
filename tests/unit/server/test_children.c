/* SPDX-License-Identifier: MIT */
/* The table of connection processes, with processes that do nothing but end when told. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "server/children.h"

#define MANY 200

static const struct vsh_peer host = {.family = VSH_FAMILY_VSOCK, .cid = 2, .port = 1};
static const struct vsh_peer host_other_port = {.family = VSH_FAMILY_VSOCK, .cid = 2, .port = 9};
static const struct vsh_peer guest = {.family = VSH_FAMILY_VSOCK, .cid = 7, .port = 1};
static const struct vsh_peer root = {.family = VSH_FAMILY_UNIX, .pid = 10, .uid = 0};
static const struct vsh_peer root_other_pid = {.family = VSH_FAMILY_UNIX, .pid = 11, .uid = 0};
static const struct vsh_peer user = {.family = VSH_FAMILY_UNIX, .pid = 12, .uid = 1000};
static const struct vsh_peer mux = {.family = VSH_FAMILY_MUX, .pid = 13, .uid = 1000};

/* The callback takes no data: what it saw has to be the file's. */
static struct {
    int calls;
    pid_t pid;
    int status;
} seen;

static void on_ended(const struct child *child, int status)
{
    seen.calls++;
    seen.pid = child->pid;
    seen.status = status;
}

static pid_t start(void)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
        for (;;) {
            (void)pause();
        }
    }
    return pid;
}

static pid_t add(struct children *children, const struct vsh_peer *peer, bool refusal)
{
    pid_t pid = start();
    assert_int_equal(children_reserve(children), 0);
    children_add(children, &(struct child){.pid = pid, .refusal = refusal, .peer = *peer});
    return pid;
}

/* Waits until the process has ended, and leaves it to be reaped. */
static void wait_for_end(pid_t pid)
{
    siginfo_t info;
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0) {
        assert_int_equal(errno, EINTR);
    }
}

static void end_all(struct children *children)
{
    children_signal(children, SIGKILL);
    for (size_t i = 0; i < children->count; i++) {
        wait_for_end(children->items[i].pid);
    }
    children_reap(children, on_ended);
    assert_int_equal(children->count, 0);
    assert_int_equal(children->refusals, 0);
    children_done(children);
}

static void test_counts_by_peer(void **state)
{
    (void)state;
    struct children children = {0};
    const struct vsh_peer *const peers[] = {
        &host, &host_other_port, &guest, &root, &root_other_pid, &user, &mux};
    for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
        (void)add(&children, peers[i], false);
    }
    (void)add(&children, &host, true); /* a refusal is no session */

    assert_int_equal(children_sessions(&children), 7);
    assert_int_equal(children.refusals, 1);
    assert_int_equal(children_sessions_of(&children, &host), 2);
    assert_int_equal(children_sessions_of(&children, &guest), 1);
    assert_int_equal(children_sessions_of(&children, &root), 2);
    assert_int_equal(children_sessions_of(&children, &user), 1);
    assert_int_equal(children_sessions_of(&children, &mux), 1);
    const struct vsh_peer stranger = {.family = VSH_FAMILY_VSOCK, .cid = 99};
    assert_int_equal(children_sessions_of(&children, &stranger), 0);
    end_all(&children);
}

static void test_reaps_only_its_own(void **state)
{
    (void)state;
    struct children children = {0};
    pid_t stranger = start();
    pid_t first = add(&children, &host, false);
    pid_t refusal = add(&children, &guest, true);
    pid_t last = add(&children, &user, false);

    seen.calls = 0;
    children_reap(&children, on_ended);
    assert_int_equal(seen.calls, 0);
    assert_int_equal(children.count, 3);

    (void)kill(stranger, SIGKILL);
    wait_for_end(stranger);
    (void)kill(refusal, SIGTERM);
    wait_for_end(refusal);
    children_reap(&children, on_ended);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(seen.pid, refusal);
    assert_true(WIFSIGNALED(seen.status) && WTERMSIG(seen.status) == SIGTERM);
    assert_int_equal(children_sessions(&children), 2);
    assert_int_equal(children.refusals, 0);
    /* The others are still known, in order. */
    assert_int_equal(children.items[0].pid, first);
    assert_int_equal(children.items[1].pid, last);
    /* Somebody else's status has not been taken. */
    assert_int_equal(waitpid(stranger, NULL, 0), stranger);
    end_all(&children);
}

/* A child whose status another waiter took must not be counted for ever. */
static void test_forgets_what_is_gone(void **state)
{
    (void)state;
    struct children children = {0};
    pid_t pid = add(&children, &host, false);
    (void)kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);

    seen.calls = 0;
    children_reap(&children, on_ended);
    assert_int_equal(seen.calls, 0);
    assert_int_equal(children_sessions(&children), 0);
    children_done(&children);
}

static void test_grows_and_shrinks(void **state)
{
    (void)state;
    struct children children = {0};
    for (int i = 0; i < MANY; i++) {
        (void)add(&children, &host, false);
    }
    assert_int_equal(children_sessions_of(&children, &host), MANY);
    assert_true(children.capacity >= MANY);

    seen.calls = 0;
    children_signal(&children, SIGTERM);
    for (size_t i = 0; i < children.count; i++) {
        wait_for_end(children.items[i].pid);
    }
    children_reap(&children, on_ended);
    assert_int_equal(seen.calls, MANY);
    assert_int_equal(children.count, 0);
    assert_true(children.capacity < MANY);
    /* And is as good as new. */
    (void)add(&children, &guest, false);
    assert_int_equal(children_sessions_of(&children, &guest), 1);
    end_all(&children);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_by_peer),
        cmocka_unit_test(test_reaps_only_its_own),
        cmocka_unit_test(test_forgets_what_is_gone),
        cmocka_unit_test(test_grows_and_shrinks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
