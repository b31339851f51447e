/* SPDX-License-Identifier: MIT */
/* Framing of the SFTP server: every split point, lying lengths, back-pressure, streamed writes. */
#include "sftp_peer.h"

/* Two requests with a streamed WRITE between them, fed in two pieces cut at every byte. */
static void works_at_every_split_point(void **state)
{
    struct peer *p = *state;
    uint8_t handle[SFTP_HANDLE_BYTES], stream[512];
    size_t length = 0;
    assert_int_equal(open_file(p, "f", SFTP_OPEN_WRITE | SFTP_OPEN_CREATE, handle), SFTP_OK);
    for (int i = 0; i < 3; i++) {
        request(p, i == 1 ? SFTP_WRITE : SFTP_STAT, (uint32_t)i);
        if (i == 1) {
            put_handle(p, handle);
            sftpd_put_u64(&p->w, 0);
            sftpd_put_text(&p->w, "the payload of a write");
        } else {
            sftpd_put_text(&p->w, i == 0 ? "f" : "missing");
        }
        request_done(p);
        memcpy(stream + length, p->request, p->w.length);
        length += p->w.length;
    }
    for (size_t cut = 0; cut <= length; cut++) {
        assert_int_equal(truncate("f", 0), 0);
        assert_int_equal(sftpd_input(p->sftpd, stream, cut), cut);
        assert_int_equal(sftpd_input(p->sftpd, stream + cut, length - cut), length - cut);
        assert_int_equal(take_reply(p), SFTP_ATTRS);
        assert_int_equal(take_reply(p), SFTP_STATUS);
        assert_int_equal(p->id, 1);
        assert_int_equal(sftpd_get_u32(&p->r), SFTP_OK);
        assert_int_equal(take_reply(p), SFTP_STATUS);
        assert_int_equal(sftpd_get_u32(&p->r), SFTP_NO_SUCH_FILE);
        assert_string_equal(file_text("f"), "the payload of a write");
    }
    for (size_t i = 0; i < length; i++) { /* and byte by byte */
        assert_int_equal(sftpd_input(p->sftpd, stream + i, 1), 1);
    }
    assert_int_equal(take_reply(p), SFTP_ATTRS);
    assert_int_equal(take_reply(p), SFTP_STATUS);
    assert_int_equal(take_reply(p), SFTP_STATUS);
}

static void refuses_lengths_that_cannot_be_true(void **state)
{
    struct peer *p = *state;
    static const uint32_t lengths[] = {0, 1, 4, SFTP_PACKET_MAX + 1, 0x7fffffff, 0xffffffff};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        uint8_t packet[16] = {0, 0, 0, 0, SFTP_STAT};
        peer_start(p, false, NULL, NULL);
        sftpd_store_u32(packet, lengths[i]);
        assert_int_equal(sftpd_input(p->sftpd, packet, sizeof(packet)), -EBADMSG);
        assert_false(sftpd_wants_input(p->sftpd));
        assert_non_null(strstr(sftpd_error(p->sftpd), "length"));
        assert_int_equal(sftpd_input(p->sftpd, packet, 1), -EBADMSG);
    }
}

static void takes_the_largest_packet(void **state)
{
    struct peer *p = *state;
    request(p, SFTP_STAT, 9);
    sftpd_put_u32(&p->w, SFTP_PACKET_MAX - 9);
    memset(p->request + p->w.length, 'a', SFTP_PACKET_MAX - 9);
    p->w.length += SFTP_PACKET_MAX - 9;
    assert_int_equal(p->w.length, SFTP_PACKET_MAX + 4);
    assert_int_equal(ask_status(p), SFTP_BAD_MESSAGE); /* the name is too long */
}

static void wants_init_first(void **state)
{
    struct peer *p = *state;
    const struct sftpd_options options = {.root_fd = -1, .home = "/"};
    sftpd_free(p->sftpd);
    assert_int_equal(sftpd_new(&options, &p->sftpd), 0);
    request(p, SFTP_STAT, 1);
    sftpd_put_text(&p->w, "/");
    request_done(p);
    assert_int_equal(sftpd_input(p->sftpd, p->request, p->w.length), -EBADMSG);
    assert_non_null(strstr(sftpd_error(p->sftpd), "INIT"));
}

