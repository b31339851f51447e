/* SPDX-License-Identifier: MIT */
/*
 * VMs registered with systemd-machined. Only root and those whom polkit lets may register one, so
 * its word counts. It is asked over varlink (one JSON object per message, a NUL behind each), which
 * version 257 and later answer; an older one is read from the state files it keeps, which are world
 * readable, and only root can write there.
 */
#include "lib/resolve.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "lib/resolve_json.h"
#include "lib/transport.h"

#define FILE_MAX_BYTES ((size_t)64 * 1024)
#define REPLY_MAX      ((size_t)64 * 1024)
#define REPLIES_MAX    4096
#define ANSWER_MS      500
#define CID_MIN        3u /* below are the host and this machine: no VM has them */

struct replies {
    int fd;
    int64_t deadline_ms;
    size_t length; /* bytes in data */
    size_t used;   /* of them, the message handed out last */
    char data[REPLY_MAX];
};

/* Gives the next message, NUL-terminated as it came. Returns 0 or a negative errno. */
static int next_reply(struct replies *replies, const char **ret)
{
    replies->length -= replies->used;
    memmove(replies->data, replies->data + replies->used, replies->length);
    replies->used = 0;
    for (;;) {
        const char *end = memchr(replies->data, '\0', replies->length);
        if (end != NULL) {
            replies->used = (size_t)(end - replies->data) + 1;
            *ret = replies->data;
            return 0;
        }
        if (replies->length == sizeof(replies->data)) {
            return -EMSGSIZE;
        }
        int rc = fd_wait(replies->fd, POLLIN, replies->deadline_ms);
        if (rc < 0) {
            return rc;
        }
        ssize_t got = recv(replies->fd, replies->data + replies->length,
                           sizeof(replies->data) - replies->length, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
            return got == 0 ? -EPIPE : -errno;
        }
        replies->length += got > 0 ? (size_t)got : 0;
    }
}

static int visit_cid(const char *machine, uint32_t cid, const struct name_visit *visit)
{
    struct vsh_name name = {
        .address = {.family = VSH_FAMILY_VSOCK, .port = VSH_PORT_DEFAULT, .cid = cid},
        .source = "machined",
    };
    if (cid < CID_MIN || strlen(machine) >= sizeof(name.name)) {
        return 0;
    }
    memcpy(name.name, machine, strlen(machine) + 1);
    name_drop_odd(&name);
    return visit->each(&name, visit->data);
}

static int visit_reply(const char *reply, const struct name_visit *visit)
{
    char machine[VSH_NAME_MAX];
    uint32_t cid;
    const char *name = json_find(reply, "parameters.name");
    const char *number = json_find(reply, "parameters.vSockCid");
    if (name == NULL || number == NULL || json_string(name, machine, sizeof(machine)) < 0 ||
        json_u32(number, UINT32_MAX - 1, &cid) < 0) {
        return 0; /* a container, or a VM without vsock */
    }
    return visit_cid(machine, cid, visit);
}

/*
 * Hands out what the daemon lists; *ret_result is what each() stopped with, else 0. Returns false
 * when nothing was handed out for want of a daemon that knows this call.
 */
static bool ask(const char *socket, const struct name_visit *visit, int *ret_result)
{
    static const char call[] =
        "{\"method\":\"io.systemd.Machine.List\",\"parameters\":{},\"more\":true}";
    const struct attempt attempt = {.deadline_ms = monotonic_ms() + ANSWER_MS, .cancel_fd = -1};
    struct replies replies = {.deadline_ms = attempt.deadline_ms};
    cleanup_close int fd = -1;
    const char *more = "true";
    unsigned count = 0;
    *ret_result = 0;
    if (unix_connect(socket, &attempt, &fd) < 0 ||
        fd_write_full(fd, call, sizeof(call), attempt.deadline_ms) < 0) { /* with its NUL */
        return false;
    }
    replies.fd = fd;
    for (; count < REPLIES_MAX && more != NULL && json_is_true(more) && *ret_result == 0; count++) {
        const char *reply = "";
        if (next_reply(&replies, &reply) < 0 || json_find(reply, "error") != NULL) {
            break;
        }
        more = json_find(reply, "continues");
        *ret_result = visit_reply(reply, visit);
    }
    return count > 0;
}

static int read_cid(const char *path, uint32_t *ret)
{
    static const char key[] = "VSOCK_CID=";
    cleanup_free char *text = NULL;
    size_t length;
    int rc = fd_read_file(path, FILE_MAX_BYTES, &text, &length);
    if (rc < 0) {
        return rc;
    }
    char *rest = text;
    while (rest != NULL) {
        const char *line = strsep(&rest, "\n");
        if (strncmp(line, key, sizeof(key) - 1) == 0) {
            return vsh_parse_u32(line + sizeof(key) - 1, UINT32_MAX - 1, ret);
        }
    }
    return -ENOENT;
}

static int visit_machine(const char *dir, const char *file, const struct name_visit *visit)
{
    /* Links named "unit:..." point at the same machines again. */
    if (file[0] == '.' || strchr(file, ':') != NULL) {
        return 0;
    }
    char path[PATH_MAX];
    uint32_t cid;
    (void)snprintf(path, sizeof(path), "%s/%s", dir, file);
    return read_cid(path, &cid) < 0 ? 0 /* a container, or gone since */
                                    : visit_cid(file, cid, visit);
}

static int read_files(const char *dir, const struct name_visit *visit)
{
    DIR *machines = opendir(dir);
    if (machines == NULL) {
        return 0;
    }
    int rc = 0;
    struct dirent *entry;
    while (rc == 0 && (entry = readdir(machines)) != NULL) {
        rc = visit_machine(dir, entry->d_name, visit);
    }
    (void)closedir(machines);
    return rc;
}

int resolve_machined(const char *socket, const char *dir, const struct name_visit *visit)
{
    int result;
    return ask(socket, visit, &result) ? result : read_files(dir, visit);
}
