/* SPDX-License-Identifier: MIT */
/* Owns the request frame made from the options, and the engine's wants in the loop. */
#include "copy_engine.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <vsock-shell/error.h>

#include "arguments.h"
#include "file/receive.h"
#include "file/send.h"
#include "output.h"

void copy_engine_init(struct copy_engine *engine, struct loop *loop, struct vsh_queue *queue,
                      loop_timer_fn *step, void *data, const char *user)
{
    *engine = (struct copy_engine){.loop = loop,
                                   .queue = queue,
                                   .step = step,
                                   .data = data,
                                   .user = user,
                                   .own_fd = -1,
                                   .watched_fd = -1};
}

static uint32_t flags_of(const struct client_arguments *arguments)
{
    const struct {
        bool set;
        uint32_t flag;
    } flags[] = {
        {arguments->recursive, VSH_FILE_RECURSIVE}, {arguments->follow, VSH_FILE_FOLLOW},
        {arguments->resume, VSH_FILE_RESUME},       {arguments->no_clobber, VSH_FILE_NO_CLOBBER},
        {arguments->dry_run, VSH_FILE_DRY_RUN},     {arguments->sync, VSH_FILE_SYNC},
        {!arguments->quiet, VSH_FILE_COUNT},
    };
    uint32_t set = 0;

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        set |= flags[i].set ? flags[i].flag : 0;
    }
    return set;
}

/* "~" is the home folder, where the server starts anyway; no shell is there to expand it. */
static const char *remote_path(const char *path)
{
    if (path[0] == '~' && (path[1] == '/' || path[1] == '\0')) {
        path += path[1] == '/' ? 2 : 1;
        path += strspn(path, "/");
        return path[0] != '\0' ? path : ".";
    }
    return path;
}

static bool is_stream(const char *local)
{
    return strcmp(local, "-") == 0;
}

static int begin_upload(struct copy_engine *engine, const struct client_arguments *arguments,
                        const struct copy_request *request, struct file_events events)
{
    bool stream = is_stream(request->source);
    const struct vsh_file_request message = {.flags = flags_of(arguments),
                                             .path = remote_path(request->destination),
                                             .user = engine->user};
    const struct file_sender_options options = {
        .queue = engine->queue,
        .root_fd = -1,
        .path = stream ? NULL : request->source,
        .stream_fd = stream ? STDIN_FILENO : -1,
        .flags = message.flags,
        .limit = arguments->limit,
        .excludes = (uint32_t)arguments->exclude_count,
        .exclude = arguments->excludes,
        .events = events,
    };
    int rc = vsh_put_file_request(engine->queue, VSH_V2_FILE_PUT, &message);

    return rc < 0 ? rc : file_sender_new(&options, &engine->sender);
}

static int begin_download(struct copy_engine *engine, const struct client_arguments *arguments,
                          const struct copy_request *request, struct file_events events)
{
    bool stream = is_stream(request->destination);
    struct vsh_file_request message = {.flags = flags_of(arguments),
                                       .path = remote_path(request->source),
                                       .user = engine->user,
                                       .limit = arguments->limit,
                                       .excludes = (uint32_t)arguments->exclude_count};
    struct file_receiver_options options = {
        .queue = engine->queue,
        .root_fd = -1,
        .path = stream ? NULL : request->destination,
        .source = message.path,
        .stream_fd = -1,
        .flags = message.flags,
        .events = events,
    };

    if (arguments->exclude_count > VSH_FILE_EXCLUDES_MAX) {
        return -E2BIG;
    }
    for (uint32_t i = 0; i < message.excludes; i++) {
        message.exclude[i] = arguments->excludes[i];
    }
    if (stream) {
        /* A pipe or terminal gets a description of our own, so that O_NONBLOCK harms nobody. */
        engine->own_fd = output_open_again(STDOUT_FILENO);
        options.stream_fd = engine->own_fd >= 0 ? engine->own_fd : STDOUT_FILENO;
    }
    int rc = vsh_put_file_request(engine->queue, VSH_V2_FILE_GET, &message);

    return rc < 0 ? rc : file_receiver_new(&options, &engine->receiver);
}

