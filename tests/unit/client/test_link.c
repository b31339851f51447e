/* SPDX-License-Identifier: MIT */
/* The first and last moments of a connection, with a server that is a handful of bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vsock-shell/error.h>

#include "client/link.h"

#define READY   7
#define REFUSED 8
#define ENDED   9

struct world {
    struct loop *loop;
    int ours, theirs;
    struct vsh_queue *server;
    struct link link;
    int ended_with;
    uint32_t last_type;
    unsigned messages;
    bool may_take;
    char refusal[64];
};

static void on_ready(void *session)
{
    struct world *world = session;

    loop_stop(world->loop, READY);
}

static int on_message(void *session, const struct vsh_message *message)
{
    struct world *world = session;

    world->last_type = message->type;
    world->messages++;
    return message->type == VSH_V2_EXEC ? VSH_E_MALFORMED : 0;
}

static bool on_may_take(void *session)
{
    const struct world *world = session;

    return world->may_take;
}

static void on_moved(void *session)
{
    (void)session;
}

static void on_ended(void *session, int error)
{
    struct world *world = session;

    world->ended_with = error;
    loop_stop(world->loop, ENDED);
}

static void on_refused(void *session, const struct vsh_error_message *error)
{
    struct world *world = session;

    (void)strncpy(world->refusal, error->text, sizeof(world->refusal) - 1);
    loop_stop(world->loop, REFUSED);
}

static const struct link_ops ops = {
    .ready = on_ready,
    .message = on_message,
    .may_take = on_may_take,
    .moved = on_moved,
    .ended = on_ended,
    .refused = on_refused,
};

static void open_world(struct world *world, bool may_fall_back)
{
    int fds[2];

    *world = (struct world){.may_take = true};
    assert_int_equal(loop_new(&world->loop), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
    world->ours = fds[0];
    world->theirs = fds[1];
    assert_int_equal(vsh_queue_new(fds[1], fds[1], &world->server), 0);
    const struct link_options options = {
        .loop = world->loop,
        .fd = fds[0],
        .name = "test",
        .protocol = 2,
        .may_fall_back = may_fall_back,
        .answer_ms = 100,
        .ops = &ops,
        .session = world,
    };
    assert_int_equal(link_open(&world->link, &options), 0);
    link_update(&world->link);
}

static void close_world(struct world *world)
{
    link_close(&world->link);
    vsh_queue_free(world->server);
    if (world->theirs >= 0) {
        (void)close(world->theirs);
    }
    loop_free(world->loop);
}

static void send_hello(struct world *world, uint32_t max_payload)
{
    const struct vsh_hello hello = {.version = 2, .max_payload = max_payload, .software = "test 1"};

    assert_int_equal(vsh_put_hello(world->server, &hello), 0);
    assert_int_equal(vsh_queue_flush(world->server), 0);
}

static void test_hello_comes_first(void **state)
{
    struct world world;
    struct vsh_message message;
    struct vsh_hello hello;

    (void)state;
    open_world(&world, true);
    assert_true(vsh_queue_fill(world.server) > 0);
    assert_int_equal(vsh_queue_next(world.server, &message), 1);
    assert_int_equal(message.type, VSH_V2_HELLO);
    assert_int_equal(vsh_get_hello(&message, &hello), 0);
    assert_int_equal(hello.version, 2);
    assert_int_equal(vsh_queue_send_max(world.link.queue), VSH_V2_PAYLOAD_DEFAULT);
    send_hello(&world, 100000);
    assert_int_equal(loop_run(world.loop), READY);
    assert_int_equal(vsh_queue_send_max(world.link.queue), 100000);
    close_world(&world);
}

static void test_falls_back(void **state)
{
    (void)state;
    for (int may = 0; may <= 1; may++) {
        struct world world;

        /* The server closes. */
        open_world(&world, may == 1);
        (void)close(world.theirs);
        world.theirs = -1;
        assert_int_equal(loop_run(world.loop), may ? LINK_SPEAK_V1 : ENDED);
        close_world(&world);

        /* It answers in v1. */
        open_world(&world, may == 1);
        assert_int_equal(vsh_queue_put(world.server, VSH_V1_PTY_DATA, "x", 1), 0);
        assert_int_equal(vsh_queue_flush(world.server), 0);
        assert_int_equal(loop_run(world.loop), may ? LINK_SPEAK_V1 : ENDED);
        close_world(&world);

        /* It says nothing. */
        open_world(&world, may == 1);
        assert_int_equal(loop_run(world.loop), may ? LINK_SPEAK_V1 : ENDED);
        if (!may) {
            assert_int_equal(world.ended_with, -ETIMEDOUT);
        }
        close_world(&world);
    }
}

