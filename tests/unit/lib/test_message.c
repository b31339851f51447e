/* SPDX-License-Identifier: MIT */
/* Each message comes back as it was put; what the wire cannot carry is refused before it is sent.
 */
#include "message_helper.h"

static void hello_round_trip(void **state)
{
    (void)state;
    struct echo echo;
    struct vsh_hello got;
    struct vsh_hello hello = {
        .version = 2, .features = 0xa5a50003u, .max_payload = 262208, .software = "unit 1"};

    echo_open(&echo);
    assert_int_equal(vsh_put_hello(echo.queue, &hello), 0);
    struct vsh_message message = echo_message(&echo, VSH_V2_HELLO);
    assert_int_equal(vsh_get_hello(&message, &got), 0);
    assert_int_equal(got.version, 2);
    assert_int_equal(got.features, 0xa5a50003u);
    assert_int_equal(got.max_payload, 262208);
    assert_string_equal(got.software, "unit 1");
    echo_close(&echo);
}

static void hello_cuts_a_long_software_text(void **state)
{
    (void)state;
    struct echo echo;
    struct vsh_hello got;
    char text[400];
    struct vsh_hello hello = {.version = 2, .max_payload = 32768, .software = text};

    /* Two-byte characters: the cut must not leave half of one. */
    for (size_t i = 0; i + 2 < sizeof(text); i += 2) {
        memcpy(text + i, "\xc3\xa4", 2);
    }
    text[398] = text[399] = '\0';
    echo_open(&echo);
    assert_int_equal(vsh_put_hello(echo.queue, &hello), 0);
    struct vsh_message message = echo_message(&echo, VSH_V2_HELLO);
    assert_int_equal(vsh_get_hello(&message, &got), 0);
    assert_int_equal(strlen(got.software), 126);
    echo_close(&echo);
}

static void exec_round_trip(void **state)
{
    (void)state;
    struct echo echo;
    static struct vsh_exec got; /* 10 KiB */
    static struct vsh_exec exec = {
        .pty = true,
        .size = {.rows = 50, .columns = 132, .x_pixels = 7, .y_pixels = 65535},
        .term = "xterm-256color",
        .user = "ada",
        .cwd = "/srv/with blank\n",
        .argc = 3,
        .argv = {"printf", "%s", ""},
        .envc = 2,
        .env = {"A=1", "B="},
    };

    echo_open(&echo);
    assert_int_equal(vsh_put_exec(echo.queue, &exec), 0);
    struct vsh_message message = echo_message(&echo, VSH_V2_EXEC);
    assert_int_equal(message.length, vsh_exec_size(&exec));
    assert_int_equal(vsh_get_exec(&message, &got), 0);
    assert_true(got.pty);
    assert_memory_equal(&got.size, &exec.size, sizeof(got.size));
    assert_string_equal(got.term, exec.term);
    assert_string_equal(got.user, exec.user);
    assert_string_equal(got.cwd, exec.cwd);
    assert_null(got.command);
    assert_int_equal(got.argc, 3);
    assert_string_equal(got.argv[1], "%s");
    assert_string_equal(got.argv[2], "");
    assert_null(got.argv[3]);
    assert_int_equal(got.envc, 2);
    assert_string_equal(got.env[1], "B=");
    assert_null(got.env[2]);
    echo_close(&echo);
}

static void exec_of_nothing_is_a_login_shell(void **state)
{
    (void)state;
    struct echo echo;
    static struct vsh_exec got;
    static struct vsh_exec exec;

    echo_open(&echo);
    assert_int_equal(vsh_exec_size(&exec), 0);
    assert_int_equal(vsh_put_exec(echo.queue, &exec), 0);
    struct vsh_message message = echo_message(&echo, VSH_V2_EXEC);
    assert_int_equal(vsh_get_exec(&message, &got), 0);
    assert_false(got.pty);
    assert_null(got.command);
    assert_int_equal(got.argc, 0);
    assert_string_equal(got.term, "");
    assert_string_equal(got.user, "");
    assert_string_equal(got.cwd, "");
    echo_close(&echo);
}