int copy_engine_begin(struct copy_engine *engine, const struct client_arguments *arguments,
                      const struct copy_request *request, struct file_events events)
{
    return request->upload ? begin_upload(engine, arguments, request, events)
                           : begin_download(engine, arguments, request, events);
}

bool copy_engine_ready(const struct copy_engine *engine)
{
    return !engine->receiver || file_receiver_ready(engine->receiver);
}

int copy_engine_handle(struct copy_engine *engine, const struct vsh_message *message)
{
    if (engine->sender) {
        return file_sender_handle(engine->sender, message);
    }
    return engine->receiver ? file_receiver_handle(engine->receiver, message) : VSH_E_MALFORMED;
}

static void on_fd(int fd, short revents, void *data)
{
    struct copy_engine *engine = data;

    (void)fd;
    (void)revents;
    engine->step(engine->data);
}

static void watch_fd(struct copy_engine *engine, const struct file_wants *wants)
{
    if (engine->watched_fd >= 0 && engine->watched_fd != wants->fd) {
        loop_unwatch(engine->loop, engine->watched_fd);
        engine->watched_fd = -1;
    }
    if (wants->fd >= 0 && loop_watch(engine->loop, wants->fd, wants->events, on_fd, engine) == 0) {
        engine->watched_fd = wants->fd;
    }
}

static void follow_wants(struct copy_engine *engine)
{
    struct file_wants wants = {.fd = -1, .wait_ms = -1};

    if (engine->sender) {
        file_sender_wants(engine->sender, &wants);
    } else if (engine->receiver) {
        file_receiver_wants(engine->receiver, &wants);
    }
    watch_fd(engine, &wants);
    if (wants.busy || wants.wait_ms >= 0) {
        loop_timer_set(engine->loop, &engine->timer, wants.busy ? 0 : wants.wait_ms, engine->step,
                       engine->data);
    } else {
        loop_timer_clear(engine->loop, &engine->timer);
    }
}

int copy_engine_step(struct copy_engine *engine)
{
    int rc = 0;

    if (engine->sender) {
        rc = file_sender_step(engine->sender);
    } else if (engine->receiver) {
        rc = file_receiver_step(engine->receiver);
    }
    if (rc == 0) {
        follow_wants(engine);
    }
    return rc;
}

bool copy_engine_finished(const struct copy_engine *engine)
{
    return (engine->sender && file_sender_finished(engine->sender)) ||
           (engine->receiver && file_receiver_finished(engine->receiver));
}

const struct vsh_file_totals *copy_engine_totals(const struct copy_engine *engine)
{
    return engine->sender ? file_sender_totals(engine->sender)
                          : file_receiver_totals(engine->receiver);
}

const char *copy_engine_error(const struct copy_engine *engine, int error)
{
    const char *sentence = "";

    if (engine->sender) {
        sentence = file_sender_error(engine->sender);
    } else if (engine->receiver) {
        sentence = file_receiver_error(engine->receiver);
    }
    return sentence[0] != '\0' ? sentence : vsh_strerror(error);
}

bool copy_engine_interrupt(struct copy_engine *engine)
{
    if (engine->sender) {
        return file_sender_resumable(engine->sender);
    }
    return engine->receiver && file_receiver_interrupt(engine->receiver);
}

void copy_engine_stop(struct copy_engine *engine)
{
    if (engine->watched_fd >= 0) {
        loop_unwatch(engine->loop, engine->watched_fd);
        engine->watched_fd = -1;
    }
    if (engine->loop) {
        loop_timer_clear(engine->loop, &engine->timer);
    }
}

void copy_engine_done(struct copy_engine *engine)
{
    copy_engine_stop(engine);
    file_sender_free(engine->sender);
    file_receiver_free(engine->receiver);
    engine->sender = NULL;
    engine->receiver = NULL;
    if (engine->own_fd >= 0) {
        (void)close(engine->own_fd);
        engine->own_fd = -1;
    }
}
