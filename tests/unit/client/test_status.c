/* SPDX-License-Identifier: MIT */
/* Remote results as exit statuses: the signal's name decides, not the other system's number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>

#include <vsock-shell/message.h>

#include "client/status.h"

static const struct {
    struct vsh_exit result;
    int status;
} cases[] = {
    {{.code = 0, .signal = ""}, 0},
    {{.code = 7, .signal = ""}, 7},
    {{.code = 255, .signal = ""}, 255},
    {{.signalled = true, .code = 9, .signal = "KILL"}, 137},
    {{.signalled = true, .code = 30, .signal = "USR1"}, 128 + SIGUSR1},
    {{.signalled = true, .code = 29, .signal = "STRANGE"}, 157},
};

static void test_statuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(status_of_exit(&cases[i].result), cases[i].status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
