/* SPDX-License-Identifier: MIT */
/* The messages of a copy in protocol version 1; names and connections are transfer_v1.c's. */
#include "copy_v1.h"

#include <errno.h>
#include <string.h>

#include <vsock-shell/error.h>

#include "common/log.h"
#include "copy_request.h"
#include "file/reason.h"
#include "status.h"
#include "target.h"

#define END_MS 2000

static void stop(void *data)
{
    struct v1_copy *copy = data;

    loop_stop(copy->loop, copy->result);
}

/* The file is done with, well or not. CLIENT_END tells the server. */
static void end_copy(struct v1_copy *copy, int status)
{
    copy->state = V1_ENDING;
    copy->result = status;
    v1_local_discard(copy);
    (void)link_resume(&copy->link);
    if (copy->link.ended || vsh_queue_put(copy->link.queue, VSH_V1_CLIENT_END, NULL, 0) < 0) {
        stop(copy);
        return;
    }
    loop_timer_set(copy->loop, &copy->end_timer, END_MS, stop, copy);
}

void v1_copy_problem(struct v1_copy *copy, bool remote, uint8_t code, const char *text)
{
    const struct vsh_file_problem problem = {
        .status = VSH_FILE_FAILED, .code = code, .path = copy->request->source, .text = text};

    copy->totals.failed++;
    copy->events.problem(copy->events.data, &problem, remote);
}

static void finish_file(struct v1_copy *copy)
{
    copy->totals.files++;
    copy->events.finished(copy->events.data, &copy->item);
    end_copy(copy, 0);
}

static void count_bytes(struct v1_copy *copy, size_t length)
{
    copy->totals.bytes += length;
    copy->events.moved(copy->events.data, length, false);
}

static void end_of_source(struct v1_copy *copy, ssize_t error)
{
    if (error == 0) {
        copy->state = V1_ACK;
        (void)vsh_queue_put(copy->link.queue, VSH_V1_FILE_DATA_END, NULL, 0);
        return;
    }
    /* Without DATA_END the server knows that the file is not whole. */
    v1_copy_problem(copy, false, VSH_FILE_CODE_SOURCE, file_reason((int)error));
    end_copy(copy, 0);
}

static void send_file(struct v1_copy *copy)
{
    size_t room;

    while (copy->state == V1_MOVING && (room = vsh_queue_bulk_room(copy->link.queue)) > 0) {
        uint8_t *place = NULL;
        if (vsh_queue_reserve(copy->link.queue, VSH_V1_FILE_DATA, room, &place) < 0) {
            return;
        }
        ssize_t count = v1_local_read(copy, place, room);
        vsh_queue_commit(copy->link.queue, count > 0 ? (size_t)count : SIZE_MAX);
        if (count == -EAGAIN) {
            break;
        }
        if (count > 0) {
            count_bytes(copy, (size_t)count);
        } else {
            end_of_source(copy, count);
        }
    }
    v1_local_update(copy);
}

/* "OK source destination" or "KO reason". */
static int take_ready(struct v1_copy *copy, const struct vsh_message *message)
{
    const char *text;
    bool upload = copy->request->upload;

    if (copy->state != V1_ASKED || vsh_get_text(message, &text) < 0 ||
        message->type != (upload ? VSH_V1_FILE_READY_SEND : VSH_V1_FILE_READY_RECV)) {
        return VSH_E_MALFORMED;
    }
    if (strncmp(text, "OK", 2) != 0) {
        v1_copy_problem(copy, true, upload ? VSH_FILE_CODE_TARGET : VSH_FILE_CODE_SOURCE,
                        strncmp(text, "KO ", 3) == 0 ? text + 3 : text);
        end_copy(copy, 0);
        return 0;
    }
    copy->state = V1_MOVING;
    copy->events.started(copy->events.data, &copy->item);
    if (upload) {
        (void)vsh_queue_put(copy->link.queue, VSH_V1_FILE_DATA_BEGIN, NULL, 0);
        send_file(copy);
    }
    return 0;
}

static int local_failed(struct v1_copy *copy, int error)
{
    v1_copy_problem(copy, false, VSH_FILE_CODE_TARGET, file_reason(error));
    end_copy(copy, 0);
    return 0;
}

