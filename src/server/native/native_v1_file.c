/* SPDX-License-Identifier: MIT */
/*
 * One file up or down in protocol version 1: content only, no metadata, no digest. The target is
 * staged and published like any other; an existing one is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/cleanup.h"
#include "common/log.h"
#include "file/stage.h"
#include "server/native/native_session.h"
#include "session/account.h"
#include "session/policy.h"

struct transfer {
    struct file_stage stage; /* of an upload */
    int fd;                  /* of a download */
    bool sent;               /* FILE_DATA_END is in the queue: the peer's word is awaited */
};

static void transfer_free(struct native *native)
{
    struct transfer *transfer = native->request;

    file_stage_discard(&transfer->stage);
    if (transfer->fd >= 0) {
        (void)close(transfer->fd);
    }
    free(transfer);
}

static void transfer_gone(struct native *native)
{
    (void)native; /* free discards what is staged */
}

static void finish(struct native *native)
{
    native->action.counts[0].name = "files";
    native->action.counts[0].value = 1;
    native_finish(native, false, &(struct audit_result){0});
}

static int wrong_message(struct native *native, const struct vsh_message *message)
{
    return native_fail(native, VSH_ERROR_PROTOCOL,
                       "message 0x%02x has no place in the transfer of a file", message->type);
}

/* The answer to a request: "KO reason". Nothing has begun, so another request may come. */
__attribute__((format(printf, 3, 4))) static int refuse(struct native *native, uint32_t type,
                                                        const char *format, ...)
{
    char text[VSH_V1_PAYLOAD_MAX] = "KO ";
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text + 3, sizeof(text) - 3, format, arguments);
    va_end(arguments);
    const struct audit_result result = audit_because("refused: %s", text + 3);
    native_audit(native, &result);
    return vsh_put_text(native->queue, type, text);
}

static int refuse_pair(struct native *native, uint32_t type)
{
    return refuse(native, type,
                  "a request is 'source destination': names with blanks need protocol version 2");
}

static int upload_failed(struct native *native, int error)
{
    return native_fail(native, VSH_ERROR_FILE, "put '%s' failed: %s", native->action.text,
                       strerror(-error));
}

static int upload_message(struct native *native, const struct vsh_message *message)
{
    struct transfer *transfer = native->request;
    int r;

    switch (message->type) {
    case VSH_V1_FILE_DATA_BEGIN:
        return 0;
    case VSH_V1_FILE_DATA:
        r = file_stage_write(&transfer->stage, message->payload, message->length);
        return r < 0 ? upload_failed(native, r) : 0;
    case VSH_V1_FILE_DATA_END:
        r = file_stage_publish(&transfer->stage, NULL);
        if (r < 0) {
            return upload_failed(native, r);
        }
        r = vsh_queue_put(native->queue, VSH_V1_FILE_DATA_END_ACK, NULL, 0);
        finish(native);
        return r;
    default:
        return wrong_message(native, message);
    }
}

static const struct native_activity upload_activity = {
    .message = upload_message,
    .gone = transfer_gone,
    .free = transfer_free,
};

/* Sends as much as the queue takes now. */
static void download_moved(struct native *native)
{
    struct transfer *transfer = native->request;
    uint8_t *place = NULL;

    while (!transfer->sent && vsh_queue_bulk_room(native->queue) >= VSH_V1_PAYLOAD_MAX &&
           vsh_queue_reserve(native->queue, VSH_V1_FILE_DATA, VSH_V1_PAYLOAD_MAX, &place) == 0) {
        ssize_t count = read(transfer->fd, place, VSH_V1_PAYLOAD_MAX);
        int error = errno;
        vsh_queue_commit(native->queue, count > 0 ? (size_t)count : SIZE_MAX);
        if (count < 0 && error == EINTR) {
            continue;
        }
        if (count < 0) {
            (void)native_fail(native, VSH_ERROR_FILE, "get '%s' failed: %s", native->action.text,
                              strerror(error));
            return;
        }
        native_touch(native);
        if (count == 0) {
            transfer->sent = true;
            (void)vsh_queue_put(native->queue, VSH_V1_FILE_DATA_END, NULL, 0);
        }
    }
}

static int download_message(struct native *native, const struct vsh_message *message)
{
    const struct transfer *transfer = native->request;

    if (message->type != VSH_V1_FILE_DATA_END_ACK || !transfer->sent) {
        return wrong_message(native, message);
    }
    finish(native);
    return 0;
}

