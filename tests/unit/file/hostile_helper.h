/* SPDX-License-Identifier: MIT */
/* Tests of peers that mean harm: a folder that must stay as it is, and the proof that it did. */
#ifndef TEST_HOSTILE_HELPER_H
#define TEST_HOSTILE_HELPER_H

#include "copy_helper.h"

/* dest is where a copy goes, outside is what must stay as it is. */
static inline int hostile_setup(void **state)
{
    if (scratch_setup(state) < 0) {
        return -1;
    }
    make_dir("dest", 0755);
    make_dir("outside", 0755);
    make_text("outside/file", "mine");
    return 0;
}

static inline int hostile_teardown(void **state)
{
    expect_text("outside/file", "mine");
    assert_int_equal(unlink("outside/file"), 0);
    assert_int_equal(rmdir("outside"), 0); /* nothing else was put there */
    assert_false(exists("x"));
    assert_int_equal(partials_left(), 0);
    return scratch_teardown(state);
}

#endif
