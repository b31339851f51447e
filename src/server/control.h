/* SPDX-License-Identifier: MIT */
/*
 * The control socket: a local socket file on which the server answers --status, to root and its own
 * user alone.
 *
 * It runs in the listener, so nothing that a client does or leaves undone may hold that up: few
 * clients at once, a few bytes of a request, a few seconds in all, and no write that blocks.
 */
#ifndef SERVER_CONTROL_H
#define SERVER_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTROL_PATH_MAX 108 /* of a socket file, with the NUL */
#define CONTROL_TEXT     "status\n"
#define CONTROL_JSON     "json\n" /* the two requests */

struct control;
struct loop;

/* Makes the answer; the caller frees it. 0 or a negative errno. */
typedef int control_answer_fn(void *data, bool json, char **ret, size_t *ret_length);

/* The place for the server of a port: 0, or -ENOENT when this user has no folder for it. */
int control_default_path(uint32_t port, char path[CONTROL_PATH_MAX]);

/*
 * Binds path (mode 0600; a socket that nobody serves is replaced) and watches it. With make_folder
 * its folder is made when it is missing. Returns 0 or a negative errno.
 */
int control_open(struct loop *loop, const char *path, bool make_folder, control_answer_fn *answer,
                 void *data, struct control **ret);

/* Closes everything, removes the file if it is still ours. NULL is fine. */
void control_free(struct control *control);

/* In a forked child: closes its copies of the descriptors, touches nothing else. NULL is fine. */
void control_abandon(struct control *control);

#endif