static void unknown_requests_are_unsupported(void **state)
{
    struct peer *p = *state;
    static const uint8_t types[] = {0, 21, 99, 101, 201, 255};
    for (size_t i = 0; i < sizeof(types); i++) {
        request(p, types[i], 77);
        assert_int_equal(ask_status(p), SFTP_OP_UNSUPPORTED);
    }
    request(p, SFTP_EXTENDED, 78);
    sftpd_put_text(&p->w, "no-such-thing@example.org");
    assert_int_equal(ask_status(p), SFTP_OP_UNSUPPORTED);
}

/* Strings inside that say more than the packet holds: an answer, and the stream stays in step. */
static void answers_lying_strings(void **state)
{
    struct peer *p = *state;
    for (int type = SFTP_OPEN; type <= SFTP_SYMLINK; type++) {
        request(p, (uint8_t)type, 6);
        sftpd_put_u32(&p->w, 0xfffffff0u);
        sftpd_put_u32(&p->w, 1);
        uint32_t status = ask_status(p);
        assert_true(status == SFTP_BAD_MESSAGE || status == SFTP_FAILURE);
        request(p, (uint8_t)type, 6); /* nothing behind the id */
        status = ask_status(p);
        assert_true(status == SFTP_BAD_MESSAGE || status == SFTP_FAILURE);
    }
    request(p, SFTP_STAT, 6);
    sftpd_put_string(&p->w, "a\0b", 3);
    assert_int_equal(ask_status(p), SFTP_BAD_MESSAGE);
    request(p, SFTP_STAT, 7);
    sftpd_put_text(&p->w, ".");
    assert_int_equal(ask(p), SFTP_ATTRS);
}

/* A WRITE whose data claims more, or less, than its packet has. */
static void write_lengths_must_fit(void **state)
{
    struct peer *p = *state;
    uint8_t handle[SFTP_HANDLE_BYTES];
    assert_int_equal(open_file(p, "f", SFTP_OPEN_WRITE | SFTP_OPEN_CREATE, handle), SFTP_OK);
    request(p, SFTP_WRITE, 6);
    put_handle(p, handle);
    sftpd_put_u64(&p->w, 0);
    sftpd_put_u32(&p->w, 100);
    memcpy(p->request + p->w.length, "0123456789", 10);
    p->w.length += 10;
    assert_int_equal(ask_status(p), SFTP_BAD_MESSAGE);
    assert_string_equal(file_text("f"), "");

    request(p, SFTP_WRITE, 6); /* leftovers are skipped */
    put_handle(p, handle);
    sftpd_put_u64(&p->w, 0);
    sftpd_put_text(&p->w, "data");
    sftpd_put_u64(&p->w, 0);
    assert_int_equal(ask_status(p), SFTP_OK);
    assert_string_equal(file_text("f"), "data");

    request(p, SFTP_WRITE, 6);
    put_handle(p, handle);
    sftpd_put_u64(&p->w, 0);
    sftpd_put_text(&p->w, ""); /* nothing to write is fine */
    assert_int_equal(ask_status(p), SFTP_OK);
    assert_int_equal(close_file(p, handle), SFTP_OK);
    assert_int_equal(write_file(p, handle, 0, "x"), SFTP_FAILURE); /* closed by now */
}

static void write_errors_keep_the_stream_in_step(void **state)
{
    struct peer *p = *state;
    uint8_t handle[SFTP_HANDLE_BYTES];
    make_file("f", "old");
    assert_int_equal(open_file(p, "f", SFTP_OPEN_READ, handle), SFTP_OK);
    assert_int_equal(write_file(p, handle, 0, "not for a read-only handle"), SFTP_NO_SUCH_FILE);
    assert_string_equal(file_text("f"), "old");

    /* The error comes with the first piece; the rest of the packet is still no request. */
    request(p, SFTP_WRITE, 8);
    put_handle(p, handle);
    sftpd_put_u64(&p->w, 0);
    sftpd_put_text(&p->w, "a payload that arrives in several pieces");
    request_done(p);
    for (size_t at = 0, piece; at < p->w.length; at += piece) {
        piece = p->w.length - at < 30 ? p->w.length - at : 30;
        assert_int_equal(sftpd_input(p->sftpd, p->request + at, piece), piece);
    }
    assert_int_equal(take_reply(p), SFTP_STATUS);
    assert_int_equal(p->id, 8);
    assert_int_equal(sftpd_get_u32(&p->r), SFTP_NO_SUCH_FILE);

    request(p, SFTP_STAT, 7);
    sftpd_put_text(&p->w, "f");
    assert_int_equal(ask(p), SFTP_ATTRS);
}

