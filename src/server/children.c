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

void children_succeed(struct children *children, pid_t pid, pid_t successor, uint32_t generation)
{
    for (size_t i = 0; i < children->count; i++) {
        struct child *child = &children->items[i];
        if (child->pid == pid && !child->refusal) {
            child->successor = successor;
            child->generation = successor ? generation : 0;
            return;
        }
    }
}

bool children_know(const struct children *children, pid_t pid)
{
    for (size_t i = 0; i < children->count; i++) {
        if (children->items[i].pid == pid || children->items[i].successor == pid) {
            return true;
        }
    }
    return false;
}

static pid_t poll_child(pid_t pid, int *status)
{
    pid_t r;
    do {
        r = waitpid(pid, status, WNOHANG);
    } while (r < 0 && errno == EINTR);
    return r;
}

/* As waitpid(2) for the child and whoever has taken its place: 0 = one of them runs. */
static pid_t poll_place(const struct children *children, struct child *child,
                        const struct children_events *events, int *status)
{
    pid_t r = poll_child(child->pid, status);
    /* What it reported it did before its end, but perhaps after the last look. */
    if (r != 0 && child->successor == 0) {
        events->look(events->data);
    }
    if (r == 0 || child->successor == 0) {
        return r;
    }
    child->pid = child->successor;
    child->successor = 0;
    r = poll_child(child->pid, status);
    /* The signal may have been for a process that was about to end anyway. */
    if (r == 0 && children->signalled) {
        (void)kill(child->pid, children->signalled);
    }
    return r;
}

void children_reap(struct children *children, const struct children_events *events)
{
    size_t kept = 0;
    for (size_t i = 0; i < children->count; i++) {
        int status = 0;
        /* In its old place until it is over: there children_succeed() finds it. */
        pid_t r = poll_place(children, &children->items[i], events, &status);
        struct child child = children->items[i];
        if (r == 0) {
            children->items[kept++] = child;
            continue;
        }
        children->refusals -= child.refusal ? 1 : 0;
        if (r > 0) {
            events->ended(&child, status, events->data);
        }
        session_slot_free(child.slot);
    }
    children->count = kept;

    /* After a rush the table shrinks again: a listener lives for months. */
    if (children->capacity > CHILDREN_STEP && kept < children->capacity / 4) {
        (void)resize(children, children->capacity / 2);
    }
}

void children_signal(struct children *children, int signo)
{
    children->signalled = signo;
    for (size_t i = 0; i < children->count; i++) {
        (void)kill(children->items[i].pid, signo);
    }
}
