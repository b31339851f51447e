/* SPDX-License-Identifier: MIT */
/* PUT and GET of protocol version 2: the copy engine of file/ on the connection's loop. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "file/receive.h"
#include "file/send.h"
#include "server/native/native_session.h"
#include "session/account.h"
#include "session/policy.h"

struct copy {
    struct file_receiver *receiver; /* of a PUT */
    struct file_sender *sender;     /* of a GET */
    struct loop_timer timer;        /* rate limit, or work that needs no waiting */
    char failure[AUDIT_RESULT_MAX]; /* the first entry that failed, and why */
};

static void on_problem(void *data, const struct vsh_file_problem *problem, bool remote)
{
    struct copy *copy = data;
    const char *side = remote ? " (the peer's side)" : "";

    if (problem->status != VSH_FILE_SKIPPED && copy->failure[0] == '\0') {
        (void)snprintf(copy->failure, sizeof(copy->failure), "%s: %s%s", problem->path,
                       problem->text, side);
    }
    log_info("%s%s: %s%s", problem->status == VSH_FILE_SKIPPED ? "skipped " : "failed ",
             problem->path, problem->text, side);
}

static void on_finished(void *data, const struct file_item *item)
{
    (void)data;
    log_debug("done: %s", item->path);
}

static void on_timer(void *data)
{
    native_update(data);
}

/* Asks for another turn when the engine wants one that the socket will not bring. */
static void follow_wants(struct native *native, const struct file_wants *wants)
{
    struct copy *copy = native->request;

    if (wants->busy) {
        loop_timer_set(native->loop, &copy->timer, 0, on_timer, native);
    } else if (wants->wait_ms >= 0) {
        loop_timer_set(native->loop, &copy->timer, wants->wait_ms, on_timer, native);
    } else {
        loop_timer_clear(native->loop, &copy->timer);
    }
}

static int fail(struct native *native, int error, const char *sentence)
{
    uint32_t code =
        error == VSH_E_MALFORMED || error == VSH_E_TOO_BIG ? VSH_ERROR_PROTOCOL : VSH_ERROR_FILE;

    return native_fail(native, code, "%s", sentence[0] ? sentence : vsh_strerror(error));
}

static void finish(struct native *native, const struct vsh_file_totals *totals)
{
    const struct copy *copy = native->request;
    const struct audit_result result = audit_because("%s", copy->failure);

    native->action.counts[0].name = "files";
    native->action.counts[0].value = totals->files;
    native->action.counts[1].name = "skipped";
    native->action.counts[1].value = totals->skipped;
    native->action.counts[2].name = "failed";
    native->action.counts[2].value = totals->failed;
    native_finish(native, false, &result);
}

static void copy_free(struct native *native)
{
    struct copy *copy = native->request;

    loop_timer_clear(native->loop, &copy->timer);
    file_receiver_free(copy->receiver);
    file_sender_free(copy->sender);
    free(copy);
}

static int put_message(struct native *native, const struct vsh_message *message)
{
    struct copy *copy = native->request;
    int r = file_receiver_handle(copy->receiver, message);

    native_touch(native);
    if (r < 0) {
        return fail(native, r, file_receiver_error(copy->receiver));
    }
    if (file_receiver_finished(copy->receiver)) {
        finish(native, file_receiver_totals(copy->receiver));
    }
    return 0;
}

static bool put_ready(const struct native *native)
{
    const struct copy *copy = native->request;
    return file_receiver_ready(copy->receiver);
}

static void put_moved(struct native *native)
{
    struct copy *copy = native->request;
    struct file_wants wants;
    int r = file_receiver_step(copy->receiver);

    if (r < 0) {
        (void)fail(native, r, file_receiver_error(copy->receiver));
        return;
    }
    file_receiver_wants(copy->receiver, &wants);
    follow_wants(native, &wants);
}

