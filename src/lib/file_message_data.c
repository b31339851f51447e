/* SPDX-License-Identifier: MIT */
/*
 * Payloads of the file frames that follow an ENTRY and of the answers to it. All but PROBLEM have
 * one exact length.
 */
#include <vsock-shell/file_message.h>

#include <string.h>

#include "lib/message_wire.h"

enum problem_field { PROBLEM_PATH = 1, PROBLEM_TEXT = 2 };

#define PROBLEM_FIXED 6u
#define TOTALS_WORDS  7u

static void put_u64(uint8_t *at, uint64_t value)
{
    struct wire_writer w = {.data = at, .capacity = 8};

    wire_put_u64(&w, value);
}

/* A payload that is one 64-bit number. */
static int get_u64(const struct vsh_message *message, uint64_t *ret)
{
    struct wire_reader r = message_reader(message);

    *ret = wire_get_u64(&r);
    return message_end(&r);
}

int vsh_put_file_hole(struct vsh_queue *queue, uint64_t length)
{
    uint8_t payload[8];

    if (length == 0 || length > VSH_FILE_HOLE_MAX) {
        return -EINVAL;
    }
    put_u64(payload, length);
    return vsh_queue_put(queue, VSH_V2_FILE_HOLE, payload, sizeof(payload));
}

int vsh_get_file_hole(const struct vsh_message *message, uint64_t *ret_length)
{
    int rc = get_u64(message, ret_length);

    return rc < 0 || *ret_length == 0 || *ret_length > VSH_FILE_HOLE_MAX ? VSH_E_MALFORMED : 0;
}

int vsh_put_file_end(struct vsh_queue *queue, const struct vsh_file_end *end)
{
    uint8_t payload[8 + VSH_FILE_DIGEST_SIZE];

    put_u64(payload, end->size);
    memcpy(payload + 8, end->digest, sizeof(end->digest));
    return vsh_queue_put(queue, VSH_V2_FILE_END, payload, sizeof(payload));
}

static void take_digest(struct wire_reader *r, uint8_t digest[VSH_FILE_DIGEST_SIZE])
{
    const uint8_t *bytes = wire_get_bytes(r, VSH_FILE_DIGEST_SIZE);

    if (bytes) {
        memcpy(digest, bytes, VSH_FILE_DIGEST_SIZE);
    }
}

int vsh_get_file_end(const struct vsh_message *message, struct vsh_file_end *ret)
{
    struct wire_reader r = message_reader(message);

    ret->size = wire_get_u64(&r);
    take_digest(&r, ret->digest);
    return message_end(&r);
}

int vsh_put_file_mark(struct vsh_queue *queue, uint32_t type)
{
    return vsh_queue_put(queue, type, NULL, 0);
}

int vsh_get_file_mark(const struct vsh_message *message)
{
    return message->length == 0 ? 0 : VSH_E_MALFORMED;
}

int vsh_put_file_result(struct vsh_queue *queue, uint32_t id)
{
    uint8_t payload[4];

    wire_store_u32(payload, id);
    return vsh_queue_put(queue, VSH_V2_FILE_RESULT, payload, sizeof(payload));
}

int vsh_get_file_result(const struct vsh_message *message, uint32_t *ret_id)
{
    struct wire_reader r = message_reader(message);

    *ret_id = wire_get_u32(&r);
    return message_end(&r) < 0 || *ret_id == 0 ? VSH_E_MALFORMED : 0;
}

/* The end of a path says more than its beginning. */
static const char *path_tail(const char *path)
{
    size_t length = strlen(path);

    return length > VSH_FILE_PATH_MAX ? path + (length - VSH_FILE_PATH_MAX) : path;
}

static bool status_is_known(uint8_t status)
{
    return status == VSH_FILE_FAILED || status == VSH_FILE_SKIPPED;
}

int vsh_put_file_problem(struct vsh_queue *queue, const struct vsh_file_problem *problem)
{
    char text[VSH_FILE_TEXT_MAX + 1];
    uint8_t payload[PROBLEM_FIXED + 2 * WIRE_FIELD_HEADER + VSH_FILE_PATH_MAX + 1 + sizeof(text)];
    struct wire_writer w = {.data = payload, .capacity = sizeof(payload)};

    if (!status_is_known(problem->status)) {
        return -EINVAL;
    }
    size_t length = strnlen(text_or_empty(problem->text), VSH_FILE_TEXT_MAX);
    memcpy(text, text_or_empty(problem->text), length);
    text[length] = '\0';
    wire_put_u32(&w, problem->id);
    wire_put_u8(&w, problem->status);
    wire_put_u8(&w, problem->code);
    wire_put_field_string(&w, PROBLEM_PATH, path_tail(text_or_empty(problem->path)));
    wire_put_field_string(&w, PROBLEM_TEXT, text);
    return w.failed ? -EINVAL : vsh_queue_put(queue, VSH_V2_FILE_PROBLEM, payload, w.length);
}

