/* SPDX-License-Identifier: MIT */
/*
 * Life, dispatch and answers of the receiver. Entries are in receive_entry.c, folders and the
 * destination in receive_folder.c, content in receive_data.c.
 */
#include "file/receive.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vsock-shell/error.h>

#include "file/reason.h"
#include "file/receive_state.h"

#define ANSWER_ROOM  8192u /* a PROBLEM of full length and a RESULT */
#define RESULT_EVERY 256u
#define RESULT_BYTES (4u * 1024u * 1024u)

static int prepare_stream(struct file_receiver *receiver)
{
    struct receive_stream *stream = &receiver->stream;
    struct stat st;

    stream->fd = receiver->options.stream_fd;
    stream->whole_writes = fstat(stream->fd, &st) == 0 && S_ISREG(st.st_mode);
    stream->bytes = malloc(VSH_V2_PAYLOAD_MAX);
    return stream->bytes ? 0 : -ENOMEM;
}

static int prepare(struct file_receiver *receiver, const struct file_receiver_options *options)
{
    char name[NAME_MAX + 1];
    int rc = file_digest_new(&receiver->digest);

    if (rc == 0) {
        rc = file_path_init(&receiver->path, options->path ? options->path : "-");
    }
    if (rc < 0) {
        return rc;
    }
    if (options->source) {
        /* What is too long to be there cannot be sent either: the name of no entry. */
        rc = file_base_name(options->source, name);
        receiver->source_name = strdup(rc == 0 ? name : "/");
        if (!receiver->source_name) {
            return -ENOMEM;
        }
    }
    receiver->buffer = malloc(VSH_FILE_CHUNK);
    if (!receiver->buffer) {
        return -ENOMEM;
    }
    if (!options->path) {
        return prepare_stream(receiver);
    }
    receiver->destination = strdup(*options->path ? options->path : ".");
    return receiver->destination ? 0 : -ENOMEM;
}

int file_receiver_new(const struct file_receiver_options *options, struct file_receiver **ret)
{
    if ((options->flags & ~VSH_FILE_ALL_FLAGS) != 0 || (!options->path && options->stream_fd < 0)) {
        return -EINVAL;
    }
    struct file_receiver *receiver = calloc(1, sizeof(*receiver));
    if (!receiver) {
        return -ENOMEM;
    }
    receiver->options = *options;
    receiver->stage = FILE_STAGE_INIT;
    receiver->stream.fd = -1;
    receiver->place_fd = -1;
    int rc = prepare(receiver, options);
    if (rc < 0) {
        file_receiver_free(receiver);
        return rc;
    }
    *ret = receiver;
    return 0;
}

void file_receiver_free(struct file_receiver *receiver)
{
    if (!receiver) {
        return;
    }
    file_stage_discard(&receiver->stage);
    while (receiver->depth > 0) {
        (void)receive_folder_close(receiver); /* at the end of a cut copy: as far as it goes */
    }
    if (receiver->place_fd >= 0) {
        (void)close(receiver->place_fd);
    }
    file_path_done(&receiver->path);
    free(receiver->destination);
    free(receiver->source_name);
    free(receiver->stream.bytes);
    free(receiver->buffer);
    file_digest_free(receiver->digest);
    free(receiver);
}

bool file_receiver_interrupt(struct file_receiver *receiver)
{
    struct file_stage *stage = &receiver->stage;
    bool keep = stage->fd >= 0 && !stage->unique && stage->size >= VSH_FILE_CHUNK &&
                receiver->entry.kind == VSH_FILE_REGULAR;

    if (keep) {
        file_stage_keep(stage);
    } else {
        file_stage_discard(stage);
    }
    return keep;
}

int receive_fail(struct file_receiver *receiver, int error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(receiver->error, sizeof(receiver->error), format, args);
    va_end(args);
    return error;
}

struct file_item receive_item(const struct file_receiver *receiver)
{
    return (struct file_item){
        .id = receiver->entry.id,
        .kind = (enum vsh_file_kind)receiver->entry.kind,
        .path = receiver->path.text,
        .size = receiver->entry.size,
    };
}

void receive_tell_started(const struct file_receiver *receiver)
{
    struct file_item item = receive_item(receiver);

    if (receiver->options.events.started) {
        receiver->options.events.started(receiver->options.events.data, &item);
    }
}

void receive_tell_finished(const struct file_receiver *receiver, const struct file_item *item)
{
    if (receiver->options.events.finished) {
        receiver->options.events.finished(receiver->options.events.data, item);
    }
}

static int put_result(struct file_receiver *receiver)
{
    if (receiver->told_id == receiver->last_id) {
        return 0;
    }
    receiver->told_id = receiver->last_id;
    receiver->told_bytes = receiver->totals.bytes;
    return vsh_put_file_result(receiver->options.queue, receiver->last_id);
}

int receive_settled(struct file_receiver *receiver)
{
    if (receiver->last_id - receiver->told_id < RESULT_EVERY &&
        receiver->totals.bytes - receiver->told_bytes < RESULT_BYTES) {
        return 0;
    }
    return put_result(receiver);
}

int receive_problem(struct file_receiver *receiver, const struct vsh_file_problem *problem)
{
    if (problem->status == VSH_FILE_FAILED) {
        receiver->totals.failed++;
    } else {
        receiver->totals.skipped++;
    }
    if (receiver->options.events.problem) {
        receiver->options.events.problem(receiver->options.events.data, problem, false);
    }
    return vsh_put_file_problem(receiver->options.queue, problem);
}

