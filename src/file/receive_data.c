/* SPDX-License-Identifier: MIT */
/*
 * The content of one file: staged (or passed on to a stream), hashed, compared, published. The
 * sender is held to the size it announced.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vsock-shell/error.h>

#include "file/receive_state.h"

static bool to_stream(const struct file_receiver *receiver)
{
    return receiver->destination == NULL;
}

static void forget_file(struct file_receiver *receiver, enum receive_state next)
{
    file_stage_discard(&receiver->stage);
    receiver->stream.length = 0;
    receiver->stream.zeros = 0;
    receiver->state = next;
}

/* The file fails here; the rest of it still comes for a while. */
static int drop_file(struct file_receiver *receiver, const char *act, int error)
{
    forget_file(receiver, RECEIVE_SKIP);
    return receive_failed(receiver, act, error);
}

static void tell_moved(const struct file_receiver *receiver, uint64_t bytes, bool reused)
{
    if (bytes > 0 && receiver->options.events.moved) {
        receiver->options.events.moved(receiver->options.events.data, bytes, reused);
    }
}

/* With --resume a file of the same size and time counts as the same, as rsync does it. */
static bool is_unchanged(const struct file_receiver *receiver, int dir_fd, const char *name)
{
    const struct vsh_file_entry *entry = &receiver->entry;
    struct stat st;

    return (receiver->options.flags & VSH_FILE_RESUME) && entry->kind == VSH_FILE_REGULAR &&
           dir_fd >= 0 && fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(st.st_mode) && (uint64_t)st.st_size == entry->size &&
           st.st_mtim.tv_sec == entry->mtime_s && (uint32_t)st.st_mtim.tv_nsec == entry->mtime_ns;
}

static int begin_dry(struct file_receiver *receiver, int dir_fd, const char *name)
{
    struct stat st;

    if (dir_fd >= 0 && fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        if (receiver->options.flags & VSH_FILE_NO_CLOBBER) {
            return receive_skipped(receiver, VSH_FILE_CODE_EXISTS, "skipped: it exists already");
        }
        if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode)) {
            return receive_failed(receiver, "create the file",
                                  S_ISDIR(st.st_mode) ? -EISDIR : -ENOTSUP);
        }
    }
    receive_tell_started(receiver);
    receiver->totals.files++;
    receiver->totals.bytes += receiver->entry.size;
    return receive_settled(receiver);
}

/* Small files are not resumed, so no later attempt has to find what is left of this one. In a
 * folder that was there before, something may be left of an attempt that staged the file the other
 * way. The lock is asked for when the first file needs it: many folders have none. */
static uint32_t folder_flags(struct file_receiver *receiver)
{
    const struct vsh_file_entry *entry = &receiver->entry;
    bool small = entry->kind == VSH_FILE_REGULAR && entry->size < VSH_FILE_CHUNK &&
                 !(entry->flags & VSH_FILE_ENTRY_ASK);

    if (receiver->depth == 0) {
        return 0;
    }
    struct receive_level *level = &receiver->levels[receiver->depth - 1];
    if (!small && level->is_new) {
        return 0;
    }
    if (!level->asked_lock) {
        level->asked_lock = true;
        level->locked = file_stage_lock_folder(level->fd);
    }
    if (!level->locked) {
        return 0;
    }
    return (small ? FILE_STAGE_ALONE : 0) | (level->is_new ? 0 : FILE_STAGE_TIDY);
}

static uint32_t stage_flags(struct file_receiver *receiver)
{
    uint32_t flags = receiver->options.flags;
    uint32_t result = 0;

    if (flags & VSH_FILE_NO_CLOBBER) {
        result |= FILE_STAGE_NEW;
    }
    if (flags & VSH_FILE_SYNC) {
        result |= FILE_STAGE_SYNC;
    }
    if (receiver->entry.flags & VSH_FILE_ENTRY_ASK) {
        result |= FILE_STAGE_RESUME;
    }
    return result | folder_flags(receiver);
}

static int put_offer(struct file_receiver *receiver)
{
    struct vsh_file_offer offer = {.id = receiver->entry.id, .offset = receiver->offset};

    file_digest_result(receiver->digest, offer.digest);
    receiver->offered = receiver->offset;
    receiver->state = RECEIVE_OFFERED;
    return vsh_put_file_offer(receiver->options.queue, &offer);
}

