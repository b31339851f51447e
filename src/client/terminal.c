/* SPDX-License-Identifier: MIT */
/*
 * Raw mode and its undoing. Owns the one thing here that outlives a call: which terminal must be
 * put right when the program exits.
 */
#include "terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* atexit(3) gives its function no argument; this is the terminal that is raw now, or NULL. */
static struct terminal *raw_terminal;

static void restore_at_exit(void)
{
    if (raw_terminal) {
        terminal_restore(raw_terminal);
    }
}

void terminal_init(struct terminal *terminal, int fd)
{
    *terminal = (struct terminal){.fd = fd, .is_terminal = isatty(fd) == 1};
    if (terminal->is_terminal) {
        (void)atexit(restore_at_exit);
    }
}

/*
 * tcsetattr(3) from the background stops the whole job with SIGTTOU; there is nothing to set then,
 * because another job owns the terminal.
 */
static bool in_foreground(int fd)
{
    return tcgetpgrp(fd) == getpgrp();
}

static struct termios raw_modes(const struct termios *saved)
{
    struct termios modes = *saved;

    modes.c_iflag |= IGNPAR;
    modes.c_iflag &= ~(tcflag_t)(ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXANY | IXOFF | IUCLC);
    modes.c_lflag &= ~(tcflag_t)(ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHONL | IEXTEN);
    modes.c_oflag &= ~(tcflag_t)OPOST;
    modes.c_cc[VMIN] = 1;
    modes.c_cc[VTIME] = 0;
    return modes;
}

void terminal_raw(struct terminal *terminal)
{
    if (!terminal->is_terminal || !in_foreground(terminal->fd)) {
        return;
    }
    /* Already raw: somebody may have changed that while we were stopped; the way back is known. */
    if (!terminal->raw && tcgetattr(terminal->fd, &terminal->saved) < 0) {
        return;
    }

    struct termios modes = raw_modes(&terminal->saved);
    /*
     * The flag comes first: a half-set terminal must be restored, too. Not TCSADRAIN: a line that
     * flow control has stopped would hold us, and signals with it.
     */
    terminal->raw = true;
    raw_terminal = terminal;
    if (tcsetattr(terminal->fd, TCSANOW, &modes) < 0) {
        terminal_restore(terminal);
    }
}

void terminal_restore(struct terminal *terminal)
{
    if (!terminal->raw) {
        return;
    }
    terminal->raw = false;
    raw_terminal = NULL;
    /*
     * TCSANOW: nobody may read the terminal any more (a closed window, a stopped one), and draining
     * would wait for ever. In the background the shell has set its own modes already.
     */
    if (in_foreground(terminal->fd)) {
        (void)tcsetattr(terminal->fd, TCSANOW, &terminal->saved);
    }
}

void terminal_size(struct vsh_winsize *ret)
{
    struct winsize size = {0};

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
            *ret = (struct vsh_winsize){.rows = size.ws_row,
                                        .columns = size.ws_col,
                                        .x_pixels = size.ws_xpixel,
                                        .y_pixels = size.ws_ypixel};
            return;
        }
    }
    *ret = (struct vsh_winsize){.rows = 24, .columns = 80};
}

void terminal_suspend(struct terminal *terminal)
{
    const struct sigaction stop = {.sa_handler = SIG_DFL};
    struct sigaction before;
    bool was_raw = terminal->raw;

    terminal_restore(terminal);
    /*
     * The default action of TSTP, not STOP: without a shell that could continue us the kernel does
     * not stop us then. The whole job gets it, or its shell would not notice.
     */
    (void)sigaction(SIGTSTP, &stop, &before);
    (void)kill(0, SIGTSTP);
    (void)sigaction(SIGTSTP, &before, NULL);
    if (was_raw) {
        terminal_raw(terminal);
    }
}
