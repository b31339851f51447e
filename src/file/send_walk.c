/* SPDX-License-Identifier: MIT */
/* From the walk to ENTRY and LEAVE frames, and the second walk that only counts. */
#include "file/send_state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "file/reason.h"

#define COUNT_PIECE 64 /* entries that the counter looks at per piece of the sender's work */

int send_problem(struct file_sender *sender, const struct vsh_file_problem *problem)
{
    if (problem->status == VSH_FILE_FAILED) {
        sender->totals.failed++;
    } else {
        sender->totals.skipped++;
    }
    if (sender->options.events.problem) {
        sender->options.events.problem(sender->options.events.data, problem, false);
    }
    return vsh_put_file_problem(sender->options.queue, problem);
}

int send_failure(struct file_sender *sender, const char *path, const char *act, int error)
{
    char text[VSH_FILE_TEXT_MAX + 1];
    const struct vsh_file_problem problem = {
        .status = VSH_FILE_FAILED,
        .code = VSH_FILE_CODE_SOURCE,
        .path = path,
        .text = file_sentence(text, sizeof(text), act, error),
    };

    return send_problem(sender, &problem);
}

static int skip_special(struct file_sender *sender)
{
    const struct vsh_file_problem problem = {
        .status = VSH_FILE_SKIPPED,
        .code = VSH_FILE_CODE_SPECIAL,
        .path = sender->item.path,
        .text = "skipped: it is a device, a pipe or a socket",
    };

    return send_problem(sender, &problem);
}

static void tell_started(const struct file_sender *sender)
{
    struct file_item item = send_item(sender);

    if (sender->options.events.started) {
        sender->options.events.started(sender->options.events.data, &item);
    }
}

/* Sends the ENTRY of sender->file, named and described by sender->item. */
static int put_entry(struct file_sender *sender, uint8_t flags)
{
    const struct send_file *file = &sender->file;
    const struct file_walk_item *item = &sender->item;
    const struct stat *st = &file->st;
    bool link = file->kind == VSH_FILE_LINK;
    const struct vsh_file_entry entry = {
        .id = file->id,
        .kind = (uint8_t)file->kind,
        .flags = flags,
        .mode = st->st_mode & 07777,
        .mtime_s = st->st_mtim.tv_sec,
        .mtime_ns = (uint32_t)st->st_mtim.tv_nsec,
        .size = file->size,
        .name = item->name,
        .name_length = (uint16_t)strlen(item->name),
        .target = link ? item->target : NULL,
        .target_length = link ? (uint16_t)strlen(item->target) : 0,
    };
    int rc = vsh_put_file_entry(sender->options.queue, &entry);

    if (rc == 0) {
        tell_started(sender);
    }
    return rc;
}

static int enter_folder(struct file_sender *sender)
{
    /* Before the ENTRY: a folder that we cannot read should not appear empty over there. */
    int rc = file_walk_enter(sender->walk);
    if (rc == -E2BIG) {
        const struct vsh_file_problem problem = {
            .status = VSH_FILE_FAILED,
            .code = VSH_FILE_CODE_SOURCE,
            .path = sender->item.path,
            .text = "it lies deeper than 256 folders in folders, which is the limit",
        };
        return send_problem(sender, &problem);
    }
    if (rc < 0) {
        return send_failure(sender, sender->item.path, "open the folder", rc);
    }
    sender->folders[file_walk_depth(sender->walk) - 1] = sender->file.id;
    return put_entry(sender, 0);
}

static int send_link(struct file_sender *sender)
{
    int rc = put_entry(sender, 0);
    struct file_item item = send_item(sender);

    if (rc == 0 && sender->options.events.finished && !(sender->options.flags & VSH_FILE_DRY_RUN)) {
        sender->options.events.finished(sender->options.events.data, &item);
    }
    return rc;
}

/* Files of the kernel say a size that is not theirs: 0 in /proc, a page in /sys. */
static bool size_is_a_lie(int fd, const struct stat *st)
{
    struct statfs fs;
    char byte;

    if (st->st_blocks != 0) {
        return false;
    }
    if (st->st_size == 0) {
        return pread(fd, &byte, 1, 0) > 0;
    }
    return fstatfs(fd, &fs) == 0 && (fs.f_type == SYSFS_MAGIC || fs.f_type == PROC_SUPER_MAGIC);
}

static int open_file(struct file_sender *sender)
{
    struct send_file *file = &sender->file;
    cleanup_close int fd = file_walk_open(sender->walk, &file->st);

    if (fd < 0) {
        return send_failure(sender, sender->item.path, "open it", fd);
    }
    if (size_is_a_lie(fd, &file->st)) {
        file->kind = VSH_FILE_STREAM;
    } else {
        file->size = (uint64_t)file->st.st_size;
    }
    if (sender->options.flags & VSH_FILE_DRY_RUN) {
        return put_entry(sender, 0);
    }

    bool ask = (sender->options.flags & VSH_FILE_RESUME) && file->size >= VSH_FILE_CHUNK;
    int rc = put_entry(sender, ask ? VSH_FILE_ENTRY_ASK : 0);
    if (rc < 0) {
        return rc;
    }
    file->fd = take_fd(&fd);
    send_file_begin(sender);
    sender->state = ask ? SEND_OFFER : SEND_DATA;
    return 0;
}

