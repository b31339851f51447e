/* SPDX-License-Identifier: MIT */
/* Deadlines of the poll loop: order, changes from inside callbacks, fairness. */
#include "loop_world.h"

static void on_timer(void *data)
{
    note(*(const char *)data);
}

static void on_timer_cross(void *data)
{
    (void)data;
    note('x');
    loop_timer_clear(w.loop, &w.timers[1]);
}

static void test_timers_in_order(void **state)
{
    (void)state;
    loop_timer_set(w.loop, &w.timers[0], 30, on_timer, (void *)(uintptr_t) "3");
    loop_timer_set(w.loop, &w.timers[1], 10, on_timer, (void *)(uintptr_t) "1");
    loop_timer_set(w.loop, &w.timers[2], 20, on_timer, (void *)(uintptr_t) "2");
    loop_timer_set(w.loop, &w.timers[3], -5, on_timer, (void *)(uintptr_t) "0");
    run_for(60);
    assert_string_equal(w.trace, "0123");
    assert_true(w.timers[0].deadline_ms == 0);
}

static void test_timers_move_and_clear(void **state)
{
    (void)state;
    loop_timer_set(w.loop, &w.timers[0], 10, on_timer, (void *)(uintptr_t) "a");
    loop_timer_set(w.loop, &w.timers[1], 10, on_timer, (void *)(uintptr_t) "b");
    loop_timer_set(w.loop, &w.timers[2], 10, on_timer, (void *)(uintptr_t) "c");
    loop_timer_set(w.loop, &w.timers[0], 30, on_timer, (void *)(uintptr_t) "A");
    loop_timer_clear(w.loop, &w.timers[1]);
    loop_timer_clear(w.loop, &w.timers[1]);
    loop_timer_clear(w.loop, &w.timers[3]);
    run_for(60);
    assert_string_equal(w.trace, "cA");
}

/* Both are due in the same round; the first takes the second away. */
static void test_timer_clears_another_that_is_due(void **state)
{
    (void)state;
    loop_timer_set(w.loop, &w.timers[0], 0, on_timer_cross, NULL);
    loop_timer_set(w.loop, &w.timers[1], 0, on_timer, (void *)(uintptr_t) "!");
    loop_timer_set(w.loop, &w.timers[2], 0, on_timer, (void *)(uintptr_t) "z");
    poll(NULL, 0, 3);
    run_for(20);
    assert_string_equal(w.trace, "xz");
}

static void on_timer_again(void *data)
{
    (void)data;
    if (++w.fires < 1000) {
        loop_timer_set(w.loop, &w.timers[0], 0, on_timer_again, NULL);
    }
}

/* A timer that sets itself at once does not starve descriptors. */
static void test_timer_again_lets_others_run(void **state)
{
    (void)state;
    assert_int_equal(loop_watch(w.loop, w.pipes[0][0], POLLIN, on_read, (void *)(uintptr_t) "r"),
                     0);
    assert_int_equal(write(w.pipes[0][1], "x", 1), 1);
    loop_timer_set(w.loop, &w.timers[0], 0, on_timer_again, NULL);
    loop_timer_set(w.loop, &w.timers[1], 0, on_stop_timer, NULL);
    poll(NULL, 0, 3);
    assert_int_equal(loop_run(w.loop), 0);
    assert_string_equal(w.trace, "r");
    assert_int_equal(w.fires, 1);
}

/* Stopped between two due timers: the second is still set, and fires in the next run. */
static void test_stop_keeps_due_timers(void **state)
{
    (void)state;
    loop_timer_set(w.loop, &w.timers[0], 0, on_stop_timer, NULL);
    loop_timer_set(w.loop, &w.timers[1], 0, on_timer, (void *)(uintptr_t) "k");
    poll(NULL, 0, 3);
    assert_int_equal(loop_run(w.loop), 0);
    assert_string_equal(w.trace, "");
    assert_true(w.timers[1].deadline_ms != 0);
    run_for(20);
    assert_string_equal(w.trace, "k");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_timers_in_order),
        TEST(test_timers_move_and_clear),
        TEST(test_timer_clears_another_that_is_due),
        TEST(test_timer_again_lets_others_run),
        TEST(test_stop_keeps_due_timers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
