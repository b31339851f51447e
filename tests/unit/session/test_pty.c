/* SPDX-License-Identifier: MIT */
/* A fresh pseudo-terminal: modes, size, owner, flags. */
#include "harness.h"

#include <grp.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

static const struct vsh_winsize size = {
    .rows = 33, .columns = 101, .x_pixels = 808, .y_pixels = 528};

static void test_sane_modes_and_size(void **state)
{
    struct termios modes;
    struct winsize got;
    struct pty pty;

    (void)state;
    assert_int_equal(pty_open(&pty, getuid(), &size), 0);
    assert_int_equal(tcgetattr(pty.slave_fd, &modes), 0);
    assert_int_equal(modes.c_iflag, ICRNL | IXON | IUTF8);
    assert_int_equal(modes.c_oflag, OPOST | ONLCR);
    assert_int_equal(modes.c_lflag & (ISIG | ICANON | ECHO | ECHOE | IEXTEN),
                     ISIG | ICANON | ECHO | ECHOE | IEXTEN);
    assert_int_equal(modes.c_cflag & (CSIZE | PARENB | CREAD), CS8 | CREAD);
    assert_int_equal(modes.c_cc[VINTR], 3);
    assert_int_equal(modes.c_cc[VEOF], 4);
    assert_int_equal(modes.c_cc[VERASE], 0x7f);
    assert_int_equal(modes.c_cc[VSUSP], 26);
    assert_int_equal(ioctl(pty.slave_fd, TIOCGWINSZ, &got), 0);
    assert_int_equal(got.ws_row, 33);
    assert_int_equal(got.ws_col, 101);
    assert_int_equal(got.ws_xpixel, 808);
    assert_int_equal(got.ws_ypixel, 528);
    assert_int_equal(fcntl(pty.master_fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(pty.slave_fd, F_GETFD), FD_CLOEXEC);
    assert_true(fcntl(pty.master_fd, F_GETFL) & O_NONBLOCK);
    assert_false(fcntl(pty.slave_fd, F_GETFL) & O_NONBLOCK);
    pty_close(&pty);
    assert_int_equal(pty.master_fd, -1);
    assert_int_equal(pty.slave_fd, -1);
    pty_close(&pty);
}

static void test_name_is_the_slave(void **state)
{
    struct stat by_name, by_fd;
    struct pty pty;

    (void)state;
    assert_int_equal(pty_open(&pty, getuid(), &size), 0);
    assert_int_equal(stat(pty.name, &by_name), 0);
    assert_int_equal(fstat(pty.slave_fd, &by_fd), 0);
    assert_true(by_name.st_rdev == by_fd.st_rdev);
    pty_close(&pty);
}

/* The session's user owns the terminal, and nobody else reads it. */
static void test_is_given_to_the_user(void **state)
{
    const struct group *tty = getgrnam("tty");
    struct stat st;
    struct pty pty;

    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    assert_int_equal(pty_open(&pty, 65534, &size), 0);
    assert_int_equal(fstat(pty.slave_fd, &st), 0);
    assert_int_equal(st.st_uid, 65534);
    if (tty) {
        assert_int_equal(st.st_gid, tty->gr_gid);
        assert_int_equal(st.st_mode & 07777, 0620);
    } else {
        assert_int_equal(st.st_mode & 07777, 0600);
    }
    pty_close(&pty);
}

static void test_resize_of_no_terminal_fails(void **state)
{
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(pty_resize(fds[0], &size), -ENOTTY);
    assert_int_equal(pty_resize(-1, &size), -EBADF);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sane_modes_and_size),
        cmocka_unit_test(test_name_is_the_slave),
        cmocka_unit_test(test_is_given_to_the_user),
        cmocka_unit_test(test_resize_of_no_terminal_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