int receive_failed(struct file_receiver *receiver, const char *act, int error)
{
    return receive_failed_as(receiver, receiver->last_id, act, error);
}

int receive_failed_as(struct file_receiver *receiver, uint32_t id, const char *act, int error)
{
    char text[VSH_FILE_TEXT_MAX + 1];
    const struct vsh_file_problem problem = {
        .id = id,
        .status = VSH_FILE_FAILED,
        .code = (uint8_t)file_target_code(error),
        .path = receiver->path.text,
        .text = file_sentence(text, sizeof(text), act, error),
    };

    return receive_problem(receiver, &problem);
}

int receive_skipped(struct file_receiver *receiver, enum vsh_file_code code, const char *text)
{
    const struct vsh_file_problem problem = {
        .id = receiver->last_id,
        .status = VSH_FILE_SKIPPED,
        .code = (uint8_t)code,
        .path = receiver->path.text,
        .text = text,
    };

    return receive_problem(receiver, &problem);
}

static int take_problem(struct file_receiver *receiver, const struct vsh_message *message)
{
    struct vsh_file_problem problem;

    if (vsh_get_file_problem(message, &problem) < 0 || problem.id > receiver->last_id) {
        return VSH_E_MALFORMED;
    }
    if (problem.status == VSH_FILE_FAILED) {
        receiver->totals.failed++;
    } else {
        receiver->totals.skipped++;
    }
    if (receiver->options.events.problem) {
        receiver->options.events.problem(receiver->options.events.data, &problem, true);
    }
    return 0;
}

static int take_count(struct file_receiver *receiver, const struct vsh_message *message)
{
    struct vsh_file_count count;

    if (vsh_get_file_count(message, &count) < 0) {
        return VSH_E_MALFORMED;
    }
    if (receiver->options.events.counted) {
        receiver->options.events.counted(receiver->options.events.data, &count);
    }
    return 0;
}

static int take_done(struct file_receiver *receiver, const struct vsh_message *message)
{
    struct vsh_file_totals theirs;

    if (vsh_get_file_totals(message, &theirs) < 0 || receiver->state != RECEIVE_IDLE ||
        receiver->depth + receiver->refused_depth > 0) {
        return VSH_E_MALFORMED;
    }
    int rc = put_result(receiver);
    if (rc == 0) {
        rc = vsh_put_file_totals(receiver->options.queue, VSH_V2_FILE_DONE_ACK, &receiver->totals);
    }
    receiver->state = RECEIVE_OVER;
    return rc;
}

static const struct {
    uint32_t type;
    int (*take)(struct file_receiver *receiver, const struct vsh_message *message);
} takers[] = {
    {VSH_V2_FILE_ENTRY, receive_entry},   {VSH_V2_FILE_LEAVE, receive_leave},
    {VSH_V2_FILE_DATA, receive_data},     {VSH_V2_FILE_HOLE, receive_hole},
    {VSH_V2_FILE_END, receive_end},       {VSH_V2_FILE_ABORT, receive_abort},
    {VSH_V2_FILE_RESUME, receive_resume}, {VSH_V2_FILE_PROBLEM, take_problem},
    {VSH_V2_FILE_COUNT, take_count},      {VSH_V2_FILE_DONE, take_done},
};

int file_receiver_handle(struct file_receiver *receiver, const struct vsh_message *message)
{
    int rc = VSH_E_MALFORMED;

    for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]) && receiver->state != RECEIVE_OVER;
         i++) {
        if (takers[i].type == message->type) {
            rc = takers[i].take(receiver, message);
        }
    }
    if (rc < 0 && receiver->error[0] == '\0') {
        return receive_fail(receiver, rc, "the sender sent a wrong or unexpected frame 0x%02x",
                            message->type);
    }
    return rc;
}

bool file_receiver_ready(const struct file_receiver *receiver)
{
    uint32_t most = vsh_queue_send_max(receiver->options.queue);

    return receiver->state != RECEIVE_PREFIX && !receive_stream_full(receiver) &&
           vsh_queue_room(receiver->options.queue) >= (most < ANSWER_ROOM ? most : ANSWER_ROOM);
}

int file_receiver_step(struct file_receiver *receiver)
{
    int rc = receiver->state == RECEIVE_PREFIX ? receive_prefix_piece(receiver)
                                               : receive_stream_flush(receiver);

    if (rc < 0 && receiver->error[0] == '\0') {
        return receive_fail(receiver, rc, "the copy failed: %s", vsh_strerror(rc));
    }
    return rc;
}

void file_receiver_wants(const struct file_receiver *receiver, struct file_wants *ret)
{
    *ret = (struct file_wants){.fd = -1, .wait_ms = -1};
    ret->busy = receiver->state == RECEIVE_PREFIX;
    if (receive_stream_full(receiver)) {
        ret->fd = receiver->stream.fd;
        ret->events = POLLOUT;
    }
}

bool file_receiver_finished(const struct file_receiver *receiver)
{
    return receiver->state == RECEIVE_OVER;
}

const struct vsh_file_totals *file_receiver_totals(const struct file_receiver *receiver)
{
    return &receiver->totals;
}

const char *file_receiver_error(const struct file_receiver *receiver)
{
    return receiver->error;
}
