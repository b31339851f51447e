/* SPDX-License-Identifier: MIT */
/* Every way of computing the digest gives the same one, and each processor gets its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "file/digest.h"
#include "file/digest_update.h"

#define CONTENT_SIZE 70000u

static uint8_t content[CONTENT_SIZE];

static void expect_digest(digest_update_fn *update, size_t length, size_t step,
                          const uint8_t expected[VSH_FILE_DIGEST_SIZE])
{
    struct file_digest *digest;
    uint8_t result[VSH_FILE_DIGEST_SIZE];

    assert_int_equal(file_digest_new(&digest), 0);
    for (size_t at = 0; at < length; at += step) {
        update(digest, content + at, length - at < step ? length - at : step);
    }
    file_digest_result(digest, result);
    file_digest_free(digest);
    assert_memory_equal(result, expected, sizeof(result));
}

static void all_ways_agree(void **state)
{
    (void)state;
    static const size_t lengths[] = {0,    1,    16,    17,    128,   129,         240,
                                     241,  255,  256,   257,   512,   1023,        1024,
                                     1025, 4096, 16384, 16385, 65536, CONTENT_SIZE};
    static const size_t steps[] = {1, 7, 64, 255, 256, 1000, 65536, CONTENT_SIZE};
    static digest_update_fn *const ways[] = {file_digest_update, digest_update_baseline,
                                             digest_update_scalar, digest_update_avx2};
    size_t count = 4;

#if defined(__x86_64__)
    count = __builtin_cpu_supports("avx2") ? 4 : 3;
#endif
    for (size_t i = 0; i < CONTENT_SIZE; i++) {
        content[i] = (uint8_t)(i * 2654435761u >> 24);
    }
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct file_digest *whole;
        uint8_t expected[VSH_FILE_DIGEST_SIZE];
        assert_int_equal(file_digest_new(&whole), 0);
        digest_update_baseline(whole, content, lengths[i]);
        file_digest_result(whole, expected);
        file_digest_free(whole);
        for (size_t way = 0; way < count; way++) {
            for (size_t step = 0; step < sizeof(steps) / sizeof(steps[0]); step++) {
                expect_digest(ways[way], lengths[i], steps[step], expected);
            }
        }
    }
}

/* Of xxh128sum: printf 'The quick brown fox' and 1,000 times 'a'. */
static void the_digest_is_that_of_xxh128sum(void **state)
{
    (void)state;
    static const uint8_t fox[VSH_FILE_DIGEST_SIZE] = {
        0xb2, 0xc1, 0x00, 0xc2, 0x6f, 0x5d, 0x72, 0x3a,
        0xb7, 0x85, 0x93, 0x50, 0x53, 0x7d, 0xfe, 0xdc,
    };
    static const uint8_t as[VSH_FILE_DIGEST_SIZE] = {
        0xb0, 0x1d, 0xa3, 0x65, 0xed, 0xda, 0xa2, 0x9c,
        0xb3, 0xe7, 0xaf, 0x62, 0x71, 0x47, 0xdb, 0x7c,
    };

    memcpy(content, "The quick brown fox", 19);
    expect_digest(file_digest_update, 19, 19, fox);
    memset(content, 'a', 1000);
    expect_digest(file_digest_update, 1000, 1000, as);
}

static void a_processor_gets_the_fastest(void **state)
{
    (void)state;
    assert_ptr_equal(digest_update_for("KVMKVMKVM\0\0\0", true), digest_update_avx2);
    assert_ptr_equal(digest_update_for("KVMKVMKVM\0\0\0", false), digest_update_baseline);
    assert_ptr_equal(digest_update_for("\0\0\0\0\0\0\0\0\0\0\0\0", true), digest_update_avx2);
    assert_ptr_equal(digest_update_for("TCGTCGTCGTCG", true), digest_update_scalar);
    assert_ptr_equal(digest_update_for("TCGTCGTCGTCG", false), digest_update_scalar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_ways_agree),
        cmocka_unit_test(the_digest_is_that_of_xxh128sum),
        cmocka_unit_test(a_processor_gets_the_fastest),
    };

    return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
