/* SPDX-License-Identifier: MIT */
/*
 * Into the background, and the pid file.
 *
 * Order of calls: daemon_start() before anything is bound, daemon_ready() once everything is. In
 * between stderr is still the caller's, so a failure is seen by whoever typed the command.
 */
#ifndef SERVER_DAEMON_H
#define SERVER_DAEMON_H

/*
 * Forks into a new session. The parent blocks until the child says ready and exits 0, or exits with
 * the child's status when that ends first; only the child returns. Returns a descriptor for
 * daemon_ready() or a negative errno.
 */
int daemon_start(void);

/*
 * Goes to "/", puts standard input, output and error on /dev/null, and lets the parent go. Closes
 * ready_fd.
 */
int daemon_ready(int ready_fd);

/*
 * Writes the process id beside path and renames it into place, so that no reader sees half a
 * number. Returns 0 or a negative errno.
 */
int pid_file_write(const char *path);

/* Removes the file if it still holds our own id: another server may have taken the place. */
void pid_file_remove(const char *path);

#endif
