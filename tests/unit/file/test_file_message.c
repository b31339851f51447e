/* SPDX-License-Identifier: MIT */
/* Every file payload comes back as it was put; every shorter, longer or wrong one is refused. */
#include "copy_helper.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/wire.h"

static struct vsh_queue *queue;
static int wire[2];
static uint8_t bytes[65536];

static int wire_setup(void **state)
{
    (void)state;
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, wire) == 0 &&
                   vsh_queue_new(wire[0], wire[1], &queue) == 0 &&
                   vsh_queue_set_limits(queue, 32768, 32768) == 0
               ? 0
               : -1;
}

static int wire_teardown(void **state)
{
    (void)state;
    vsh_queue_free(queue);
    (void)close(wire[0]);
    return close(wire[1]);
}

/* What was put last, in memory of its own. */
static struct vsh_message take(uint32_t type)
{
    struct vsh_message message;

    assert_int_equal(vsh_queue_flush(queue), 0);
    assert_true(vsh_queue_fill(queue) > 0);
    assert_int_equal(vsh_queue_next(queue, &message), 1);
    assert_int_equal(message.type, type);
    assert_true(message.length < sizeof(bytes));
    if (message.length > 0) {
        memcpy(bytes, message.payload, message.length);
    }
    message.payload = bytes;
    return message;
}

typedef int decode_fn(const struct vsh_message *message);

#define DECODER(name, type)                                                                        \
    static int decode_##name(const struct vsh_message *message)                                    \
    {                                                                                              \
        type value;                                                                                \
        return vsh_get_file_##name(message, &value);                                               \
    }
DECODER(request, struct vsh_file_request)
DECODER(entry, struct vsh_file_entry)
DECODER(hole, uint64_t)
DECODER(end, struct vsh_file_end)
DECODER(result, uint32_t)
DECODER(problem, struct vsh_file_problem)
DECODER(offer, struct vsh_file_offer)
DECODER(resume, uint64_t)
DECODER(totals, struct vsh_file_totals)
DECODER(count, struct vsh_file_count)

/* No other length is a payload of this type. boundary: a shorter one that is, or 0. */
static void expect_exact(struct vsh_message message, decode_fn *decode, uint32_t boundary)
{
    uint32_t whole = message.length;

    assert_int_equal(decode(&message), 0);
    bytes[whole] = 0;
    for (message.length = 0; message.length <= whole + 1; message.length++) {
        /* In a block of its exact size a read past the end is seen by the sanitizer. */
        uint8_t *exact = malloc(message.length + !message.length);
        assert_non_null(exact);
        memcpy(exact, bytes, message.length);
        const struct vsh_message cut = {message.type, message.length, exact};
        if (message.length != whole && (boundary == 0 || message.length != boundary)) {
            assert_int_equal(decode(&cut), VSH_E_MALFORMED);
        }
        free(exact);
    }
}

