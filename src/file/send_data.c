/* SPDX-License-Identifier: MIT */
/*
 * The content of one file: read straight into frames, hashed on the way, holes sent as their
 * length. What was announced is what is sent: a file that changes meanwhile is given up.
 */
#include "file/send_state.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <vsock-shell/error.h>

#include "base/fd.h"
#include "file/reason.h"

#define PAGE            4096u
#define READAHEAD_BYTES (1024u * 1024u)

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void send_file_begin(struct file_sender *sender)
{
    struct send_file *file = &sender->file;

    file_digest_reset(sender->digest);
    file->offset = 0;
    file->data_end = 0;
    file->may_have_holes =
        file->kind == VSH_FILE_REGULAR && (uint64_t)file->st.st_blocks * 512 < file->size;
    if (file->size >= READAHEAD_BYTES) {
        (void)posix_fadvise(file->fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* a hint */
    }
}

void send_file_close(struct file_sender *sender)
{
    struct send_file *file = &sender->file;

    if (file->fd >= 0 && !file->borrowed) {
        (void)close(file->fd);
    }
    file->fd = -1;
    file->refused = false;
}

/* The file is over, one way or the other: back to the walk. */
static int leave_file(struct file_sender *sender, int rc)
{
    send_file_close(sender);
    sender->state = SEND_WALK;
    return rc < 0 ? rc : 1;
}

static int put_abort(struct file_sender *sender)
{
    return leave_file(sender, vsh_put_file_mark(sender->options.queue, VSH_V2_FILE_ABORT));
}

static int give_file_up(struct file_sender *sender, enum vsh_file_code code, const char *text)
{
    const struct file_item item = send_item(sender);
    const struct vsh_file_problem problem = {
        .id = item.id,
        .status = VSH_FILE_FAILED,
        .code = (uint8_t)code,
        .path = item.path,
        .text = text,
    };
    int rc = send_problem(sender, &problem);

    return rc < 0 ? rc : put_abort(sender);
}

static int file_changed(struct file_sender *sender)
{
    return give_file_up(sender, VSH_FILE_CODE_CHANGED, "it changed while it was read");
}

static int read_failed(struct file_sender *sender, int error)
{
    char text[VSH_FILE_TEXT_MAX + 1];

    return give_file_up(sender, VSH_FILE_CODE_SOURCE,
                        file_sentence(text, sizeof(text), "read it", error));
}

static void tell_moved(const struct file_sender *sender, uint64_t bytes, bool reused)
{
    if (bytes > 0 && sender->options.events.moved) {
        sender->options.events.moved(sender->options.events.data, bytes, reused);
    }
}

static ssize_t read_at(const struct send_file *file, void *place, size_t size)
{
    ssize_t count;

    do {
        count = file->kind == VSH_FILE_REGULAR ? pread(file->fd, place, size, (off_t)file->offset)
                                               : read(file->fd, place, size);
    } while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

static int end_file(struct file_sender *sender)
{
    struct send_file *file = &sender->file;
    struct vsh_file_end end = {.size = file->offset};
    struct stat now;

    if (file->kind == VSH_FILE_REGULAR) {
        if (fstat(file->fd, &now) < 0) {
            return read_failed(sender, -errno);
        }
        if (now.st_size != file->st.st_size || now.st_mtim.tv_sec != file->st.st_mtim.tv_sec ||
            now.st_mtim.tv_nsec != file->st.st_mtim.tv_nsec) {
            return file_changed(sender);
        }
    }
    file_digest_result(sender->digest, end.digest);
    int rc = vsh_put_file_end(sender->options.queue, &end);
    if (rc == 0 && sender->options.events.finished) {
        struct file_item item = send_item(sender);
        item.size = file->offset;
        item.has_digest = true;
        memcpy(item.digest, end.digest, sizeof(item.digest));
        sender->options.events.finished(sender->options.events.data, &item);
    }
    return leave_file(sender, rc);
}

/*
 * At the end of known data: looks where data goes on. Returns the length of the hole here, 0 for
 * data. A file system that cannot tell has no holes.
 */
static uint64_t find_hole(struct send_file *file)
{
    off_t data = lseek(file->fd, (off_t)file->offset, SEEK_DATA);

    if (data < 0 && errno == ENXIO) {
        return file->size - file->offset;
    }
    if (data > (off_t)file->offset) {
        return least((uint64_t)data, file->size) - file->offset;
    }
    off_t hole = data < 0 ? -1 : lseek(file->fd, data, SEEK_HOLE);
    file->data_end = hole < 0 ? file->size : least((uint64_t)hole, file->size);
    return 0;
}

static int send_hole(struct file_sender *sender, uint64_t length)
{
    length = least(length, VSH_FILE_HOLE_MAX);
    int rc = vsh_put_file_hole(sender->options.queue, length);
    if (rc < 0) {
        return rc;
    }
    file_digest_zeros(sender->digest, length);
    sender->file.offset += length;
    tell_moved(sender, length, false);
    return 1;
}

/* Bytes to read now: a big frame or none, unless little is left; 0 with wants set = wait. */
static size_t chunk_size(struct file_sender *sender)
{
    const struct send_file *file = &sender->file;
    uint64_t wanted = least(VSH_FILE_CHUNK, vsh_queue_send_max(sender->options.queue));
    size_t room = vsh_queue_bulk_room(sender->options.queue);

    if (file->kind == VSH_FILE_REGULAR) {
        uint64_t end = file->may_have_holes ? file->data_end : file->size;
        wanted = least(wanted, end - file->offset);
    }
    if (room < wanted && room < VSH_FILE_CHUNK / 4) {
        return 0;
    }
    wanted = least(wanted, room);
    if (wanted > PAGE && wanted == room) {
        wanted -= wanted % PAGE;
    }
    size_t allowed = file_limit_room(&sender->limit, (size_t)wanted, monotonic_ms());
    if (allowed == 0) {
        sender->wants.wait_ms = file_limit_wait_ms(&sender->limit, (size_t)wanted);
    }
    return allowed;
}

/* A pipe or terminal must not stop the owner's loop. */
static bool stream_is_ready(struct file_sender *sender)
{
    struct pollfd pfd = {.fd = sender->file.fd, .events = POLLIN};

    if (!sender->file.borrowed || poll(&pfd, 1, 0) != 0) {
        return true;
    }
    sender->wants.fd = sender->file.fd;
    sender->wants.events = POLLIN;
    return false;
}

static int send_chunk(struct file_sender *sender, size_t size)
{
    struct send_file *file = &sender->file;
    uint8_t *place;
    int rc = vsh_queue_reserve(sender->options.queue, VSH_V2_FILE_DATA, size, &place);

    if (rc < 0) {
        return rc;
    }
    ssize_t count = read_at(file, place, size);
    if (count <= 0) {
        vsh_queue_commit(sender->options.queue, SIZE_MAX);
        if (count == -EAGAIN && file->borrowed) {
            sender->wants.fd = file->fd;
            sender->wants.events = POLLIN;
            return 0;
        }
        if (count < 0) {
            return read_failed(sender, (int)count);
        }
        return file->kind == VSH_FILE_REGULAR ? file_changed(sender) : end_file(sender);
    }
    file_digest_update(sender->digest, place, (size_t)count);
    vsh_queue_commit(sender->options.queue, (size_t)count);
    file_limit_take(&sender->limit, (size_t)count);
    file->offset += (uint64_t)count;
    tell_moved(sender, (uint64_t)count, false);
    return 1;
}

int send_data_piece(struct file_sender *sender)
{
    struct send_file *file = &sender->file;

    if (!send_has_room(sender)) {
        return 0;
    }
    if (file->refused) {
        return put_abort(sender);
    }
    if (file->kind == VSH_FILE_REGULAR && file->offset == file->size) {
        return end_file(sender);
    }
    if (file->may_have_holes && file->offset >= file->data_end) {
        uint64_t hole = find_hole(file);
        if (hole > 0) {
            return send_hole(sender, hole);
        }
    }
    if (file->kind == VSH_FILE_STREAM && !stream_is_ready(sender)) {
        return 0;
    }
    size_t size = chunk_size(sender);
    return size > 0 ? send_chunk(sender, size) : 0;
}

/* The answer to the offer: go on behind the prefix if both have the same one. */
static int put_resume(struct file_sender *sender)
{
    struct send_file *file = &sender->file;
    uint8_t ours[VSH_FILE_DIGEST_SIZE];

    file_digest_result(sender->digest, ours);
    if (memcmp(ours, file->offer.digest, sizeof(ours)) != 0) {
        file_digest_reset(sender->digest);
        file->offset = 0;
    }
    int rc = vsh_put_file_resume(sender->options.queue, file->offset);
    file->data_end = file->offset;
    tell_moved(sender, file->offset, true);
    sender->state = SEND_DATA;
    return rc < 0 ? rc : 1;
}

int send_prefix_piece(struct file_sender *sender)
{
    struct send_file *file = &sender->file;
    uint64_t left = file->offer.offset - file->offset;

    if (!send_has_room(sender)) {
        return 0;
    }
    if (left == 0) {
        return put_resume(sender);
    }
    ssize_t count = read_at(file, sender->buffer, (size_t)least(left, VSH_FILE_CHUNK));
    if (count < 0) {
        return read_failed(sender, (int)count);
    }
    if (count == 0) {
        return file_changed(sender);
    }
    file_digest_update(sender->digest, sender->buffer, (size_t)count);
    file->offset += (uint64_t)count;
    return 1;
}
