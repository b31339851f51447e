/* SPDX-License-Identifier: MIT */
/*
 * The listening process: accepts, asks the policy, counts, forks. It reads no byte of any peer, and
 * nothing that a peer or a full machine does makes it end.
 *
 * Order of calls: listener_new(), listener_open() or listener_adopt() per socket, listener_run(),
 * listener_free().
 */
#ifndef SERVER_LISTENER_H
#define SERVER_LISTENER_H

#include <vsock-shell/address.h>

struct listener;
struct server;

/* server is borrowed; its policy is replaced at SIGHUP. Returns 0 or a negative errno. */
int listener_new(struct server *server, struct listener **ret);

/* Closes what listens, removes socket files that are still ours. NULL is fine. */
void listener_free(struct listener *listener);

/* Binds one address. Returns 0, or a negative errno after a sentence in the log. */
int listener_open(struct listener *listener, const struct vsh_address *address);

/* Takes a listening socket of the service manager over. Returns 0 or a negative errno. */
int listener_adopt(struct listener *listener, int fd);

/*
 * Answers --status on a socket file at path; NULL: at the default place, of the port of the first
 * vsock socket, if there is one. Returns 0, or a negative errno after a sentence in the log; the
 * default place is none that anybody asked for, and a failure there is no failure.
 */
int listener_control(struct listener *listener, const char *path);

/*
 * Serves until SIGTERM or SIGINT, then gives the sessions their grace; a second signal ends them at
 * once. SIGUSR1 ends it alone. Returns 0, or a negative errno when the loop itself failed.
 */
int listener_run(struct listener *listener);

#endif