int send_stream_entry(struct file_sender *sender)
{
    struct send_file *file = &sender->file;

    *file = (struct send_file){.fd = -1, .id = ++sender->last_id, .kind = VSH_FILE_STREAM};
    sender->item.name = "";
    int rc = put_entry(sender, VSH_FILE_ENTRY_BARE);
    if (rc < 0 || (sender->options.flags & VSH_FILE_DRY_RUN)) {
        return rc;
    }
    file->fd = sender->options.stream_fd;
    file->borrowed = true;
    send_file_begin(sender);
    sender->state = SEND_DATA;
    return 0;
}

/*
 * Takes an id for the entry and sends it by kind. When it turns out that it cannot be read, the id
 * is given back: the receiver has never heard of it.
 */
static int send_entry(struct file_sender *sender)
{
    uint64_t failed = sender->totals.failed;
    int rc;

    sender->file = (struct send_file){
        .fd = -1,
        .id = ++sender->last_id,
        .kind = sender->item.kind,
        .st = sender->item.st,
    };
    switch (sender->item.kind) {
    case VSH_FILE_FOLDER:
        rc = enter_folder(sender);
        break;
    case VSH_FILE_LINK:
        rc = send_link(sender);
        break;
    default:
        rc = open_file(sender);
        break;
    }
    if (sender->totals.failed > failed) {
        sender->last_id--;
    }
    return rc;
}

static int send_done(struct file_sender *sender)
{
    int rc = vsh_put_file_totals(sender->options.queue, VSH_V2_FILE_DONE, &sender->totals);

    file_walk_free(sender->counter); /* nothing may follow DONE */
    sender->counter = NULL;
    sender->state = SEND_ACK;
    return rc;
}

static int send_leave(struct file_sender *sender)
{
    if (sender->prune_to != UINT_MAX && file_walk_depth(sender->walk) <= sender->prune_to) {
        sender->prune_to = UINT_MAX;
    }
    return vsh_put_file_mark(sender->options.queue, VSH_V2_FILE_LEAVE);
}

int send_walk_piece(struct file_sender *sender)
{
    struct file_walk_item *item = &sender->item;
    int rc = 0;

    if (!send_has_room(sender)) {
        return 0;
    }
    if (!sender->walk) {
        rc = sender->last_id == 0 ? send_stream_entry(sender) : send_done(sender);
        return rc < 0 ? rc : 1;
    }
    if (sender->prune_to != UINT_MAX) {
        file_walk_prune(sender->walk);
    }
    switch (file_walk_next(sender->walk, item)) {
    case FILE_WALK_END:
        rc = send_done(sender);
        break;
    case FILE_WALK_ENTRY:
        rc = send_entry(sender);
        break;
    case FILE_WALK_LEAVE:
        rc = send_leave(sender);
        break;
    case FILE_WALK_SPECIAL:
        rc = skip_special(sender);
        break;
    case FILE_WALK_ERROR:
        rc = send_failure(sender, item->path, item->act, item->error);
        break;
    }
    return rc < 0 ? rc : 1;
}

/* Counts what it is told; a folder that cannot be entered is the other walk's to complain of. */
static void count_one(struct file_sender *sender)
{
    const struct file_walk_item *item = &sender->counted_item;

    switch (file_walk_next(sender->counter, &sender->counted_item)) {
    case FILE_WALK_END:
        sender->count.complete = true;
        break;
    case FILE_WALK_ENTRY:
        if (item->kind == VSH_FILE_FOLDER) {
            (void)file_walk_enter(sender->counter);
            break;
        }
        sender->count.files++;
        if (item->kind == VSH_FILE_REGULAR) {
            sender->count.bytes += (uint64_t)item->st.st_size;
        }
        break;
    case FILE_WALK_LEAVE:
    case FILE_WALK_SPECIAL:
    case FILE_WALK_ERROR:
        break;
    }
}

int send_count_piece(struct file_sender *sender)
{
    if (!sender->counter || !send_has_room(sender)) {
        return 0;
    }
    uint64_t before = sender->count.files;
    for (int i = 0; i < COUNT_PIECE && !sender->count.complete; i++) {
        count_one(sender);
    }
    if (!sender->count.complete && before / 4096 == sender->count.files / 4096) {
        return 0; /* every now and then is enough for a number that grows */
    }
    if (sender->count.complete) {
        file_walk_free(sender->counter);
        sender->counter = NULL;
    }
    if (sender->options.events.counted) {
        sender->options.events.counted(sender->options.events.data, &sender->count);
    }
    return vsh_put_file_count(sender->options.queue, &sender->count);
}
