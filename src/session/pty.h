/* SPDX-License-Identifier: MIT */
/* Pseudo-terminals (pty(7)): open with sane modes, own, resize, make controlling. */
#ifndef SESSION_PTY_H
#define SESSION_PTY_H

#include <sys/types.h>

#include <vsock-shell/message.h>

#define PTY_NAME_MAX 64

struct pty {
    int master_fd; /* non-blocking, close-on-exec; the pump's */
    int slave_fd;  /* the child's 0, 1 and 2; the parent closes it after spawn */
    char name[PTY_NAME_MAX];
};

/*
 * Opens a pair with the sane modes of a login terminal (tcsetattr(3): IUTF8, 8 bits, echo, the
 * usual control characters) and size. When the process is root the slave is given to uid and group
 * tty, mode 0620. Returns 0 or a negative errno (-ENOSPC: no PTY left, -ENOENT: no /dev/pts
 * mounted).
 */
int pty_open(struct pty *pty, uid_t uid, const struct vsh_winsize *size);
void pty_close(struct pty *pty);

/* The foreground group gets SIGWINCH from the kernel. */
int pty_resize(int master_fd, const struct vsh_winsize *size);

#endif
