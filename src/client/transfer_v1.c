/* SPDX-License-Identifier: MIT */
/*
 * Copies in protocol version 1: a connection per file, names without blanks, contents only.
 *
 *   upload:   ASKED --OK--> MOVING --whole file sent--> ACK --END_ACK--> ENDING
 *   download: ASKED --OK--> MOVING --DATA_END, published--> ENDING
 */
#include "transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vsock-shell/error.h>

#include "arguments.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "common/log.h"
#include "end_signals.h"
#include "file/stage.h"
#include "link.h"
#include "report.h"
#include "status.h"
#include "target.h"

#define END_MS 2000

enum v1_state { V1_ASKED, V1_MOVING, V1_ACK, V1_ENDING };

struct v1_copy {
    const struct client_arguments *arguments;
    const struct target *target;
    struct loop *loop;
    const struct copy_request *request;
    struct report *report;
    struct file_events events;
    struct link link;
    enum v1_state state;
    struct file_item item;
    struct vsh_file_totals totals;
    struct file_stage stage; /* of a download */
    int fd;                  /* source of an upload, or where a download without a stage goes */
    struct loop_timer end_timer;
    int result;
};

/* Why a name cannot be told in v1, where a blank separates the two names. */
static const char name_text[] = "protocol version 1 cannot carry a name that is empty or has a "
                                "blank in it";

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
    file_stage_discard(&copy->stage);
    if (copy->link.ended || vsh_queue_put(copy->link.queue, VSH_V1_CLIENT_END, NULL, 0) < 0) {
        stop(copy);
        return;
    }
    loop_timer_set(copy->loop, &copy->end_timer, END_MS, stop, copy);
}

/* One problem is told like those of the engine of v2; the run goes on with the next copy. */
static void fail_file(struct v1_copy *copy, bool remote, uint8_t code, const char *text)
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

