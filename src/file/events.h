/* SPDX-License-Identifier: MIT */
/*
 * What a sender or receiver tells its owner, and what it wants from the owner's poll loop.
 *
 * Any callback may be NULL. They run inside the engine's calls and must not call back into it.
 * Paths and texts may hold any bytes but NUL and are the peer's in part: escape before showing
 * them.
 */
#ifndef FILE_EVENTS_H
#define FILE_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include <vsock-shell/file_message.h>

struct file_item {
    uint32_t id;
    enum vsh_file_kind kind;
    const char *path; /* source path (sender) or target path (receiver), as the request named it */
    uint64_t size;    /* 0 when unknown */
    bool has_digest;  /* finished() of files with content */
    uint8_t digest[VSH_FILE_DIGEST_SIZE];
};

struct file_events {
    /* An entry begins; in a dry run all that is told of it. */
    void (*started)(void *data, const struct file_item *item);
    /* Content moved, holes included. With reused, it was at the target already. */
    void (*moved)(void *data, uint64_t bytes, bool reused);
    /* Sender: all is in the queue (not yet: stored). Receiver: published. */
    void (*finished)(void *data, const struct file_item *item);
    /* One entry failed or was skipped, here or (remote) at the peer. */
    void (*problem)(void *data, const struct vsh_file_problem *problem, bool remote);
    /* What there is in all, as far as it is known. */
    void (*counted)(void *data, const struct vsh_file_count *count);
    void *data;
};

/* What the owner should wait for besides its queue. */
struct file_wants {
    bool busy;    /* call step again at once: there is work that needs no waiting */
    int fd;       /* >= 0: call step when it has one of these events */
    short events; /* POLLIN of a source stream, POLLOUT of a destination stream */
    int wait_ms;  /* >= 0: call step after so long (rate limit) */
};

#endif