static void exec_refuses_what_cannot_be_run(void **state)
{
    (void)state;
    struct echo echo;
    static struct vsh_exec exec;
    char *big = malloc(40000);

    echo_open(&echo);
    exec.command = "true";
    exec.argc = 1;
    exec.argv[0] = "true";
    assert_int_equal(vsh_put_exec(echo.queue, &exec), -EINVAL);
    exec.argc = VSH_EXEC_ARGS_MAX + 1;
    exec.command = NULL;
    assert_int_equal(vsh_put_exec(echo.queue, &exec), -EINVAL);
    exec = (struct vsh_exec){.envc = 1, .env = {"NOEQUALS"}};
    assert_int_equal(vsh_put_exec(echo.queue, &exec), -EINVAL);
    exec.env[0] = "=value";
    assert_int_equal(vsh_put_exec(echo.queue, &exec), -EINVAL);

    assert_non_null(big);
    memset(big, 'x', 39999);
    big[39999] = '\0';
    exec = (struct vsh_exec){.command = big};
    assert_int_equal(vsh_exec_size(&exec), 40006);
    assert_int_equal(vsh_put_exec(echo.queue, &exec), VSH_E_TOO_BIG);
    assert_int_equal(vsh_queue_pending(echo.queue), 0);
    free(big);
    echo_close(&echo);
}

static void exec_carries_the_limits(void **state)
{
    (void)state;
    struct echo echo;
    static struct vsh_exec got;
    static struct vsh_exec exec = {.argc = VSH_EXEC_ARGS_MAX, .envc = VSH_EXEC_ENV_MAX};

    for (size_t i = 0; i < VSH_EXEC_ARGS_MAX; i++) {
        exec.argv[i] = "w";
    }
    for (size_t i = 0; i < VSH_EXEC_ENV_MAX; i++) {
        exec.env[i] = "N=V";
    }
    echo_open(&echo);
    assert_int_equal(vsh_put_exec(echo.queue, &exec), 0);
    struct vsh_message message = echo_message(&echo, VSH_V2_EXEC);
    assert_int_equal(vsh_get_exec(&message, &got), 0);
    assert_int_equal(got.argc, VSH_EXEC_ARGS_MAX);
    assert_int_equal(got.envc, VSH_EXEC_ENV_MAX);
    assert_null(got.argv[VSH_EXEC_ARGS_MAX]);
    echo_close(&echo);
}

static void exit_round_trips(void **state)
{
    (void)state;
    static const struct vsh_exit cases[] = {
        {.code = 0, .signal = ""},
        {.code = 255, .signal = NULL},
        {.signalled = true, .code = 9, .signal = "KILL"},
        {.signalled = true, .core_dumped = true, .code = 11, .signal = "SEGV"},
        {.signalled = true, .code = 40, .signal = ""}, /* a real-time signal has no name */
    };
    struct echo echo;

    echo_open(&echo);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct vsh_exit got;
        assert_int_equal(vsh_put_exit(echo.queue, &cases[i]), 0);
        struct vsh_message message = echo_message(&echo, VSH_V2_EXIT);
        assert_int_equal(vsh_get_exit(&message, &got), 0);
        assert_int_equal(got.signalled, cases[i].signalled);
        assert_int_equal(got.core_dumped, cases[i].core_dumped);
        assert_int_equal(got.code, cases[i].code);
        assert_string_equal(got.signal, cases[i].signal ? cases[i].signal : "");
    }
    echo_close(&echo);
}