static void request(void **state)
{
    (void)state;
    struct vsh_file_request got;
    struct vsh_file_request request = {
        .flags = VSH_FILE_RECURSIVE | VSH_FILE_SYNC,
        .path = "some/\xff path\n",
        .limit = 123456789012,
        .excludes = 2,
        .exclude = {"*.o", ""},
    };

    assert_int_equal(vsh_put_file_request(queue, VSH_V2_FILE_GET, &request), 0);
    struct vsh_message message = take(VSH_V2_FILE_GET);
    assert_int_equal(vsh_get_file_request(&message, &got), 0);
    assert_int_equal(got.flags, request.flags);
    assert_string_equal(got.path, request.path);
    assert_int_equal(got.limit, request.limit);
    assert_int_equal(got.excludes, 2);
    assert_string_equal(got.exclude[0], "*.o");
    assert_string_equal(got.exclude[1], "");
    expect_exact(message, decode_request, 0);

    request = (struct vsh_file_request){.path = ""};
    assert_int_equal(vsh_put_file_request(queue, VSH_V2_FILE_PUT, &request), 0);
    message = take(VSH_V2_FILE_PUT);
    assert_int_equal(vsh_get_file_request(&message, &got), 0);
    assert_string_equal(got.path, "");

    request.flags = VSH_FILE_ALL_FLAGS + 1;
    assert_int_equal(vsh_put_file_request(queue, VSH_V2_FILE_PUT, &request), -EINVAL);
    request.flags = 0;
    request.excludes = VSH_FILE_EXCLUDES_MAX + 1;
    assert_int_equal(vsh_put_file_request(queue, VSH_V2_FILE_PUT, &request), -EINVAL);
    static char path[VSH_FILE_PATH_MAX + 2];
    memset(path, 'p', VSH_FILE_PATH_MAX + 1);
    request = (struct vsh_file_request){.path = path};
    assert_int_equal(vsh_put_file_request(queue, VSH_V2_FILE_PUT, &request), -EINVAL);
    path[VSH_FILE_PATH_MAX] = '\0';
    assert_int_equal(vsh_put_file_request(queue, VSH_V2_FILE_PUT, &request), 0);
    message = take(VSH_V2_FILE_PUT);
    assert_int_equal(vsh_get_file_request(&message, &got), 0);
    assert_int_equal(strlen(got.path), VSH_FILE_PATH_MAX);
}

/* Who the copy is for is said once, or nobody could tell which of the two counts. */
static void request_user(void **state)
{
    (void)state;
    static const char user[] = "bob";
    const size_t field = WIRE_FIELD_HEADER + sizeof(user);
    const struct vsh_file_request request = {.path = "p", .user = user};
    struct vsh_file_request got;

    assert_int_equal(vsh_put_file_request(queue, VSH_V2_FILE_PUT, &request), 0);
    struct vsh_message message = take(VSH_V2_FILE_PUT);
    assert_int_equal(vsh_get_file_request(&message, &got), 0);
    assert_string_equal(got.user, user);

    memcpy(bytes + message.length, bytes + message.length - field, field);
    message.length += (uint32_t)field;
    struct wire_writer check = {.data = bytes, .capacity = 8};
    wire_put_u64(&check, XXH3_64bits(bytes + 8, message.length - 8));
    assert_int_equal(vsh_get_file_request(&message, &got), VSH_E_MALFORMED);
}

static void entry(void **state)
{
    (void)state;
    struct vsh_file_entry got;
    const struct vsh_file_entry link = {.id = 77,
                                        .kind = VSH_FILE_LINK,
                                        .mode = 0777,
                                        .mtime_s = -5,
                                        .mtime_ns = 999999999,
                                        .name = "na/me",
                                        .name_length = 5,
                                        .target = "where",
                                        .target_length = 5};

    assert_int_equal(vsh_put_file_entry(queue, &link), 0);
    struct vsh_message message = take(VSH_V2_FILE_ENTRY);
    assert_int_equal(vsh_get_file_entry(&message, &got), 0);
    assert_int_equal(got.id, 77);
    assert_int_equal(got.kind, VSH_FILE_LINK);
    assert_int_equal(got.mtime_s, -5);
    assert_int_equal(got.mtime_ns, 999999999);
    assert_int_equal(got.name_length, 5);
    assert_memory_equal(got.name, "na/me", 5);
    assert_int_equal(got.target_length, 5);
    assert_memory_equal(got.target, "where", 5);
    expect_exact(message, decode_entry, 0);
}