static void stops_taking_requests_while_replies_wait(void **state)
{
    struct peer *p = *state;
    uint8_t handle[SFTP_HANDLE_BYTES];
    size_t taken = 0, replies = 0;
    make_file("f", "");
    assert_int_equal(truncate("f", 64 << 20), 0);
    assert_int_equal(open_file(p, "f", SFTP_OPEN_READ, handle), SFTP_OK);
    request(p, SFTP_READ, 6);
    put_handle(p, handle);
    sftpd_put_u64(&p->w, 0);
    sftpd_put_u32(&p->w, 0xffffffff);
    request_done(p);
    while (sftpd_input(p->sftpd, p->request, p->w.length) > 0) {
        taken++;
        assert_true(taken < 100);
    }
    const uint8_t *out;
    size_t waiting = sftpd_output(p->sftpd, &out);
    assert_true(waiting > SFTPD_OUTPUT_MAX && waiting < SFTPD_OUTPUT_MAX + SFTP_PACKET_MAX);
    assert_false(sftpd_wants_input(p->sftpd));
    while (sftpd_output(p->sftpd, &out) > 0) {
        assert_int_equal(take_reply(p), SFTP_DATA);
        assert_int_equal(sftpd_get_u32(&p->r), SFTP_DATA_MAX);
        replies++;
    }
    assert_int_equal(replies, taken);
    assert_true(sftpd_wants_input(p->sftpd));
}

static void refuses_changes_without_upload(void **state)
{
    struct peer *p = *state;
    uint8_t handle[SFTP_HANDLE_BYTES];
    char text[128];
    make_file("f", "content");
    peer_start(p, false, "uploads are off (--no-upload)", NULL);
    while (p->r.error == 0 && p->r.offset < p->r.length) {
        sftpd_get_text(&p->r, text, sizeof(text));
        assert_string_not_equal(text, "posix-rename@openssh.com");
    }
    assert_int_equal(open_file(p, "g", SFTP_OPEN_WRITE | SFTP_OPEN_CREATE, handle),
                     SFTP_PERMISSION_DENIED);
    sftpd_get_text(&p->r, text, sizeof(text));
    assert_string_equal(text, "uploads are off (--no-upload)");
    assert_int_equal(open_file(p, "f", SFTP_OPEN_READ | SFTP_OPEN_TRUNCATE, handle),
                     SFTP_PERMISSION_DENIED);
    assert_int_equal(path_status(p, SFTP_REMOVE, "f", NULL), SFTP_PERMISSION_DENIED);
    assert_int_equal(path_status(p, SFTP_RENAME, "f", "g"), SFTP_PERMISSION_DENIED);
    request(p, SFTP_EXTENDED, 8);
    sftpd_put_text(&p->w, "posix-rename@openssh.com");
    sftpd_put_text(&p->w, "f");
    sftpd_put_text(&p->w, "g");
    assert_int_equal(ask_status(p), SFTP_PERMISSION_DENIED);
    assert_int_equal(open_file(p, "f", SFTP_OPEN_READ, handle), SFTP_OK);
    assert_int_equal(write_file(p, handle, 0, "x"), SFTP_PERMISSION_DENIED);
    assert_string_equal(file_text("f"), "content");
}

static void refuses_reading_without_download(void **state)
{
    struct peer *p = *state;
    uint8_t handle[SFTP_HANDLE_BYTES];
    make_file("f", "content");
    peer_start(p, false, NULL, "downloads are off (--no-download)");
    assert_int_equal(open_file(p, "f", SFTP_OPEN_READ, handle), SFTP_PERMISSION_DENIED);
    assert_int_equal(open_file(p, "f", SFTP_OPEN_READ | SFTP_OPEN_WRITE, handle),
                     SFTP_PERMISSION_DENIED);
    assert_int_equal(open_file(p, "g", SFTP_OPEN_WRITE | SFTP_OPEN_CREATE, handle), SFTP_OK);
    assert_int_equal(write_file(p, handle, 0, "in"), SFTP_OK);
    assert_string_equal(file_text("g"), "in");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, peer_setup, peer_teardown)
    const struct CMUnitTest tests[] = {
        TEST(works_at_every_split_point),
        TEST(refuses_lengths_that_cannot_be_true),
        TEST(takes_the_largest_packet),
        TEST(wants_init_first),
        TEST(unknown_requests_are_unsupported),
        TEST(answers_lying_strings),
        TEST(write_lengths_must_fit),
        TEST(write_errors_keep_the_stream_in_step),
        TEST(stops_taking_requests_while_replies_wait),
        TEST(refuses_changes_without_upload),
        TEST(refuses_reading_without_download),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
