/* SPDX-License-Identifier: MIT */
/* Servers that refuse, break the rules, speak something else or vanish, and what the client says.
 */
#include "client_stage.h"

static void refusal_with_a_sentence(void **state)
{
    (void)state;
    struct stage stage;
    struct vsh_client_event event;
    static const struct vsh_exec exec;

    stage_open(&stage);
    assert_int_equal(vsh_client_exec(stage.client, &exec), 0);
    assert_int_equal(vsh_client_exec(stage.client, &exec), -EALREADY);
    say_hello(&stage, 262208);
    assert_int_equal(vsh_put_error(stage.server, VSH_ERROR_REFUSED, "not you"), 0);
    say(&stage);
    close(stage.fd);
    stage.fd = -1;
    assert_int_equal(vsh_client_next(stage.client, &event, 1000), 1);
    assert_int_equal(event.type, VSH_CLIENT_REFUSED);
    assert_int_equal(event.error.code, VSH_ERROR_REFUSED);
    assert_string_equal(event.error.text, "not you");
    assert_int_equal(vsh_client_next(stage.client, &event, 1000), 0);
    stage_close(&stage);
}

/* What the server says right after HELLO and STARTED, and what becomes of it. */
static void broken_servers(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint32_t type;
        uint32_t length;
        const char *payload;
        int result;
    } cases[] = {
        {"DATA on stdin", VSH_V2_DATA, 5, "\0\0\0\0x", VSH_E_MALFORMED},
        {"EOF on stdin", VSH_V2_EOF, 4, "\0\0\0\0", VSH_E_MALFORMED},
        {"CLOSE of stdout", VSH_V2_CLOSE, 4, "\1\0\0\0", VSH_E_MALFORMED},
        {"WINDOW for stdout", VSH_V2_WINDOW, 8, "\1\0\0\0\1\0\0\0", VSH_E_MALFORMED},
        {"WINDOW beyond 2^32", VSH_V2_WINDOW, 8, "\0\0\0\0\xff\xff\xff\xff", VSH_E_MALFORMED},
        {"a second HELLO", VSH_V2_HELLO, 10, "\2\0\0\0\0\0\0\x80\0\0", VSH_E_MALFORMED},
        {"an unknown type", 0x7f, 0, "", VSH_E_MALFORMED},
        {"a v1 type", VSH_V1_PTY_DATA, 1, "x", VSH_E_MALFORMED},
        {"END with a payload", VSH_V2_END, 1, "x", VSH_E_MALFORMED},
        {"END before EXIT", VSH_V2_END, 0, "", VSH_E_GONE},
        {"a torn EXIT", VSH_V2_EXIT, 4, "\0\0\0\0", VSH_E_MALFORMED},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stage stage;
        struct vsh_client_event event;

        stage_open(&stage);
        start(&stage, 262208);
        assert_int_equal(
            vsh_queue_put(stage.server, cases[i].type, cases[i].payload, cases[i].length), 0);
        say(&stage);
        int rc = vsh_client_next(stage.client, &event, 0);
        if (rc != cases[i].result) {
            fail_msg("%s gives %d", cases[i].what, rc);
        }
        assert_int_equal(vsh_client_next(stage.client, &event, 0), cases[i].result);
        if (rc == VSH_E_MALFORMED) {
            heard(&stage, VSH_V2_ERROR);
        }
        stage_close(&stage);
    }
}

static void output_after_its_end(void **state)
{
    (void)state;
    static const uint32_t types[] = {VSH_V2_DATA, VSH_V2_EOF};

    for (size_t i = 0; i < 2; i++) {
        struct stage stage;
        struct vsh_client_event event;

        stage_open(&stage);
        start(&stage, 262208);
        assert_int_equal(vsh_put_stream(stage.server, VSH_V2_EOF, VSH_STREAM_STDOUT), 0);
        assert_int_equal(
            vsh_queue_put(stage.server, types[i], "\1\0\0\0x", types[i] == VSH_V2_DATA ? 5 : 4), 0);
        say(&stage);
        assert_int_equal(vsh_client_next(stage.client, &event, 0), 1);
        assert_int_equal(vsh_client_next(stage.client, &event, 0), VSH_E_MALFORMED);
        stage_close(&stage);
    }
}

/* Servers that are not ours: silence and a closed connection, a v1 frame, another protocol. */
static void old_and_foreign_servers(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
        int result;
    } cases[] = {
        {"", 0, -EPROTONOSUPPORT},
        {"\xbe\xba\xfe\xca\x0c\0\0\0\0\0\0\0", 12, -EPROTONOSUPPORT},
        {"SSH-2.0-x\r\n", 11, -EPROTONOSUPPORT},
        {"\xbe\xba\xfe\xca\x20\0\0\0", 8, VSH_E_GONE},
        {"\xbe\xba\xfe\xca\x2a\0\0\0\0\0\0\0", 12, VSH_E_MALFORMED},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        static const struct vsh_exec exec;
        struct stage stage;
        struct vsh_client_event event;

        stage_open(&stage);
        assert_int_equal(vsh_client_exec(stage.client, &exec), 0);
        heard(&stage, VSH_V2_HELLO);
        heard(&stage, VSH_V2_EXEC);
        assert_int_equal(write(stage.fd, cases[i].bytes, cases[i].length), cases[i].length);
        close(stage.fd);
        stage.fd = -1;
        assert_int_equal(vsh_client_next(stage.client, &event, 1000), cases[i].result);
        stage_close(&stage);
    }
}

static void connection_lost(void **state)
{
    (void)state;
    struct stage stage;
    struct vsh_client_event event;

    stage_open(&stage);
    start(&stage, 262208);
    close(stage.fd);
    stage.fd = -1;
    assert_int_equal(vsh_client_next(stage.client, &event, 1000), VSH_E_GONE);
    assert_int_equal(vsh_client_signal(stage.client, "TERM"), VSH_E_GONE);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusal_with_a_sentence), cmocka_unit_test(broken_servers),
        cmocka_unit_test(output_after_its_end),    cmocka_unit_test(old_and_foreign_servers),
        cmocka_unit_test(connection_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
