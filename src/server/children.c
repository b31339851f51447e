/* SPDX-License-Identifier: MIT */
/* The table of connection processes. Knows nothing of sockets or of what the processes do. */
#include "server/children.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "common/session_slot.h"

#define CHILDREN_STEP 16

void children_done(struct children *children)
{
    for (size_t i = 0; i < children->count; i++) {
        session_slot_free(children->items[i].slot);
    }
    free(children->items);
    *children = (struct children){0};
}

static int resize(struct children *children, size_t capacity)
{
    struct child *items = reallocarray(children->items, capacity, sizeof(*items));
    if (!items) {
        return -ENOMEM;
    }
    children->items = items;
    children->capacity = capacity;
    return 0;
}

int children_reserve(struct children *children)
{
    if (children->count < children->capacity) {
        return 0;
    }
    return resize(children, children->capacity + CHILDREN_STEP);
}

void children_add(struct children *children, const struct child *child)
{
    children->items[children->count++] = *child;
    children->refusals += child->refusal ? 1 : 0;
}

size_t children_sessions(const struct children *children)
{
    return children->count - children->refusals;
}

static bool same_peer(const struct vsh_peer *a, const struct vsh_peer *b)
{
    if (a->family != b->family) {
        return false;
    }
    switch (a->family) {
    case VSH_FAMILY_VSOCK:
        return a->cid == b->cid;
    case VSH_FAMILY_UNIX:
        return a->uid == b->uid;
    case VSH_FAMILY_MUX:
    case VSH_FAMILY_NONE:
        break;
    }
    return true;
}

size_t children_sessions_of(const struct children *children, const struct vsh_peer *peer)
{
    size_t count = 0;
    for (size_t i = 0; i < children->count; i++) {
        const struct child *child = &children->items[i];
        if (!child->refusal && same_peer(&child->peer, peer)) {
            count++;
        }
    }
    return count;
}

void children_reap(struct children *children, children_ended_fn *ended)
{
    size_t kept = 0;
    for (size_t i = 0; i < children->count; i++) {
        struct child child = children->items[i];
        int status = 0;
        pid_t r = waitpid(child.pid, &status, WNOHANG);
        if (r == 0 || (r < 0 && errno == EINTR)) {
            children->items[kept++] = child;
            continue;
        }
        children->refusals -= child.refusal ? 1 : 0;
        if (r > 0) {
            ended(&child, status);
        }
        session_slot_free(child.slot);
    }
    children->count = kept;

    /* After a rush the table shrinks again: a listener lives for months. */
    if (children->capacity > CHILDREN_STEP && kept < children->capacity / 4) {
        (void)resize(children, children->capacity / 2);
    }
}

void children_signal(const struct children *children, int signo)
{
    for (size_t i = 0; i < children->count; i++) {
        (void)kill(children->items[i].pid, signo);
    }
}