/* The sender waits for an offer. What cannot be a beginning of its file is thrown away first. */
static int begin_offer(struct file_receiver *receiver)
{
    struct file_stage *stage = &receiver->stage;
    int rc = 0;

    if (to_stream(receiver)) {
        return put_offer(receiver);
    }
    if (stage->size > receiver->entry.size || stage->size < VSH_FILE_CHUNK) {
        rc = file_stage_restart(stage);
    }
    if (rc < 0) {
        return drop_file(receiver, "write it", rc);
    }
    if (stage->size == 0) {
        return put_offer(receiver);
    }
    receiver->state = RECEIVE_PREFIX;
    return 0;
}

int receive_file_begin(struct file_receiver *receiver, int dir_fd, const char *name)
{
    bool dry = receiver->options.flags & VSH_FILE_DRY_RUN;

    if (is_unchanged(receiver, dir_fd, name)) {
        receiver->state = dry ? RECEIVE_IDLE : RECEIVE_SKIP;
        if (!dry && receiver->entry.size >= VSH_FILE_CHUNK) {
            file_stage_forget(dir_fd, name);
        }
        return receive_skipped(receiver, VSH_FILE_CODE_UNCHANGED,
                               "skipped: size and time are the same");
    }
    if (dry) {
        return begin_dry(receiver, dir_fd, name);
    }
    int rc = to_stream(receiver)
                 ? 0
                 : file_stage_open(&receiver->stage, dir_fd, name, stage_flags(receiver));
    if (rc < 0) {
        receiver->state = RECEIVE_SKIP;
        if (rc == -EEXIST && (receiver->options.flags & VSH_FILE_NO_CLOBBER)) {
            return receive_skipped(receiver, VSH_FILE_CODE_EXISTS, "skipped: it exists already");
        }
        return receive_failed(receiver, "create the file", rc);
    }
    receive_tell_started(receiver);
    receiver->offset = 0;
    receiver->reused = 0;
    receiver->state = RECEIVE_DATA;
    file_digest_reset(receiver->digest);
    return receiver->entry.flags & VSH_FILE_ENTRY_ASK ? begin_offer(receiver) : 0;
}

int receive_prefix_piece(struct file_receiver *receiver)
{
    const struct file_stage *stage = &receiver->stage;
    uint64_t left = stage->size - receiver->offset;

    if (left == 0) {
        return put_offer(receiver);
    }
    ssize_t count =
        pread(stage->fd, receiver->buffer, left < VSH_FILE_CHUNK ? (size_t)left : VSH_FILE_CHUNK,
              (off_t)receiver->offset);
    if (count < 0 && errno != EINTR) {
        return drop_file(receiver, "read what an earlier copy left", -errno);
    }
    if (count == 0) {
        return drop_file(receiver, "read what an earlier copy left", -EIO);
    }
    if (count > 0) {
        file_digest_update(receiver->digest, receiver->buffer, (size_t)count);
        receiver->offset += (uint64_t)count;
    }
    return 0;
}

int receive_resume(struct file_receiver *receiver, const struct vsh_message *message)
{
    uint64_t offset;

    if (vsh_get_file_resume(message, &offset) < 0) {
        return VSH_E_MALFORMED;
    }
    if (receiver->state == RECEIVE_SKIP) {
        return 0;
    }
    if (receiver->state != RECEIVE_OFFERED || (offset != 0 && offset != receiver->offered)) {
        return VSH_E_MALFORMED;
    }
    receiver->state = RECEIVE_DATA;
    receiver->offset = offset;
    receiver->reused = offset;
    tell_moved(receiver, offset, true);
    if (offset > 0 || to_stream(receiver)) {
        return 0;
    }
    /* Nothing here, or nothing that the sender recognises. */
    file_digest_reset(receiver->digest);
    int rc = file_stage_restart(&receiver->stage);
    return rc < 0 ? drop_file(receiver, "write it", rc) : 0;
}

/* More than was announced? Returns 1 when the bytes are to be taken, 0 when they are dropped. */
static int check_content(struct file_receiver *receiver, uint64_t length)
{
    const struct vsh_file_entry *entry = &receiver->entry;

    if (receiver->state == RECEIVE_SKIP) {
        return 0;
    }
    if (receiver->state != RECEIVE_DATA || length == 0) {
        return VSH_E_MALFORMED;
    }
    if (entry->kind == VSH_FILE_REGULAR ? length > entry->size - receiver->offset
                                        : length > INT64_MAX - receiver->offset) {
        return receive_fail(receiver, VSH_E_MALFORMED,
                            "the sender sent more than the %llu bytes that it announced: refused",
                            (unsigned long long)entry->size);
    }
    return 1;
}

