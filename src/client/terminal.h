/* SPDX-License-Identifier: MIT */
/*
 * The user's terminal: raw mode as ssh sets it, and the way back.
 *
 * terminal_init(), then terminal_raw() and terminal_restore() as often as wanted. Whatever ends the
 * program by exit(3) restores, too; signals that would kill it must come through the loop while the
 * terminal is raw.
 */
#ifndef CLIENT_TERMINAL_H
#define CLIENT_TERMINAL_H

#include <stdbool.h>
#include <termios.h>

#include <vsock-shell/message.h>

struct terminal {
    int fd; /* where the keys come from */
    bool is_terminal;
    bool raw;
    struct termios saved;
};

void terminal_init(struct terminal *terminal, int fd);

/* Raw mode, or raw again. Nothing when fd is no terminal or the program is in its background. */
void terminal_raw(struct terminal *terminal);
/* The modes that terminal_raw() found; nothing when it is not raw. */
void terminal_restore(struct terminal *terminal);

/*
 * The size of the window: of the first of stdin, stdout and stderr that is a terminal, else 24x80.
 */
void terminal_size(struct vsh_winsize *ret);

/*
 * Stops the program as Ctrl-Z does, restored before and raw again after it was continued. Blocks
 * for as long as the program is stopped.
 */
void terminal_suspend(struct terminal *terminal);

#endif
