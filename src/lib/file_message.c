/* SPDX-License-Identifier: MIT */
/*
 * Payloads that name files: PUT, GET and ENTRY. They begin with a checksum over the rest: the
 * content of a file has its digest, but nothing else would notice a bit that flips in a name, a
 * mode or a link's target. The other file frames are in file_message_data.c.
 */
#include <vsock-shell/file_message.h>

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "lib/message_wire.h"

enum request_field { REQUEST_PATH = 1, REQUEST_LIMIT = 2, REQUEST_EXCLUDE = 3, REQUEST_USER = 4 };

#define CHECK_SIZE    8u
#define REQUEST_FIXED (CHECK_SIZE + 4u)
#define ENTRY_FIXED   (CHECK_SIZE + 4u + 1u + 1u + 2u + 8u + 4u + 8u + 2u + 2u)
#define NS_PER_S      1000000000u

static uint64_t checksum(const uint8_t *payload, size_t length)
{
    return XXH3_64bits(payload + CHECK_SIZE, length - CHECK_SIZE);
}

static void store_checksum(uint8_t *payload, size_t length)
{
    struct wire_writer w = {.data = payload, .capacity = CHECK_SIZE};

    wire_put_u64(&w, checksum(payload, length));
}

/* Opens a reader behind the checksum; a wrong one makes it fail. */
static struct wire_reader checked_reader(const struct vsh_message *message)
{
    struct wire_reader r = message_reader(message);
    uint64_t check = wire_get_u64(&r);

    if (!r.failed && check != checksum(message->payload, message->length)) {
        r.failed = true;
    }
    return r;
}

static bool path_fits(const char *path)
{
    return strnlen(path, VSH_FILE_PATH_MAX + 1) <= VSH_FILE_PATH_MAX;
}

static const char *user_of(const struct vsh_file_request *request)
{
    return request->user ? request->user : "";
}

static size_t request_size(const struct vsh_file_request *request)
{
    size_t size = REQUEST_FIXED + text_field_size(request->path) + WIRE_FIELD_HEADER + 8 +
                  text_field_size(user_of(request));

    for (uint32_t i = 0; i < request->excludes; i++) {
        size += text_field_size(request->exclude[i]);
    }
    return size;
}

int vsh_put_file_request(struct vsh_queue *queue, uint32_t type,
                         const struct vsh_file_request *request)
{
    uint8_t *payload;

    if ((request->flags & ~VSH_FILE_ALL_FLAGS) != 0 || !path_fits(request->path) ||
        request->excludes > VSH_FILE_EXCLUDES_MAX) {
        return -EINVAL;
    }
    size_t size = request_size(request);
    int rc = vsh_queue_reserve(queue, type, size, &payload);
    if (rc < 0) {
        return rc;
    }

    struct wire_writer w = {.data = payload, .capacity = size};
    wire_put_u64(&w, 0);
    wire_put_u32(&w, request->flags);
    wire_put_field_string(&w, REQUEST_PATH | WIRE_REQUIRED, request->path);
    if (request->limit > 0) {
        wire_put_field_u64(&w, REQUEST_LIMIT, request->limit);
    }
    for (uint32_t i = 0; i < request->excludes; i++) {
        wire_put_field_string(&w, REQUEST_EXCLUDE | WIRE_REQUIRED, request->exclude[i]);
    }
    if (*user_of(request) != '\0') {
        wire_put_field_string(&w, REQUEST_USER | WIRE_REQUIRED, request->user);
    }
    store_checksum(payload, w.length);
    vsh_queue_commit(queue, w.failed ? SIZE_MAX : w.length);
    return w.failed ? -EINVAL : 0;
}

static int take_request_field(const struct wire_field *field, struct vsh_file_request *ret)
{
    switch (field->tag & ~WIRE_REQUIRED) {
    case REQUEST_PATH:
        if (ret->path) {
            return VSH_E_MALFORMED;
        }
        return wire_field_string(field, &ret->path);
    case REQUEST_USER:
        if (ret->user) {
            return VSH_E_MALFORMED;
        }
        return wire_field_string(field, &ret->user);
    case REQUEST_LIMIT:
        return wire_field_u64(field, &ret->limit);
    case REQUEST_EXCLUDE:
        if (ret->excludes == VSH_FILE_EXCLUDES_MAX) {
            return VSH_E_MALFORMED;
        }
        return wire_field_string(field, &ret->exclude[ret->excludes++]);
    default:
        return message_unknown_field(field);
    }
}