static int content_taken(struct file_receiver *receiver, uint64_t length, int rc)
{
    if (rc < 0) {
        return drop_file(receiver, "write it", rc);
    }
    receiver->offset += length;
    tell_moved(receiver, length, false);
    return 0;
}

int receive_data(struct file_receiver *receiver, const struct vsh_message *message)
{
    int rc = check_content(receiver, message->length);

    if (rc <= 0) {
        return rc;
    }
    file_digest_update(receiver->digest, message->payload, message->length);
    rc = to_stream(receiver)
             ? receive_stream_put(receiver, message->payload, message->length)
             : file_stage_write(&receiver->stage, message->payload, message->length);
    return content_taken(receiver, message->length, rc);
}

int receive_hole(struct file_receiver *receiver, const struct vsh_message *message)
{
    uint64_t length;

    if (vsh_get_file_hole(message, &length) < 0) {
        return VSH_E_MALFORMED;
    }
    int rc = check_content(receiver, length);
    if (rc <= 0) {
        return rc;
    }
    file_digest_zeros(receiver->digest, length);
    rc = to_stream(receiver) ? receive_stream_zeros(receiver, length)
                             : file_stage_hole(&receiver->stage, length);
    return content_taken(receiver, length, rc);
}

static int publish(struct file_receiver *receiver, const uint8_t digest[VSH_FILE_DIGEST_SIZE])
{
    const struct vsh_file_entry *entry = &receiver->entry;
    const struct file_meta meta = {
        .bare = entry->flags & VSH_FILE_ENTRY_BARE,
        .mode = entry->mode,
        .mtime = {.tv_sec = entry->mtime_s, .tv_nsec = entry->mtime_ns},
    };
    int rc = to_stream(receiver) ? 0 : file_stage_publish(&receiver->stage, &meta);

    if (rc == -EEXIST && (receiver->options.flags & VSH_FILE_NO_CLOBBER)) {
        return receive_skipped(receiver, VSH_FILE_CODE_EXISTS, "skipped: it exists already");
    }
    if (rc < 0) {
        return receive_failed(receiver, "put the finished file in its place", rc);
    }
    receiver->totals.files++;
    receiver->totals.bytes += receiver->offset;
    receiver->totals.reused += receiver->reused;

    struct file_item item = receive_item(receiver);
    item.size = receiver->offset;
    item.has_digest = true;
    memcpy(item.digest, digest, sizeof(item.digest));
    receive_tell_finished(receiver, &item);
    return receive_settled(receiver);
}

int receive_end(struct file_receiver *receiver, const struct vsh_message *message)
{
    struct vsh_file_end end;
    uint8_t digest[VSH_FILE_DIGEST_SIZE];

    if (vsh_get_file_end(message, &end) < 0) {
        return VSH_E_MALFORMED;
    }
    if (receiver->state == RECEIVE_SKIP) {
        receiver->state = RECEIVE_IDLE;
        return receive_settled(receiver);
    }
    if (receiver->state != RECEIVE_DATA || end.size != receiver->offset) {
        return VSH_E_MALFORMED;
    }
    if (receiver->entry.kind == VSH_FILE_REGULAR && end.size != receiver->entry.size) {
        return receive_fail(receiver, VSH_E_MALFORMED,
                            "the sender sent %llu of the %llu bytes that it announced: refused",
                            (unsigned long long)end.size, (unsigned long long)receiver->entry.size);
    }
    file_digest_result(receiver->digest, digest);
    if (memcmp(digest, end.digest, sizeof(digest)) != 0) {
        const struct vsh_file_problem problem = {
            .id = receiver->entry.id,
            .status = VSH_FILE_FAILED,
            .code = VSH_FILE_CODE_DIGEST,
            .path = receiver->path.text,
            .text = to_stream(receiver)
                        ? "it arrived damaged: what was written is not what was read"
                        : "it arrived damaged; the target was left as it was. Try again",
        };
        forget_file(receiver, RECEIVE_IDLE);
        return receive_problem(receiver, &problem);
    }
    receiver->state = RECEIVE_IDLE;
    return publish(receiver, digest);
}

int receive_abort(struct file_receiver *receiver, const struct vsh_message *message)
{
    if (vsh_get_file_mark(message) < 0 || receiver->state == RECEIVE_IDLE) {
        return VSH_E_MALFORMED;
    }
    forget_file(receiver, RECEIVE_IDLE);
    return receive_settled(receiver);
}