static int take_problem_field(const struct wire_field *field, struct vsh_file_problem *ret)
{
    switch (field->tag & ~WIRE_REQUIRED) {
    case PROBLEM_PATH:
        return wire_field_string(field, &ret->path);
    case PROBLEM_TEXT:
        return wire_field_string(field, &ret->text);
    default:
        return message_unknown_field(field);
    }
}

int vsh_get_file_problem(const struct vsh_message *message, struct vsh_file_problem *ret)
{
    struct wire_reader r = message_reader(message);
    struct wire_field field;
    int rc;

    *ret = (struct vsh_file_problem){.path = "", .text = ""};
    ret->id = wire_get_u32(&r);
    ret->status = wire_get_u8(&r);
    ret->code = wire_get_u8(&r);
    if (r.failed || !status_is_known(ret->status)) {
        return VSH_E_MALFORMED;
    }
    while ((rc = wire_get_field(&r, &field)) > 0) {
        if (take_problem_field(&field, ret) < 0) {
            return VSH_E_MALFORMED;
        }
    }
    return rc < 0 ? VSH_E_MALFORMED : 0;
}

int vsh_put_file_offer(struct vsh_queue *queue, const struct vsh_file_offer *offer)
{
    uint8_t payload[4 + 8 + VSH_FILE_DIGEST_SIZE];

    wire_store_u32(payload, offer->id);
    put_u64(payload + 4, offer->offset);
    memcpy(payload + 12, offer->digest, sizeof(offer->digest));
    return vsh_queue_put(queue, VSH_V2_FILE_OFFER, payload, sizeof(payload));
}

int vsh_get_file_offer(const struct vsh_message *message, struct vsh_file_offer *ret)
{
    struct wire_reader r = message_reader(message);

    ret->id = wire_get_u32(&r);
    ret->offset = wire_get_u64(&r);
    take_digest(&r, ret->digest);
    return message_end(&r);
}

int vsh_put_file_resume(struct vsh_queue *queue, uint64_t offset)
{
    uint8_t payload[8];

    put_u64(payload, offset);
    return vsh_queue_put(queue, VSH_V2_FILE_RESUME, payload, sizeof(payload));
}

int vsh_get_file_resume(const struct vsh_message *message, uint64_t *ret_offset)
{
    return get_u64(message, ret_offset);
}

int vsh_put_file_totals(struct vsh_queue *queue, uint32_t type,
                        const struct vsh_file_totals *totals)
{
    const uint64_t words[TOTALS_WORDS] = {
        totals->files,  totals->folders, totals->links,  totals->bytes,
        totals->reused, totals->skipped, totals->failed,
    };
    uint8_t payload[8 * TOTALS_WORDS];

    for (size_t i = 0; i < TOTALS_WORDS; i++) {
        put_u64(payload + 8 * i, words[i]);
    }
    return vsh_queue_put(queue, type, payload, sizeof(payload));
}

int vsh_get_file_totals(const struct vsh_message *message, struct vsh_file_totals *ret)
{
    struct wire_reader r = message_reader(message);

    ret->files = wire_get_u64(&r);
    ret->folders = wire_get_u64(&r);
    ret->links = wire_get_u64(&r);
    ret->bytes = wire_get_u64(&r);
    ret->reused = wire_get_u64(&r);
    ret->skipped = wire_get_u64(&r);
    ret->failed = wire_get_u64(&r);
    return message_end(&r);
}

int vsh_put_file_count(struct vsh_queue *queue, const struct vsh_file_count *count)
{
    uint8_t payload[17];

    put_u64(payload, count->files);
    put_u64(payload + 8, count->bytes);
    payload[16] = count->complete;
    return vsh_queue_put(queue, VSH_V2_FILE_COUNT, payload, sizeof(payload));
}

int vsh_get_file_count(const struct vsh_message *message, struct vsh_file_count *ret)
{
    struct wire_reader r = message_reader(message);

    ret->files = wire_get_u64(&r);
    ret->bytes = wire_get_u64(&r);
    uint8_t complete = wire_get_u8(&r);
    ret->complete = complete == 1;
    return complete > 1 ? VSH_E_MALFORMED : message_end(&r);
}