static void put_gone(struct native *native)
{
    struct copy *copy = native->request;

    if (native->state == NATIVE_BUSY && copy->receiver &&
        file_receiver_error(copy->receiver)[0] == '\0' && file_receiver_interrupt(copy->receiver)) {
        log_info("a part is kept for --resume");
    }
}

static const struct native_activity put_activity = {
    .message = put_message,
    .ready = put_ready,
    .moved = put_moved,
    .gone = put_gone,
    .free = copy_free,
};

static int get_message(struct native *native, const struct vsh_message *message)
{
    struct copy *copy = native->request;
    int r = file_sender_handle(copy->sender, message);

    if (r < 0) {
        return fail(native, r, file_sender_error(copy->sender));
    }
    if (file_sender_finished(copy->sender)) {
        finish(native, file_sender_totals(copy->sender));
    }
    return 0;
}

static void get_moved(struct native *native)
{
    struct copy *copy = native->request;
    struct file_wants wants;
    size_t before = vsh_queue_pending(native->queue);
    int r = file_sender_step(copy->sender);

    if (r < 0) {
        (void)fail(native, r, file_sender_error(copy->sender));
        return;
    }
    if (vsh_queue_pending(native->queue) != before) {
        native_touch(native);
    }
    file_sender_wants(copy->sender, &wants);
    follow_wants(native, &wants);
}

static void get_gone(struct native *native)
{
    (void)native; /* a sender leaves nothing behind */
}

static const struct native_activity get_activity = {
    .message = get_message,
    .moved = get_moved,
    .gone = get_gone,
    .free = copy_free,
};

/* Relative paths start at the home of the session's user, as they do for scp. */
static void go_home(const struct native *native)
{
    if (chdir(native->account->home) < 0 && chdir("/") < 0) {
        log_debug("cannot enter /: %s", strerror(errno));
    }
}

static struct copy *begin_copy(struct native *native, const struct native_activity *activity)
{
    struct copy *copy = calloc(1, sizeof(*copy));

    if (copy) {
        go_home(native);
        native_begin(native, activity, copy);
    }
    return copy;
}

int native_put_request(struct native *native, const struct vsh_message *message)
{
    struct vsh_file_request request;

    if (vsh_get_file_request(message, &request) < 0) {
        return VSH_E_MALFORMED;
    }
    native_describe(native, "put", "path", request.path);
    if (native_change_user(native, request.user) < 0) {
        return 0;
    }
    struct copy *copy = begin_copy(native, &put_activity);
    if (!copy) {
        return -ENOMEM;
    }
    const struct file_receiver_options options = {
        .queue = native->queue,
        .root_fd = policy_root_fd(native->settings->policy),
        .path = request.path,
        .stream_fd = -1,
        .flags = request.flags,
        .events = {.problem = on_problem, .finished = on_finished, .data = copy},
    };
    int r = file_receiver_new(&options, &copy->receiver);
    return r < 0 ? fail(native, r, "") : 0;
}

int native_get_request(struct native *native, const struct vsh_message *message)
{
    struct vsh_file_request request;

    if (vsh_get_file_request(message, &request) < 0) {
        return VSH_E_MALFORMED;
    }
    native_describe(native, "get", "path", request.path);
    if (native_change_user(native, request.user) < 0) {
        return 0;
    }
    struct copy *copy = begin_copy(native, &get_activity);
    if (!copy) {
        return -ENOMEM;
    }
    const struct file_sender_options options = {
        .queue = native->queue,
        .root_fd = policy_root_fd(native->settings->policy),
        .path = request.path,
        .stream_fd = -1,
        .flags = request.flags,
        .limit = request.limit,
        .excludes = request.excludes,
        .exclude = request.exclude,
        .events = {.problem = on_problem, .finished = on_finished, .data = copy},
    };
    int r = file_sender_new(&options, &copy->sender);
    return r < 0 ? fail(native, r, "") : 0;
}
