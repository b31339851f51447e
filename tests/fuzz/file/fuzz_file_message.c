/* SPDX-License-Identifier: MIT */
/* Every decoder of a file payload: the first byte chooses it, the rest is the payload. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <vsock-shell/file_message.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t sink;

static void touch(const void *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        sink ^= ((const uint8_t *)bytes)[i];
    }
}

static void read_request(const struct vsh_message *message)
{
    struct vsh_file_request request;

    if (vsh_get_file_request(message, &request) < 0) {
        return;
    }
    touch(request.path, strlen(request.path));
    for (uint32_t i = 0; i < request.excludes; i++) {
        touch(request.exclude[i], strlen(request.exclude[i]));
    }
}

static void read_entry(const struct vsh_message *message)
{
    struct vsh_file_entry entry;

    if (vsh_get_file_entry(message, &entry) == 0) {
        touch(entry.name, entry.name_length);
        touch(entry.target, entry.target_length);
    }
}

static void read_problem(const struct vsh_message *message)
{
    struct vsh_file_problem problem;

    if (vsh_get_file_problem(message, &problem) == 0) {
        touch(problem.path, strlen(problem.path));
        touch(problem.text, strlen(problem.text));
    }
}

static void read_others(const struct vsh_message *message)
{
    union {
        uint64_t number;
        uint32_t id;
        struct vsh_file_end end;
        struct vsh_file_offer offer;
        struct vsh_file_totals totals;
        struct vsh_file_count count;
    } value;

    (void)vsh_get_file_hole(message, &value.number);
    (void)vsh_get_file_resume(message, &value.number);
    (void)vsh_get_file_result(message, &value.id);
    (void)vsh_get_file_end(message, &value.end);
    (void)vsh_get_file_offer(message, &value.offer);
    (void)vsh_get_file_totals(message, &value.totals);
    (void)vsh_get_file_count(message, &value.count);
    (void)vsh_get_file_mark(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(const struct vsh_message *message) = {read_request, read_entry,
                                                                         read_problem, read_others};

    if (size == 0) {
        return 0;
    }
    /* A copy of the exact size, so that a read past its end is seen. */
    size_t length = size - 1;
    uint8_t *payload = malloc(length + !length);
    if (!payload) {
        return 0;
    }
    memcpy(payload, data + 1, length);
    if ((data[0] & 0x80) && length > 8) {
        /* The right checksum, which no fuzzer would find. */
        uint64_t check = XXH3_64bits(payload + 8, length - 8);
        for (size_t i = 0; i < 8; i++) {
            payload[i] = (uint8_t)(check >> (8 * i));
        }
    }
    const struct vsh_message message = {
        .type = VSH_V2_FILE_FIRST, .length = (uint32_t)length, .payload = payload};
    readers[data[0] % 4](&message);
    free(payload);
    return 0;
}