static void exit_refuses_contradictions(void **state)
{
    (void)state;
    static const struct vsh_exit cases[] = {
        {.code = 256, .signal = ""},
        {.code = 1, .signal = "KILL"},
        {.core_dumped = true, .signal = ""},
        {.signalled = true, .code = 0, .signal = ""},
        {.signalled = true, .code = 128, .signal = ""},
        {.signalled = true, .code = 9, .signal = "kill"},
        {.signalled = true, .code = 9, .signal = "ABCDEFGHIJKLMNOP"},
    };
    struct echo echo;

    echo_open(&echo);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(vsh_put_exit(echo.queue, &cases[i]), -EINVAL);
    }
    assert_int_equal(vsh_queue_pending(echo.queue), 0);
    echo_close(&echo);
}

static void error_round_trip(void **state)
{
    (void)state;
    struct echo echo;
    struct vsh_error_message got;
    char text[5000];

    echo_open(&echo);
    assert_int_equal(vsh_put_error(echo.queue, VSH_ERROR_REFUSED, "no, because"), 0);
    struct vsh_message message = echo_message(&echo, VSH_V2_ERROR);
    assert_int_equal(vsh_get_error(&message, &got), 0);
    assert_int_equal(got.code, VSH_ERROR_REFUSED);
    assert_string_equal(got.text, "no, because");

    /* An error must never fail because its sentence is long. */
    memset(text, 'e', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(vsh_put_error(echo.queue, 99, text), 0);
    message = echo_message(&echo, VSH_V2_ERROR);
    assert_int_equal(vsh_get_error(&message, &got), 0);
    assert_int_equal(strlen(got.text), 2047);
    echo_close(&echo);
}

static void small_messages_round_trip(void **state)
{
    (void)state;
    struct echo echo;
    struct vsh_message message;
    uint32_t pid = 0;
    uint64_t token = 0;

    echo_open(&echo);
    assert_int_equal(vsh_put_started(echo.queue, 4194304), 0);
    message = echo_message(&echo, VSH_V2_STARTED);
    assert_int_equal(vsh_get_started(&message, &pid), 0);
    assert_int_equal(pid, 4194304);

    assert_int_equal(vsh_put_ping(echo.queue, VSH_V2_PONG, 0x0123456789abcdefu), 0);
    message = echo_message(&echo, VSH_V2_PONG);
    assert_int_equal(vsh_get_ping(&message, &token), 0);
    assert_true(token == 0x0123456789abcdefu);

    assert_int_equal(vsh_put_end(echo.queue), 0);
    message = echo_message(&echo, VSH_V2_END);
    assert_int_equal(message.length, 0);
    echo_close(&echo);
}

static void signals_by_name(void **state)
{
    (void)state;
    struct echo echo;
    const char *name = NULL;

    assert_int_equal(vsh_signal_number("TERM"), 15);
    assert_int_equal(vsh_signal_number("SIGTERM"), 0);
    assert_int_equal(vsh_signal_number("term"), 0);
    assert_int_equal(vsh_signal_number(""), 0);
    assert_string_equal(vsh_signal_name(9), "KILL");
    assert_null(vsh_signal_name(0));
    assert_null(vsh_signal_name(40));

    echo_open(&echo);
    assert_int_equal(vsh_put_signal(echo.queue, "VTALRM"), 0);
    struct vsh_message message = echo_message(&echo, VSH_V2_SIGNAL);
    assert_int_equal(vsh_get_signal(&message, &name), 0);
    assert_string_equal(name, "VTALRM");
    assert_int_equal(vsh_put_signal(echo.queue, "NOPE"), -EINVAL);
    echo_close(&echo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_round_trip),
        cmocka_unit_test(hello_cuts_a_long_software_text),
        cmocka_unit_test(exec_round_trip),
        cmocka_unit_test(exec_of_nothing_is_a_login_shell),
        cmocka_unit_test(exec_refuses_what_cannot_be_run),
        cmocka_unit_test(exec_carries_the_limits),
        cmocka_unit_test(exit_round_trips),
        cmocka_unit_test(exit_refuses_contradictions),
        cmocka_unit_test(error_round_trip),
        cmocka_unit_test(small_messages_round_trip),
        cmocka_unit_test(signals_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