static void send_file(struct v1_copy *copy)
{
    while (copy->state == V1_MOVING && vsh_queue_bulk_room(copy->link.queue) > 0) {
        uint8_t *place = NULL;
        size_t room = vsh_queue_bulk_room(copy->link.queue);
        if (vsh_queue_reserve(copy->link.queue, VSH_V1_FILE_DATA, room, &place) < 0) {
            return;
        }
        ssize_t count = read(copy->fd, place, room);
        int error = errno;
        vsh_queue_commit(copy->link.queue, count > 0 ? (size_t)count : SIZE_MAX);
        if (count > 0) {
            count_bytes(copy, (size_t)count);
        } else if (count == 0) {
            copy->state = V1_ACK;
            (void)vsh_queue_put(copy->link.queue, VSH_V1_FILE_DATA_END, NULL, 0);
        } else {
            /* Without DATA_END the server knows that the file is not whole. */
            fail_file(copy, false, VSH_FILE_CODE_SOURCE, strerror(error));
            end_copy(copy, 0);
        }
    }
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
        fail_file(copy, true, upload ? VSH_FILE_CODE_TARGET : VSH_FILE_CODE_SOURCE,
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

static int write_bytes(struct v1_copy *copy, const struct vsh_message *message)
{
    if (copy->fd >= 0) {
        return fd_write_full(copy->fd, message->payload, message->length, -1);
    }
    return file_stage_write(&copy->stage, message->payload, message->length);
}

static int take_file_data(struct v1_copy *copy, const struct vsh_message *message)
{
    if (copy->state != V1_MOVING || copy->request->upload) {
        return VSH_E_MALFORMED;
    }
    int rc = write_bytes(copy, message);
    if (rc < 0) {
        fail_file(copy, false, VSH_FILE_CODE_TARGET, strerror(-rc));
        end_copy(copy, 0);
        return 0;
    }
    count_bytes(copy, message->length);
    return 0;
}

static int take_data_end(struct v1_copy *copy, const struct vsh_message *message)
{
    int rc = 0;

    (void)message;
    if (copy->state != V1_MOVING || copy->request->upload) {
        return VSH_E_MALFORMED;
    }
    if (copy->fd < 0) {
        rc = file_stage_publish(&copy->stage, NULL);
    }
    if (rc < 0) {
        fail_file(copy, false, VSH_FILE_CODE_TARGET, strerror(-rc));
        end_copy(copy, 0);
        return 0;
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

/* v1 has no HELLO and no ERROR. */
static const struct link_ops link_ops = {
    .message = on_message,
    .moved = on_moved,
    .ended = on_ended,
};

static void on_signal(int signo, void *data)
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

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* folder is what the name would go into, or the name itself: cp's rule, without asking there. */
static void join_remote(const char *folder, const char *name, char *to, size_t size)
{
    size_t length = strlen(folder);

    if (strcmp(folder, ".") == 0) {
        (void)snprintf(to, size, "%s", name);
    } else {
        (void)snprintf(to, size, "%s%s", folder, folder[length - 1] == '/' ? name : "");
    }
}

static int open_source(struct v1_copy *copy, const char *path)
{
    struct stat status;

    if (strcmp(path, "-") == 0) {
        copy->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
        return copy->fd < 0 ? -errno : 0;
    }
    copy->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (copy->fd < 0 || fstat(copy->fd, &status) < 0) {
        return -errno;
    }
    copy->item.size = (uint64_t)status.st_size;
    return S_ISDIR(status.st_mode) ? -EISDIR : 0;
}

static int open_destination(struct v1_copy *copy)
{
    const char *path = copy->request->destination;
    uint32_t flags = (copy->arguments->no_clobber ? FILE_STAGE_NEW : 0) |
                     (copy->arguments->sync ? FILE_STAGE_SYNC : 0);
    struct stat status;
    char joined[VSH_FILE_PATH_MAX + 1];

    if (strcmp(path, "-") == 0) {
        copy->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
        return copy->fd < 0 ? -errno : 0;
    }
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        int length =
            snprintf(joined, sizeof(joined), "%s/%s", path, base_name(copy->request->source));
        if (length >= (int)sizeof(joined)) {
            return -ENAMETOOLONG;
        }
        path = joined;
    }
    return file_stage_open_path(&copy->stage, -1, path, flags);
}

/* Opens the local side and queues the request. Returns 0, or says why not and -1. */
static int ask(struct v1_copy *copy)
{
    const struct copy_request *request = copy->request;
    char destination[VSH_V1_PAYLOAD_MAX];
    int rc = request->upload ? open_source(copy, request->source) : open_destination(copy);

    if (rc < 0) {
        fail_file(copy, false, request->upload ? VSH_FILE_CODE_SOURCE : VSH_FILE_CODE_TARGET,
                  strerror(-rc));
        return -1;
    }
    if (request->upload) {
        join_remote(request->destination, base_name(request->source), destination,
                    sizeof(destination));
        rc = vsh_put_pair(copy->link.queue, VSH_V1_FILE_UPLOAD_START, request->source, destination);
    } else {
        rc = vsh_put_pair(copy->link.queue, VSH_V1_FILE_DOWNLOAD_START, request->source,
                          request->destination);
    }
    if (rc < 0) {
        fail_file(copy, false, VSH_FILE_CODE_SOURCE, rc == -EINVAL ? name_text : vsh_strerror(rc));
        return -1;
    }
    return 0;
}

static int run_copy(struct v1_copy *copy)
{
    struct link_options options = {.loop = copy->loop,
                                   .fd = -1,
                                   .name = copy->target->text,
                                   .protocol = 1,
                                   .ops = &link_ops,
                                   .session = copy};
    int rc = CLIENT_STATUS_OWN;

    if (target_connect(copy->target, copy->arguments, &options.fd) < 0) {
        return rc;
    }
    if (link_open(&copy->link, &options) < 0) {
        log_error("out of memory");
        return rc;
    }
    report_request(copy->report, copy->request);
    rc = 0;
    if (ask(copy) == 0) {
        end_signals_watch(copy->loop, on_signal, copy);
        link_update(&copy->link);
        rc = loop_run(copy->loop);
        end_signals_unwatch(copy->loop);
    }
    loop_timer_clear(copy->loop, &copy->end_timer);
    link_close(&copy->link);
    file_stage_discard(&copy->stage);
    if (copy->fd >= 0) {
        (void)close(copy->fd);
    }
    report_totals(copy->report, &copy->totals);
    return rc < 0 ? CLIENT_STATUS_OWN : rc;
}

static bool check_arguments(const struct client_arguments *arguments, const struct target *target)
{
    const struct {
        bool set;
        const char *name;
    } missing[] = {
        {arguments->recursive, "-r"},
        {arguments->resume, "--resume"},
        {arguments->dry_run, "--dry-run"},
        {arguments->limit > 0, "--limit"},
        {arguments->exclude_count > 0, "--exclude"},
    };

    for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
        if (missing[i].set) {
            log_error("%s speaks protocol version 1, which cannot do %s; copy single files, or "
                      "update the server",
                      target->text, missing[i].name);
            return false;
        }
    }
    return true;
}

int transfer_run_v1(const struct client_arguments *arguments, const struct target *target,
                    struct loop *loop, struct report *report)
{
    int status = 0;

    if (!check_arguments(arguments, target)) {
        return CLIENT_STATUS_OWN;
    }
    for (size_t i = 0; i < arguments->copy_count && status == 0; i++) {
        struct v1_copy copy = {
            .arguments = arguments,
            .target = target,
            .loop = loop,
            .request = &arguments->copies[i],
            .report = report,
            .events = report_events(report),
            .link = {.options = {.fd = -1}},
            .item = {.kind = VSH_FILE_REGULAR, .path = arguments->copies[i].source},
            .stage = FILE_STAGE_INIT,
            .fd = -1,
        };
        status = run_copy(&copy);
    }
    report_summary(report);
    return status == 0 && report->totals.failed > 0 ? CLIENT_STATUS_FAILED : status;
}
