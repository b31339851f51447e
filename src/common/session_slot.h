/* SPDX-License-Identifier: MIT */
/*
 * What the process of a connection shows the listener of itself, for --status: a page of shared
 * memory that the listener makes for it and only looks at.
 *
 * The writer has the rights of the session's user, or less than that once a peer has broken in: the
 * reader copies, bounds and terminates, and takes every text for the peer's. The page cannot shrink
 * under the reader (sealed), and nobody waits for anybody.
 */
#ifndef COMMON_SESSION_SLOT_H
#define COMMON_SESSION_SLOT_H

#include <stdbool.h>
#include <stdint.h>

struct session_slot;

/* Each cut to its size. */
struct session_view {
    char mode[16]; /* empty = not known yet */
    char user[64];
    char action[24]; /* what it does now; empty = nothing */
    char text_name[16];
    char text[256];
    uint32_t running; /* actions at this moment, the one above included */
    uint64_t bytes_in, bytes_out;
    bool told; /* the audit line of the connection is written */
};

/*
 * For the listener: a page and the descriptor that its child takes along (close-on-exec); the page
 * is not inherited by fork. 0 or a negative errno: then the session goes on unseen.
 */
int session_slot_new(struct session_slot **ret, int *ret_fd);

/* For the child: maps the page of fd, which stays open. -EINVAL when fd is something else. */
int session_slot_map(int fd, struct session_slot **ret);
void session_slot_free(struct session_slot *slot); /* unmaps; NULL is fine */

/* NULL is a session that nobody looks at. show writes all but bytes and told. */
void session_slot_show(struct session_slot *slot, const struct session_view *view);
void session_slot_bytes(struct session_slot *slot, uint64_t bytes_in, uint64_t bytes_out);
void session_slot_told(struct session_slot *slot);

/* A copy, whatever the writer does meanwhile. */
void session_slot_read(const struct session_slot *slot, struct session_view *ret);

#endif
