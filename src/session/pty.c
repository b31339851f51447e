/* SPDX-License-Identifier: MIT */
/* Pseudo-terminals. Owns the pair until the caller takes the descriptors over. */
#include "pty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "session/account_database.h"

#define CONTROL(letter) ((letter)&0x1f)

/* What a login shell expects to find; a program that wants otherwise sets its own. */
static void sane_modes(struct termios *modes)
{
    static const struct {
        unsigned char index, value;
    } characters[] = {
        {VINTR, CONTROL('C')},
        {VQUIT, CONTROL('\\')},
        {VERASE, 0x7f},
        {VKILL, CONTROL('U')},
        {VEOF, CONTROL('D')},
        {VSTART, CONTROL('Q')},
        {VSTOP, CONTROL('S')},
        {VSUSP, CONTROL('Z')},
        {VREPRINT, CONTROL('R')},
        {VDISCARD, CONTROL('O')},
        {VWERASE, CONTROL('W')},
        {VLNEXT, CONTROL('V')},
        {VMIN, 1},
    };

    memset(modes, 0, sizeof(*modes));
    modes->c_iflag = ICRNL | IXON | IUTF8;
    modes->c_oflag = OPOST | ONLCR;
    modes->c_cflag = CS8 | CREAD;
    modes->c_lflag = ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE;
    for (size_t i = 0; i < sizeof(characters) / sizeof(characters[0]); i++) {
        modes->c_cc[characters[i].index] = characters[i].value;
    }
    (void)cfsetispeed(modes, B38400);
    (void)cfsetospeed(modes, B38400);
}

/*
 * devpts makes the node ours; a session of another user needs it, and write(1) and wall(1) reach it
 * through group tty. An ordinary user's node is right already.
 */
static int give_to(int slave_fd, uid_t uid)
{
    gid_t group = (gid_t)-1;
    mode_t mode = 0600;

    if (geteuid() != 0) {
        return 0;
    }
    if (account_files_group("tty", &group) == 0) {
        mode = 0620;
    }
    if (fchown(slave_fd, uid, group) < 0 || fchmod(slave_fd, mode) < 0) {
        return -errno;
    }
    return 0;
}

/* The kernel opens the other end without a path; before Linux 4.13 it takes the name. */
static int open_slave(int master_fd, const char *name)
{
    int fd = ioctl(master_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (fd < 0) {
        fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    }
    return fd < 0 ? -errno : fd;
}

int pty_open(struct pty *pty, uid_t uid, const struct vsh_winsize *size)
{
    struct termios modes;

    cleanup_close int master_fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (master_fd < 0) {
        return -errno;
    }
    if (unlockpt(master_fd) < 0) {
        return -errno;
    }
    int r = ptsname_r(master_fd, pty->name, sizeof(pty->name));
    if (r != 0) {
        return -r;
    }
    cleanup_close int slave_fd = open_slave(master_fd, pty->name);
    if (slave_fd < 0) {
        return slave_fd;
    }
    sane_modes(&modes);
    if (tcsetattr(slave_fd, TCSANOW, &modes) < 0) {
        return -errno;
    }
    r = give_to(slave_fd, uid);
    if (r == 0) {
        r = pty_resize(master_fd, size);
    }
    if (r < 0) {
        return r;
    }
    pty->master_fd = take_fd(&master_fd);
    pty->slave_fd = take_fd(&slave_fd);
    return 0;
}

void pty_close(struct pty *pty)
{
    int *fds[] = {&pty->master_fd, &pty->slave_fd};

    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        if (*fds[i] >= 0) {
            (void)close(take_fd(fds[i]));
        }
    }
}

int pty_resize(int master_fd, const struct vsh_winsize *size)
{
    struct winsize kernel_size = {
        .ws_row = size->rows,
        .ws_col = size->columns,
        .ws_xpixel = size->x_pixels,
        .ws_ypixel = size->y_pixels,
    };

    return ioctl(master_fd, TIOCSWINSZ, &kernel_size) < 0 ? -errno : 0;
}