static void entries_that_make_no_sense(void **state)
{
    (void)state;
    const struct vsh_file_entry good = {.id = 1,
                                        .kind = VSH_FILE_REGULAR,
                                        .mode = 07777,
                                        .size = INT64_MAX,
                                        .name = "n",
                                        .name_length = 1};
    struct vsh_file_entry bad[11];

    assert_int_equal(vsh_put_file_entry(queue, &good), 0);
    for (size_t i = 0; i < 11; i++) {
        bad[i] = good;
    }
    bad[0].id = 0;
    bad[1].kind = 0;
    bad[2].kind = VSH_FILE_STREAM + 1;
    bad[3].flags = 4;
    bad[4].mode = 010000;
    bad[5].mtime_ns = 1000000000;
    bad[6].size = (uint64_t)INT64_MAX + 1;
    bad[7].kind = VSH_FILE_FOLDER; /* with a size */
    bad[8].kind = VSH_FILE_LINK;   /* without a target */
    bad[8].size = 0;
    bad[9].target = "t"; /* a file with one */
    bad[9].target_length = 1;
    bad[10] = (struct vsh_file_entry){.id = 1,
                                      .kind = VSH_FILE_LINK,
                                      .name = "n",
                                      .name_length = 1,
                                      .target = "a\0b",
                                      .target_length = 3};
    for (size_t i = 0; i < 11; i++) {
        assert_int_equal(vsh_put_file_entry(queue, &bad[i]), -EINVAL);
    }
}

static void fixed_payloads(void **state)
{
    (void)state;
    uint64_t number;
    uint32_t id;
    struct vsh_file_end end = {.size = 1ull << 40, .digest = {1, 2, [15] = 16}};
    struct vsh_file_end got_end;
    struct vsh_file_offer offer = {.id = 9, .offset = 1ull << 33, .digest = {3, [15] = 4}};
    struct vsh_file_offer got_offer;

    assert_int_equal(vsh_put_file_hole(queue, VSH_FILE_HOLE_MAX), 0);
    struct vsh_message message = take(VSH_V2_FILE_HOLE);
    assert_int_equal(vsh_get_file_hole(&message, &number), 0);
    assert_int_equal(number, VSH_FILE_HOLE_MAX);
    expect_exact(message, decode_hole, 0);
    bytes[0] = 1; /* one more than the most */
    assert_int_equal(vsh_get_file_hole(&message, &number), VSH_E_MALFORMED);
    memset(bytes, 0, 8);
    assert_int_equal(vsh_get_file_hole(&message, &number), VSH_E_MALFORMED);
    assert_int_equal(vsh_put_file_hole(queue, VSH_FILE_HOLE_MAX + 1), -EINVAL);
    assert_int_equal(vsh_put_file_hole(queue, 0), -EINVAL);

    assert_int_equal(vsh_put_file_end(queue, &end), 0);
    message = take(VSH_V2_FILE_END);
    assert_int_equal(vsh_get_file_end(&message, &got_end), 0);
    assert_int_equal(got_end.size, end.size);
    assert_memory_equal(got_end.digest, end.digest, sizeof(end.digest));
    expect_exact(message, decode_end, 0);

    assert_int_equal(vsh_put_file_offer(queue, &offer), 0);
    message = take(VSH_V2_FILE_OFFER);
    assert_int_equal(vsh_get_file_offer(&message, &got_offer), 0);
    assert_int_equal(got_offer.id, 9);
    assert_int_equal(got_offer.offset, offer.offset);
    assert_memory_equal(got_offer.digest, offer.digest, sizeof(offer.digest));
    expect_exact(message, decode_offer, 0);

    assert_int_equal(vsh_put_file_resume(queue, 1ull << 50), 0);
    message = take(VSH_V2_FILE_RESUME);
    assert_int_equal(vsh_get_file_resume(&message, &number), 0);
    assert_int_equal(number, 1ull << 50);
    expect_exact(message, decode_resume, 0);

    assert_int_equal(vsh_put_file_result(queue, 0x01020304), 0);
    message = take(VSH_V2_FILE_RESULT);
    assert_int_equal(vsh_get_file_result(&message, &id), 0);
    assert_int_equal(id, 0x01020304);
    expect_exact(message, decode_result, 0);

    assert_int_equal(vsh_put_file_mark(queue, VSH_V2_FILE_ABORT), 0);
    message = take(VSH_V2_FILE_ABORT);
    assert_int_equal(vsh_get_file_mark(&message), 0);
    message.length = 1;
    assert_int_equal(vsh_get_file_mark(&message), VSH_E_MALFORMED);
}