static const struct native_activity download_activity = {
    .message = download_message,
    .moved = download_moved,
    .gone = transfer_gone,
    .free = transfer_free,
};

static struct transfer *new_transfer(const struct native *native)
{
    struct transfer *transfer = calloc(1, sizeof(*transfer));

    if (transfer) {
        transfer->stage = FILE_STAGE_INIT;
        transfer->fd = -1;
        /* Relative paths start at the home of the session's user. */
        if (chdir(native->account->home) < 0 && chdir("/") < 0) {
            log_debug("cannot enter /: %s", strerror(errno));
        }
    }
    return transfer;
}

/* As cp does: a folder as destination means the source's base name in it. */
static int complete_destination(int root_fd, const char *source, char *destination)
{
    cleanup_close int folder =
        beneath_open(root_fd, destination, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    const char *slash = strrchr(source, '/');
    size_t length = strlen(destination);

    if (folder < 0) {
        return 0;
    }
    const char *name = slash ? slash + 1 : source;
    if (length + 1 + strlen(name) + 1 > VSH_V1_PAYLOAD_MAX) {
        return -ENAMETOOLONG;
    }
    (void)snprintf(destination + length, VSH_V1_PAYLOAD_MAX - length, "/%s", name);
    return 0;
}

static int answer_ok(struct native *native, uint32_t type, const char *source,
                     const char *destination)
{
    char text[2 * VSH_V1_PAYLOAD_MAX + 8];

    (void)snprintf(text, sizeof(text), "OK %s %s", source, destination);
    text[VSH_V1_PAYLOAD_MAX - 1] = '\0';
    return vsh_put_text(native->queue, type, text);
}

int native_v1_upload_request(struct native *native, const struct vsh_message *message)
{
    int root_fd = policy_root_fd(native->settings->policy);
    char source[VSH_V1_PAYLOAD_MAX];
    char destination[VSH_V1_PAYLOAD_MAX];

    if (vsh_get_pair(message, source, destination) < 0) {
        return refuse_pair(native, VSH_V1_FILE_READY_SEND);
    }
    native_describe(native, "put", "path", destination);
    struct transfer *transfer = new_transfer(native);
    if (!transfer) {
        return -ENOMEM;
    }
    int r = complete_destination(root_fd, source, destination);
    if (r == 0) {
        r = file_stage_open_path(&transfer->stage, root_fd, destination, FILE_STAGE_NEW);
    }
    if (r < 0) {
        free(transfer);
        return r == -EEXIST
                   ? refuse(native, VSH_V1_FILE_READY_SEND,
                            "destination '%s' already exists: choose another name", destination)
                   : refuse(native, VSH_V1_FILE_READY_SEND, "cannot write destination '%s': %s",
                            destination, strerror(-r));
    }
    native_begin(native, &upload_activity, transfer);
    return answer_ok(native, VSH_V1_FILE_READY_SEND, source, destination);
}

/* Opens without waiting, so that a FIFO cannot hold the session. */
static int open_source(int root_fd, const char *source, int *ret_fd)
{
    cleanup_close int fd = beneath_open(root_fd, source, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
    struct stat info;

    if (fd < 0) {
        return fd;
    }
    if (fstat(fd, &info) < 0) {
        return -errno;
    }
    if (!S_ISREG(info.st_mode)) {
        return S_ISDIR(info.st_mode) ? -EISDIR : -ENOTSUP;
    }
    *ret_fd = take_fd(&fd);
    return 0;
}

int native_v1_download_request(struct native *native, const struct vsh_message *message)
{
    char source[VSH_V1_PAYLOAD_MAX];
    char destination[VSH_V1_PAYLOAD_MAX];

    if (vsh_get_pair(message, source, destination) < 0) {
        return refuse_pair(native, VSH_V1_FILE_READY_RECV);
    }
    native_describe(native, "get", "path", source);
    struct transfer *transfer = new_transfer(native);
    if (!transfer) {
        return -ENOMEM;
    }
    int r = open_source(policy_root_fd(native->settings->policy), source, &transfer->fd);
    if (r < 0) {
        free(transfer);
        return refuse(native, VSH_V1_FILE_READY_RECV, "cannot read source '%s': %s", source,
                      strerror(-r));
    }
    native_begin(native, &download_activity, transfer);
    r = answer_ok(native, VSH_V1_FILE_READY_RECV, source, destination);
    return r < 0 ? r : vsh_queue_put(native->queue, VSH_V1_FILE_DATA_BEGIN, NULL, 0);
}