static void test_no_fall_back_after_garbage(void **state)
{
    struct world world;

    (void)state;
    open_world(&world, true);
    assert_int_equal(write(world.theirs, "SSH-2.0-other\r\n", 15), 15);
    assert_int_equal(loop_run(world.loop), ENDED);
    assert_int_equal(world.ended_with, VSH_E_MALFORMED);
    close_world(&world);
}

static void test_refusal(void **state)
{
    struct world world;

    (void)state;
    open_world(&world, true);
    assert_int_equal(vsh_put_error(world.server, VSH_ERROR_REFUSED, "not you"), 0);
    assert_int_equal(vsh_queue_flush(world.server), 0);
    assert_int_equal(loop_run(world.loop), REFUSED);
    assert_string_equal(world.refusal, "not you");
    close_world(&world);
}

static void test_ends_after_hello(void **state)
{
    static const struct {
        const char *bytes; /* of a frame cut short */
        size_t length;
        int error;
    } ends[] = {{"", 0, LINK_CLOSED}, {"\xbe\xba\xfe\xca\x23", 5, VSH_E_GONE}};

    (void)state;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct world world;

        open_world(&world, true);
        send_hello(&world, 32768);
        assert_int_equal(loop_run(world.loop), READY);
        assert_int_equal(write(world.theirs, ends[i].bytes, ends[i].length), ends[i].length);
        (void)shutdown(world.theirs, SHUT_WR);
        assert_int_equal(loop_run(world.loop), ENDED);
        assert_int_equal(world.ended_with, ends[i].error);
        close_world(&world);
    }
}

static void test_second_hello_and_wrong_message(void **state)
{
    struct world world;

    (void)state;
    open_world(&world, true);
    send_hello(&world, 32768);
    assert_int_equal(loop_run(world.loop), READY);
    send_hello(&world, 32768);
    assert_int_equal(loop_run(world.loop), ENDED);
    assert_int_equal(world.ended_with, VSH_E_MALFORMED);
    close_world(&world);

    open_world(&world, true);
    send_hello(&world, 32768);
    assert_int_equal(loop_run(world.loop), READY);
    assert_int_equal(vsh_queue_put(world.server, VSH_V2_EXEC, "", 0), 0);
    assert_int_equal(vsh_queue_flush(world.server), 0);
    assert_int_equal(loop_run(world.loop), ENDED);
    assert_int_equal(world.ended_with, VSH_E_MALFORMED);
    close_world(&world);
}

static void test_ping_is_answered(void **state)
{
    struct world world;
    struct vsh_message message;
    uint64_t token = 0;

    (void)state;
    open_world(&world, true);
    send_hello(&world, 32768);
    assert_int_equal(vsh_put_ping(world.server, VSH_V2_PING, 42), 0);
    assert_int_equal(vsh_queue_flush(world.server), 0);
    assert_int_equal(loop_run(world.loop), READY);
    /* HELLO and PING came in one read; an END makes the loop run once more if they did not. */
    link_update(&world.link);
    assert_true(vsh_queue_fill(world.server) > 0);
    assert_int_equal(vsh_queue_next(world.server, &message), 1);
    assert_int_equal(message.type, VSH_V2_HELLO);
    assert_int_equal(vsh_queue_next(world.server, &message), 1);
    assert_int_equal(message.type, VSH_V2_PONG);
    assert_int_equal(vsh_get_ping(&message, &token), 0);
    assert_int_equal(token, 42);
    close_world(&world);
}

/* A session that cannot take more gets the rest later, and nothing is lost. */
static void test_pause(void **state)
{
    struct world world;

    (void)state;
    open_world(&world, true);
    world.may_take = true;
    send_hello(&world, 32768);
    assert_int_equal(loop_run(world.loop), READY);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(vsh_put_end(world.server), 0);
    }
    assert_int_equal(vsh_queue_flush(world.server), 0);
    world.may_take = false;
    struct loop_timer stop = {0};
    loop_timer_set(world.loop, &stop, 50, on_ready, &world);
    assert_int_equal(loop_run(world.loop), READY);
    assert_int_equal(world.messages, 0);
    assert_true(world.link.paused);
    world.may_take = true;
    assert_true(link_resume(&world.link));
    assert_int_equal(world.messages, 3);
    assert_int_equal(world.last_type, VSH_V2_END);
    assert_false(link_resume(&world.link));
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hello_comes_first),
        cmocka_unit_test(test_falls_back),
        cmocka_unit_test(test_no_fall_back_after_garbage),
        cmocka_unit_test(test_refusal),
        cmocka_unit_test(test_ends_after_hello),
        cmocka_unit_test(test_second_hello_and_wrong_message),
        cmocka_unit_test(test_ping_is_answered),
        cmocka_unit_test(test_pause),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
