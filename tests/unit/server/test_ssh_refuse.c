/* SPDX-License-Identifier: MIT */
/* The refusal of an SSH client, taken apart by the rules of RFC 4253, and how it is sent. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/fd.h"
#include "server/ssh_refuse.h"

#define MSG_DISCONNECT   1
#define BY_APPLICATION   11
#define TOO_MANY         12
#define PACKET_MULTIPLE  8
#define PADDING_MIN      4
#define VERSION_LINE_MAX 255 /* with CR and LF */
#define TOO_LONG         2000

static uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Asserts the whole form and returns the sentence, which lies in bytes and has no NUL. */
static const uint8_t *take_apart(const uint8_t *bytes, size_t size, uint32_t *reason,
                                 size_t *text_length)
{
    assert_true(size <= SSH_REFUSAL_MAX);
    const uint8_t *line_end = memchr(bytes, '\n', size);
    assert_non_null(line_end);
    size_t line = (size_t)(line_end + 1 - bytes);
    assert_true(line <= VERSION_LINE_MAX);
    assert_memory_equal(bytes, "SSH-2.0-", 8);
    assert_int_equal(line_end[-1], '\r');
    /* Printable, and without the blank that would begin a comment. */
    for (const uint8_t *at = bytes + 8; at < line_end - 1; at++) {
        assert_true(*at > ' ' && *at < 0x7f);
    }

    const uint8_t *packet = bytes + line;
    uint32_t length = get_u32(packet);
    uint8_t padding = packet[4];
    assert_int_equal(line + 4 + length, size);
    assert_int_equal((4 + length) % PACKET_MULTIPLE, 0);
    assert_true(padding >= PADDING_MIN);
    const uint8_t *payload = packet + 5;
    size_t payload_length = length - 1 - padding;
    assert_int_equal(payload[0], MSG_DISCONNECT);
    *reason = get_u32(payload + 1);
    *text_length = get_u32(payload + 5);
    /* Type, reason, sentence with its length, an empty language. */
    assert_int_equal(payload_length, 1 + 4 + 4 + *text_length + 4);
    assert_int_equal(get_u32(payload + 9 + *text_length), 0);
    return payload + 9;
}

static void test_every_length(void **state)
{
    (void)state;
    char text[TOO_LONG + 1];
    memset(text, 'w', sizeof(text));
    text[TOO_LONG] = '\0';
    bool cut = false;
    for (size_t wanted = 0; wanted <= TOO_LONG; wanted++) {
        const char *sentence = text + TOO_LONG - wanted;
        /* The byte behind is the test's own: nothing may be written there. */
        uint8_t bytes[SSH_REFUSAL_MAX + 1];
        bytes[SSH_REFUSAL_MAX] = 0xa5;
        size_t size = ssh_refusal(bytes, VSH_ERROR_REFUSED, sentence);
        assert_int_equal(bytes[SSH_REFUSAL_MAX], 0xa5);
        uint32_t reason = 0;
        size_t length = 0;
        const uint8_t *said = take_apart(bytes, size, &reason, &length);
        assert_true(length == wanted || (cut && length < wanted) ||
                    (length < wanted && length > 400));
        cut = length < wanted;
        assert_memory_equal(said, sentence, length);
    }
    assert_true(cut);
}

static void test_reasons(void **state)
{
    (void)state;
    static const struct {
        enum vsh_error_code code;
        uint32_t reason;
    } rows[] = {{VSH_ERROR_REFUSED, BY_APPLICATION},
                {VSH_ERROR_UNSUPPORTED, BY_APPLICATION},
                {VSH_ERROR_LIMIT, TOO_MANY}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t bytes[SSH_REFUSAL_MAX];
        uint32_t reason = 0;
        size_t length = 0;
        size_t size = ssh_refusal(bytes, rows[i].code, "no");
        (void)take_apart(bytes, size, &reason, &length);
        assert_int_equal(reason, rows[i].reason);
        assert_int_equal(length, 2);
    }
}

/* What the client has already sent must not reset the stream under the sentence. */
static void test_sent_whole(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(fd_set_nonblock(ends[0], true), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(ends[1]);
        ssh_refuse(ends[0], VSH_ERROR_LIMIT, "too many", monotonic_ms() + 20000);
        _exit(0);
    }
    (void)close(ends[0]);
    static const char hello[] = "SSH-2.0-client\r\nand the first packet of the key exchange";
    assert_int_equal(fd_write_full(ends[1], hello, sizeof(hello), -1), 0);
    uint8_t wanted[SSH_REFUSAL_MAX];
    uint8_t got[SSH_REFUSAL_MAX];
    size_t size = ssh_refusal(wanted, VSH_ERROR_LIMIT, "too many");
    assert_int_equal(fd_read_full(ends[1], got, size, monotonic_ms() + 20000), 0);
    assert_memory_equal(got, wanted, size);
    /* It is the peer who closes, and that ends the waiting. */
    (void)close(ends[1]);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* A peer that neither reads nor closes is left when the time is over. */
static void test_deadline(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    int64_t start = monotonic_ms();
    ssh_refuse(ends[0], VSH_ERROR_REFUSED, "no", start + 200);
    assert_true(monotonic_ms() >= start + 200);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_sent_whole),
        cmocka_unit_test(test_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
