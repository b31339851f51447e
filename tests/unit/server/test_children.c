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

static struct {
    int calls;
    pid_t pid;
    int status;
    /* What is reported at the next look; pid 0 = nothing. */
    pid_t reported_pid, reported_successor;
    struct children *children;
} seen;

static void on_look(void *data)
{
    (void)data;
    if (seen.reported_pid) {
        children_succeed(seen.children, seen.reported_pid, seen.reported_successor, 1);
        seen.reported_pid = 0;
    }
}

static void on_ended(const struct child *child, int status, void *data)
{
    (void)data;
    seen.calls++;
    seen.pid = child->pid;
    seen.status = status;
}

static const struct children_events events = {.look = on_look, .ended = on_ended};

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

static void end_process(pid_t pid, int signo)
{
    (void)kill(pid, signo);
    wait_for_end(pid);
}

/* So many ends were told, the last one that of pid by the signal. */
static void expect_told(int calls, pid_t pid, int signo)
{
    assert_int_equal(seen.calls, calls);
    assert_int_equal(seen.pid, pid);
    assert_true(WIFSIGNALED(seen.status) && WTERMSIG(seen.status) == signo);
}

static void end_all(struct children *children)
{
    children_signal(children, SIGKILL);
    for (size_t i = 0; i < children->count; i++) {
        wait_for_end(children->items[i].pid);
    }
    children_reap(children, &events);
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
    children_reap(&children, &events);
    assert_int_equal(seen.calls, 0);
    assert_int_equal(children.count, 3);

    end_process(stranger, SIGKILL);
    end_process(refusal, SIGTERM);
    children_reap(&children, &events);
    expect_told(1, refusal, SIGTERM);
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
    children_reap(&children, &events);
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
    children_reap(&children, &events);
    assert_int_equal(seen.calls, MANY);
    assert_int_equal(children.count, 0);
    assert_true(children.capacity < MANY);
    /* And is as good as new. */
    (void)add(&children, &guest, false);
    assert_int_equal(children_sessions_of(&children, &guest), 1);
    end_all(&children);
}

struct pair {
    pid_t pid, successor;
};

/* A child, and a process for its place that nobody has reported yet. */
static struct pair add_pair(struct children *children)
{
    seen.calls = 0;
    pid_t pid = add(children, &host, false);
    return (struct pair){.pid = pid, .successor = start()};
}

/* One that ends takes its place's peer, limits and age along to its successor. */
static void test_succession(void **state)
{
    (void)state;
    struct children children = {0};
    pid_t before = add(&children, &guest, false);
    struct pair pair = add_pair(&children);
    pid_t after = add(&children, &user, false);

    assert_false(children_know(&children, pair.successor));
    children_succeed(&children, pair.pid, pair.successor, 7);
    assert_true(children_know(&children, pair.successor));
    children_reap(&children, &events);
    assert_int_equal(children.items[1].pid, pair.pid); /* not before its end */
    end_process(pair.pid, SIGKILL);
    end_process(before, SIGKILL);
    children_reap(&children, &events);
    assert_int_equal(seen.calls, 1); /* of the one before */
    assert_int_equal(seen.pid, before);
    assert_int_equal(children.count, 2);
    assert_int_equal(children.items[0].pid, pair.successor);
    assert_int_equal(children.items[0].generation, 7);
    assert_int_equal(children.items[1].pid, after);
    assert_int_equal(children_sessions_of(&children, &host), 1);

    end_process(pair.successor, SIGTERM);
    children_reap(&children, &events);
    expect_told(2, pair.successor, SIGTERM);
    end_all(&children);
}

/* A report of the last moment, found only because the table looks once more. */
static void test_reported_late(void **state)
{
    (void)state;
    struct children children = {0};
    pid_t first = add(&children, &guest, false);
    struct pair pair = add_pair(&children);

    end_process(first, SIGKILL);
    end_process(pair.pid, SIGKILL);
    seen.children = &children;
    seen.reported_pid = pair.pid;
    seen.reported_successor = pair.successor;
    children_reap(&children, &events);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(children.count, 1);
    assert_int_equal(children.items[0].pid, pair.successor);
    end_all(&children);
}

/* The session was over before the process that had asked for it. */
static void test_successor_ends_first(void **state)
{
    (void)state;
    struct children children = {0};
    struct pair pair = add_pair(&children);

    children_succeed(&children, pair.pid, pair.successor, 1);
    end_process(pair.successor, SIGUSR2);
    children_reap(&children, &events);
    assert_int_equal(seen.calls, 0);
    assert_int_equal(children.count, 1);
    end_process(pair.pid, SIGKILL);
    children_reap(&children, &events);
    expect_told(1, pair.successor, SIGUSR2);
    assert_int_equal(children.count, 0);
    children_done(&children);
}

/* Taken back: the child goes on by itself, and its own end counts. */
static void test_successor_withdrawn(void **state)
{
    (void)state;
    struct children children = {0};
    struct pair pair = add_pair(&children);

    children_succeed(&children, pair.pid, pair.successor, 1);
    children_succeed(&children, pair.pid, 0, 1);
    assert_false(children_know(&children, pair.successor));
    end_process(pair.pid, SIGTERM);
    children_reap(&children, &events);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(seen.pid, pair.pid);
    assert_int_equal(children.count, 0);
    end_process(pair.successor, SIGKILL);
    assert_int_equal(waitpid(pair.successor, NULL, 0), pair.successor);
    children_done(&children);
}

/* The signal that the predecessor got, or was about to get. */
static void test_signal_reaches_successor(void **state)
{
    (void)state;
    struct children children = {0};
    struct pair pair = add_pair(&children);

    children_succeed(&children, pair.pid, pair.successor, 1);
    children_signal(&children, SIGTERM);
    wait_for_end(pair.pid);
    children_reap(&children, &events);
    wait_for_end(pair.successor);
    children_reap(&children, &events);
    expect_told(1, pair.successor, SIGTERM);
    children_done(&children);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_by_peer),
        cmocka_unit_test(test_reaps_only_its_own),
        cmocka_unit_test(test_forgets_what_is_gone),
        cmocka_unit_test(test_grows_and_shrinks),
        cmocka_unit_test(test_succession),
        cmocka_unit_test(test_reported_late),
        cmocka_unit_test(test_successor_ends_first),
        cmocka_unit_test(test_successor_withdrawn),
        cmocka_unit_test(test_signal_reaches_successor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
