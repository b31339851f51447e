/* SPDX-License-Identifier: MIT */
/*
 * Life, loop and incoming frames of the sender. The walk is in send_walk.c, the content in
 * send_data.c.
 */
#include "file/send.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vsock-shell/error.h>

#include "base/fd.h"
#include "file/send_state.h"

/* Then the owner's loop gets its turn. */
#define STEP_PIECES 256
#define STEP_BYTES  (4u * 1024u * 1024u)
/* A slow file system must hold up neither what is queued nor the owner's signals. */
#define STEP_MS    50
#define FRAME_ROOM 6144u

static int copy_patterns(struct file_sender *sender, const struct file_sender_options *options)
{
    sender->patterns = calloc((size_t)options->excludes + 1, sizeof(*sender->patterns));
    if (!sender->patterns) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < options->excludes; i++) {
        sender->patterns[i] = strdup(options->exclude[i]);
        if (!sender->patterns[i]) {
            return -ENOMEM;
        }
    }
    sender->options.exclude = (const char *const *)sender->patterns;
    return 0;
}

static int open_walks(struct file_sender *sender)
{
    struct file_walk_options walk = {
        .root_fd = sender->options.root_fd,
        .path = sender->path_text,
        .flags = sender->options.flags,
        .opens = true,
        .excludes = sender->options.excludes,
        .exclude = sender->options.exclude,
    };
    int rc = file_walk_new(&walk, &sender->walk);

    if (rc == 0 && (sender->options.flags & VSH_FILE_COUNT)) {
        walk.opens = false;
        rc = file_walk_new(&walk, &sender->counter);
    }
    return rc;
}

static int prepare(struct file_sender *sender, const struct file_sender_options *options)
{
    int rc = file_digest_new(&sender->digest);

    if (rc < 0) {
        return rc;
    }
    sender->buffer = malloc(VSH_FILE_CHUNK);
    if (!sender->buffer) {
        return -ENOMEM;
    }
    file_limit_init(&sender->limit, options->limit, monotonic_ms());
    rc = copy_patterns(sender, options);
    if (rc < 0 || !options->path) {
        return rc;
    }
    sender->path_text = strdup(options->path);
    return sender->path_text ? open_walks(sender) : -ENOMEM;
}

int file_sender_new(const struct file_sender_options *options, struct file_sender **ret)
{
    if ((options->flags & ~VSH_FILE_ALL_FLAGS) != 0 || options->excludes > VSH_FILE_EXCLUDES_MAX ||
        (!options->path && options->stream_fd < 0)) {
        return -EINVAL;
    }
    struct file_sender *sender = calloc(1, sizeof(*sender));
    if (!sender) {
        return -ENOMEM;
    }
    sender->options = *options;
    sender->file.fd = -1;
    sender->prune_to = UINT_MAX;
    sender->wants = (struct file_wants){.fd = -1, .wait_ms = -1};
    int rc = prepare(sender, options);
    if (rc < 0) {
        file_sender_free(sender);
        return rc;
    }
    *ret = sender;
    return 0;
}

void file_sender_free(struct file_sender *sender)
{
    if (!sender) {
        return;
    }
    send_file_close(sender);
    file_walk_free(sender->walk);
    file_walk_free(sender->counter);
    for (uint32_t i = 0; sender->patterns && i < sender->options.excludes; i++) {
        free(sender->patterns[i]);
    }
    free(sender->patterns);
    free(sender->path_text);
    free(sender->buffer);
    file_digest_free(sender->digest);
    free(sender);
}

bool send_has_room(const struct file_sender *sender)
{
    uint32_t most = vsh_queue_send_max(sender->options.queue);

    return vsh_queue_bulk_room(sender->options.queue) >= (most < FRAME_ROOM ? most : FRAME_ROOM);
}

int send_fail(struct file_sender *sender, int error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(sender->error, sizeof(sender->error), format, args);
    va_end(args);
    return error;
}

struct file_item send_item(const struct file_sender *sender)
{
    return (struct file_item){
        .id = sender->file.id,
        .kind = sender->file.kind,
        .path = sender->walk ? sender->item.path : "-",
        .size = sender->file.size,
    };
}

static int piece(struct file_sender *sender)
{
    switch (sender->state) {
    case SEND_WALK:
        return send_walk_piece(sender);
    case SEND_PREFIX:
        return send_prefix_piece(sender);
    case SEND_DATA:
        return send_data_piece(sender);
    case SEND_OFFER:
    case SEND_ACK:
    case SEND_OVER:
        break;
    }
    return 0;
}

/*
 * Sends what is in the queue, if the peer takes it. Done here, not only by the owner: a sender that
 * stops because the queue is full must find it still full of bytes when it returns, or nobody would
 * call it again. Errors are the owner's, who meets them at his own flush.
 */
static bool flush_makes_room(const struct file_sender *sender)
{
    size_t before = vsh_queue_pending(sender->options.queue);

    return before > 0 && vsh_queue_flush(sender->options.queue) >= 0 &&
           vsh_queue_pending(sender->options.queue) < before;
}