static void totals_and_count(void **state)
{
    (void)state;
    struct vsh_file_totals totals = {1, 2, 3, 1ull << 60, 5, 6, 7};
    struct vsh_file_totals got;
    struct vsh_file_count count = {.files = 8, .bytes = 9, .complete = true};
    struct vsh_file_count got_count;

    assert_int_equal(vsh_put_file_totals(queue, VSH_V2_FILE_DONE, &totals), 0);
    struct vsh_message message = take(VSH_V2_FILE_DONE);
    assert_int_equal(vsh_get_file_totals(&message, &got), 0);
    assert_memory_equal(&got, &totals, sizeof(totals));
    expect_exact(message, decode_totals, 0);

    assert_int_equal(vsh_put_file_count(queue, &count), 0);
    message = take(VSH_V2_FILE_COUNT);
    assert_int_equal(vsh_get_file_count(&message, &got_count), 0);
    assert_int_equal(got_count.files, 8);
    assert_int_equal(got_count.bytes, 9);
    assert_true(got_count.complete);
    expect_exact(message, decode_count, 0);
    bytes[16] = 2;
    assert_int_equal(vsh_get_file_count(&message, &got_count), VSH_E_MALFORMED);
}

static void problem(void **state)
{
    (void)state;
    struct vsh_file_problem got;
    struct vsh_file_problem problem = {.id = 3,
                                       .status = VSH_FILE_SKIPPED,
                                       .code = VSH_FILE_CODE_EXISTS,
                                       .path = "p/q",
                                       .text = "why"};

    assert_int_equal(vsh_put_file_problem(queue, &problem), 0);
    struct vsh_message message = take(VSH_V2_FILE_PROBLEM);
    assert_int_equal(vsh_get_file_problem(&message, &got), 0);
    assert_int_equal(got.id, 3);
    assert_int_equal(got.status, VSH_FILE_SKIPPED);
    assert_int_equal(got.code, VSH_FILE_CODE_EXISTS);
    assert_string_equal(got.path, "p/q");
    assert_string_equal(got.text, "why");
    /* Its fields are optional: cut behind one of them, it is whole. */
    struct vsh_message without_text = message;
    without_text.length = 6 + 6 + 4;
    assert_int_equal(vsh_get_file_problem(&without_text, &got), 0);
    assert_string_equal(got.text, "");
    struct vsh_message bare = message;
    bare.length = 6;
    assert_int_equal(vsh_get_file_problem(&bare, &got), 0);
    assert_string_equal(got.path, "");

    /* Too long is cut, not refused: the failure itself must get through. */
    static char path[VSH_FILE_PATH_MAX + 10];
    static char text[VSH_FILE_TEXT_MAX + 10];
    memset(path, 'p', sizeof(path) - 1);
    memset(text, 't', sizeof(text) - 1);
    path[sizeof(path) - 2] = 'E';
    problem.path = path;
    problem.text = text;
    assert_int_equal(vsh_put_file_problem(queue, &problem), 0);
    message = take(VSH_V2_FILE_PROBLEM);
    assert_int_equal(vsh_get_file_problem(&message, &got), 0);
    assert_int_equal(strlen(got.path), VSH_FILE_PATH_MAX);
    assert_int_equal(got.path[VSH_FILE_PATH_MAX - 1], 'E');
    assert_int_equal(strlen(got.text), VSH_FILE_TEXT_MAX);
    problem.status = 0;
    assert_int_equal(vsh_put_file_problem(queue, &problem), -EINVAL);
    bytes[4] = 3;
    assert_int_equal(decode_problem(&message), VSH_E_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup, wire_teardown)
        TEST(request),        TEST(request_user),
        TEST(entry),          TEST(entries_that_make_no_sense),
        TEST(fixed_payloads), TEST(totals_and_count),
        TEST(problem),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