int vsh_get_file_request(const struct vsh_message *message, struct vsh_file_request *ret)
{
    struct wire_reader r = checked_reader(message);
    struct wire_field field;
    int rc;

    *ret = (struct vsh_file_request){.flags = wire_get_u32(&r)};
    if (r.failed || (ret->flags & ~VSH_FILE_ALL_FLAGS) != 0) {
        return VSH_E_MALFORMED;
    }
    while ((rc = wire_get_field(&r, &field)) > 0) {
        if (take_request_field(&field, ret) < 0) {
            return VSH_E_MALFORMED;
        }
    }
    return rc < 0 || !ret->path || !path_fits(ret->path) ? VSH_E_MALFORMED : 0;
}

/* What both ends agree on about an entry; the name is the receiver's to judge. */
static bool entry_is_sane(const struct vsh_file_entry *entry)
{
    bool link = entry->kind == VSH_FILE_LINK;

    return entry->id != 0 && entry->kind >= VSH_FILE_REGULAR && entry->kind <= VSH_FILE_STREAM &&
           (entry->flags & ~(VSH_FILE_ENTRY_ASK | VSH_FILE_ENTRY_BARE)) == 0 &&
           entry->mode <= 07777 && entry->mtime_ns < NS_PER_S && entry->size <= INT64_MAX &&
           (entry->size == 0 || entry->kind == VSH_FILE_REGULAR) &&
           link == (entry->target_length > 0) && entry->target_length <= VSH_FILE_PATH_MAX &&
           (!link || !memchr(entry->target, '\0', entry->target_length));
}

int vsh_put_file_entry(struct vsh_queue *queue, const struct vsh_file_entry *entry)
{
    uint8_t *payload;

    if (!entry_is_sane(entry)) {
        return -EINVAL;
    }
    size_t size = ENTRY_FIXED + entry->name_length + (size_t)entry->target_length;
    int rc = vsh_queue_reserve(queue, VSH_V2_FILE_ENTRY, size, &payload);
    if (rc < 0) {
        return rc;
    }

    struct wire_writer w = {.data = payload, .capacity = size};
    wire_put_u64(&w, 0);
    wire_put_u32(&w, entry->id);
    wire_put_u8(&w, entry->kind);
    wire_put_u8(&w, entry->flags);
    wire_put_u16(&w, entry->mode);
    wire_put_u64(&w, (uint64_t)entry->mtime_s);
    wire_put_u32(&w, entry->mtime_ns);
    wire_put_u64(&w, entry->size);
    wire_put_u16(&w, entry->name_length);
    wire_put_u16(&w, entry->target_length);
    wire_put_bytes(&w, entry->name, entry->name_length);
    wire_put_bytes(&w, entry->target, entry->target_length);
    store_checksum(payload, size);
    vsh_queue_commit(queue, size);
    return 0;
}

int vsh_get_file_entry(const struct vsh_message *message, struct vsh_file_entry *ret)
{
    struct wire_reader r = checked_reader(message);

    ret->id = wire_get_u32(&r);
    ret->kind = wire_get_u8(&r);
    ret->flags = wire_get_u8(&r);
    ret->mode = wire_get_u16(&r);
    ret->mtime_s = (int64_t)wire_get_u64(&r);
    ret->mtime_ns = wire_get_u32(&r);
    ret->size = wire_get_u64(&r);
    ret->name_length = wire_get_u16(&r);
    ret->target_length = wire_get_u16(&r);
    ret->name = (const char *)wire_get_bytes(&r, ret->name_length);
    ret->target = (const char *)wire_get_bytes(&r, ret->target_length);
    return message_end(&r) < 0 || !entry_is_sane(ret) ? VSH_E_MALFORMED : 0;
}