int file_sender_step(struct file_sender *sender)
{
    uint64_t start = vsh_queue_bytes_out(sender->options.queue);
    int64_t end_ms = monotonic_ms() + STEP_MS;
    int rc = 1;

    sender->wants = (struct file_wants){.fd = -1, .wait_ms = -1};
    for (int i = 0; i < STEP_PIECES && rc > 0; i++) {
        rc = send_count_piece(sender);
        if (rc >= 0) {
            rc = piece(sender);
        }
        if (rc == 0 && flush_makes_room(sender)) {
            rc = 1;
        }
        if (vsh_queue_bytes_out(sender->options.queue) - start > STEP_BYTES ||
            monotonic_ms() >= end_ms) {
            break;
        }
    }
    /* The count may go on while the receiver, or the rate limit, has the turn. */
    sender->wants.busy = rc > 0 || (rc == 0 && sender->counter && send_has_room(sender));
    if (rc < 0 && sender->error[0] == '\0') {
        (void)send_fail(sender, rc, "the copy failed: %s", vsh_strerror(rc));
    }
    return rc < 0 ? rc : 0;
}

/* Where in the stack of open folders an id is, or UINT_MAX. */
static unsigned find_folder(const struct file_sender *sender, uint32_t id)
{
    unsigned depth = sender->walk ? file_walk_depth(sender->walk) : 0;

    for (unsigned i = 0; i < depth; i++) {
        if (sender->folders[i] == id) {
            return i;
        }
    }
    return UINT_MAX;
}

/* What the receiver has refused is not sent to its end: the rest of a file, or all of a folder. */
static void give_up(struct file_sender *sender, uint32_t id)
{
    if (sender->file.fd >= 0 && sender->file.id == id) {
        sender->file.refused = true;
    }
    unsigned level = find_folder(sender, id);
    if (level != UINT_MAX) {
        sender->file.refused = sender->file.fd >= 0;
        sender->prune_to = level < sender->prune_to ? level : sender->prune_to;
    }
    if (sender->file.refused && sender->state != SEND_DATA) {
        sender->state = SEND_DATA; /* which says ABORT; no OFFER will come */
    }
}

static int take_problem(struct file_sender *sender, const struct vsh_message *message)
{
    struct vsh_file_problem problem;

    if (vsh_get_file_problem(message, &problem) < 0 || problem.id == 0 ||
        problem.id > sender->last_id) {
        return VSH_E_MALFORMED;
    }
    if (problem.status == VSH_FILE_FAILED) {
        sender->totals.failed++;
    } else {
        sender->totals.skipped++;
    }
    give_up(sender, problem.id);
    if (sender->options.events.problem) {
        sender->options.events.problem(sender->options.events.data, &problem, true);
    }
    return 0;
}

static int take_offer(struct file_sender *sender, const struct vsh_message *message)
{
    struct send_file *file = &sender->file;

    if (sender->state != SEND_OFFER || vsh_get_file_offer(message, &file->offer) < 0 ||
        file->offer.id != file->id || file->offer.offset > file->size) {
        return VSH_E_MALFORMED;
    }
    sender->state = SEND_PREFIX;
    return 0;
}

static int take_result(struct file_sender *sender, const struct vsh_message *message)
{
    uint32_t id;

    if (vsh_get_file_result(message, &id) < 0 || id > sender->last_id || id < sender->settled_id) {
        return VSH_E_MALFORMED;
    }
    sender->settled_id = id;
    return 0;
}

static int take_ack(struct file_sender *sender, const struct vsh_message *message)
{
    struct vsh_file_totals theirs;

    if (sender->state != SEND_ACK || vsh_get_file_totals(message, &theirs) < 0) {
        return VSH_E_MALFORMED;
    }
    /* What is stored the receiver knows; what failed we have counted, one problem at a time. */
    theirs.failed = sender->totals.failed;
    theirs.skipped = sender->totals.skipped;
    sender->totals = theirs;
    sender->state = SEND_OVER;
    return 0;
}

static const struct {
    uint32_t type;
    int (*take)(struct file_sender *sender, const struct vsh_message *message);
} takers[] = {
    {VSH_V2_FILE_RESULT, take_result},
    {VSH_V2_FILE_PROBLEM, take_problem},
    {VSH_V2_FILE_OFFER, take_offer},
    {VSH_V2_FILE_DONE_ACK, take_ack},
};

int file_sender_handle(struct file_sender *sender, const struct vsh_message *message)
{
    int rc = VSH_E_MALFORMED;

    for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++) {
        if (takers[i].type == message->type) {
            rc = takers[i].take(sender, message);
        }
    }
    if (rc < 0 && sender->error[0] == '\0') {
        return send_fail(sender, rc, "the receiver sent a wrong or unexpected frame 0x%02x",
                         message->type);
    }
    return rc;
}

void file_sender_wants(const struct file_sender *sender, struct file_wants *ret)
{
    *ret = sender->wants;
}

bool file_sender_finished(const struct file_sender *sender)
{
    return sender->state == SEND_OVER;
}

const struct vsh_file_totals *file_sender_totals(const struct file_sender *sender)
{
    return &sender->totals;
}

const char *file_sender_error(const struct file_sender *sender)
{
    return sender->error;
}

bool file_sender_resumable(const struct file_sender *sender)
{
    return sender->file.fd >= 0 && sender->file.kind == VSH_FILE_REGULAR &&
           sender->file.offset >= VSH_FILE_CHUNK;
}