static int take_file_data(struct v1_copy *copy, const struct vsh_message *message)
{
    if (copy->state != V1_MOVING || copy->request->upload) {
        return VSH_E_MALFORMED;
    }
    int rc = v1_local_write(copy, message->payload, message->length);
    if (rc < 0) {
        return local_failed(copy, rc);
    }
    count_bytes(copy, message->length);
    v1_local_update(copy);
    return 0;
}

static int take_data_end(struct v1_copy *copy, const struct vsh_message *message)
{
    (void)message;
    if (copy->state != V1_MOVING || copy->request->upload) {
        return VSH_E_MALFORMED;
    }
    int rc = v1_local_publish(copy);
    if (rc < 0) {
        return local_failed(copy, rc);
    }
    (void)vsh_queue_put(copy->link.queue, VSH_V1_FILE_DATA_END_ACK, NULL, 0);
    finish_file(copy);
    return 0;
}

static int take_ack(struct v1_copy *copy, const struct vsh_message *message)
{
    (void)message;
    if (copy->state != V1_ACK) {
        return VSH_E_MALFORMED;
    }
    finish_file(copy);
    return 0;
}

static int take_begin(struct v1_copy *copy, const struct vsh_message *message)
{
    (void)message;
    return copy->state == V1_MOVING && !copy->request->upload ? 0 : VSH_E_MALFORMED;
}

static int take_end(struct v1_copy *copy, const struct vsh_message *message)
{
    (void)message;
    if (copy->state != V1_ENDING) {
        return VSH_E_GONE;
    }
    stop(copy);
    return 0;
}

static const struct {
    uint32_t type;
    int (*take)(struct v1_copy *copy, const struct vsh_message *message);
} messages[] = {
    {VSH_V1_FILE_DATA, take_file_data},    {VSH_V1_FILE_DATA_BEGIN, take_begin},
    {VSH_V1_FILE_DATA_END, take_data_end}, {VSH_V1_FILE_DATA_END_ACK, take_ack},
    {VSH_V1_FILE_READY_SEND, take_ready},  {VSH_V1_FILE_READY_RECV, take_ready},
    {VSH_V1_CLIENT_END, take_end},
};

static int on_message(void *session, const struct vsh_message *message)
{
    struct v1_copy *copy = session;

    if (copy->state == V1_ENDING && message->type != VSH_V1_CLIENT_END) {
        return 0; /* what was under way when the file was given up */
    }
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        if (messages[i].type == message->type) {
            return messages[i].take(copy, message);
        }
    }
    return VSH_E_MALFORMED;
}

static void on_moved(void *session)
{
    struct v1_copy *copy = session;

    if (copy->request->upload) {
        send_file(copy);
    }
}

static void on_ended(void *session, int error)
{
    struct v1_copy *copy = session;

    if (copy->state != V1_ENDING) {
        report_hide(copy->report);
        log_error("connection to %s lost: %s", copy->target->text, link_explain(error));
        copy->result = CLIENT_STATUS_OWN;
    }
    stop(copy);
}

/* Standard output that takes nothing holds the server back. */
static bool on_may_take(void *session)
{
    const struct v1_copy *copy = session;

    return copy->state == V1_ENDING || !v1_local_full(copy);
}

void v1_copy_on_local(int fd, short revents, void *data)
{
    struct v1_copy *copy = data;

    (void)fd;
    (void)revents;
    if (copy->request->upload) {
        send_file(copy);
    } else {
        int rc = v1_local_flush(copy);
        if (rc < 0) {
            (void)local_failed(copy, rc);
        }
        (void)link_resume(&copy->link);
        v1_local_update(copy);
    }
    link_update(&copy->link);
}

/* v1 has no HELLO and no ERROR. */
const struct link_ops v1_copy_link_ops = {
    .message = on_message,
    .may_take = on_may_take,
    .moved = on_moved,
    .ended = on_ended,
};

void v1_copy_on_signal(int signo, void *data)
{
    struct v1_copy *copy = data;

    report_hide(copy->report);
    if (copy->state == V1_ENDING) {
        loop_stop(copy->loop, CLIENT_STATUS_SIGNAL(signo));
        return;
    }
    log_notice("interrupted by signal %d (%s); protocol version 1 cannot resume", signo,
               vsh_signal_name(signo));
    end_copy(copy, CLIENT_STATUS_SIGNAL(signo));
    link_update(&copy->link);
}
