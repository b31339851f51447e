#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a program whose streams do not move, sends it a signal, and says how it ended.

usage: stalled.py [--early] [--type TEXT] STREAMS SIGNAL CMD...

STREAMS is a comma list of: in (a pipe that nobody writes to), out and err (pipes that are full and
that nobody reads), tty (the others are a terminal whose output nobody reads; full, too), held (the
same, not full yet). Streams not named are ours. The signal is sent when the program handles it, or
with --early while it still has its default action; --type first types
TEXT at the terminal, once the terminal is raw.

The exit status is the program's, 128+N when signal N killed it, or 99 with a sentence when it did
not end within 5 s (times VSH_SLOW) or left the terminal with other modes than it had before.
"""
import argparse
import fcntl
import os
import pty
import signal
import sys
import termios
import time

LIMIT = 5 * int(os.environ.get('VSH_SLOW', '1'))


def fill_once(fd):
    """Returns whether there was room for anything."""
    written = 0
    # The last bytes one by one: a full pipe has no room for half a line either.
    for block in (b'.' * 4096, b'.'):
        try:
            while True:
                written += os.write(fd, block)
        except BlockingIOError:
            pass
    return written > 0


def fill(fd):
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    fcntl.fcntl(fd, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    # A terminal's bytes move on into its other end's buffer a moment later.
    while fill_once(fd):
        time.sleep(0.1)
    fcntl.fcntl(fd, fcntl.F_SETFL, flags)


def wait_until(pid, condition, what):
    end = time.monotonic() + 4 * LIMIT
    while not condition():
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
            sys.exit(f'stalled.py: {what} did not happen')
        time.sleep(0.02)


def handles(pid, number):
    with open(f'/proc/{pid}/status', encoding='ascii') as status:
        caught = next(line for line in status if line.startswith('SigCgt'))
    return int(caught.split()[1], 16) >> (number - 1) & 1


def is_raw(fd):
    return not termios.tcgetattr(fd)[3] & termios.ICANON


def open_streams(streams):
    """Returns what 0, 1 and 2 become, and the terminal's two ends or None."""
    fds = [0, 1, 2]
    terminal = None
    if 'tty' in streams or 'held' in streams:
        terminal = pty.openpty()
        fds = [terminal[1]] * 3
        if 'tty' in streams:
            fill(terminal[1])
    if 'in' in streams:
        fds[0], _ = os.pipe()
    for number, name in ((1, 'out'), (2, 'err')):
        if name in streams:
            _, fds[number] = os.pipe()
            fill(fds[number])
    return fds, terminal


def start(argv, fds, terminal):
    pid = os.fork()
    if pid == 0:
        if terminal:
            os.setsid()
            fcntl.ioctl(terminal[1], termios.TIOCSCTTY, 0)
        for number, fd in enumerate(fds):
            os.dup2(fd, number)
            os.set_inheritable(number, True)
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        os.execv(argv[0], argv)
    return pid


def wait(pid):
    end = time.monotonic() + LIMIT
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return -os.waitstatus_to_exitcode(status) + 128 if os.WIFSIGNALED(
                status) else os.WEXITSTATUS(status)
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            print('stalled.py: it did not end', file=sys.stderr)
            return 99
        time.sleep(0.02)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--early', action='store_true')
    parser.add_argument('--type')
    parser.add_argument('streams')
    parser.add_argument('signal')
    parser.add_argument('argv', nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    number = signal.Signals['SIG' + arguments.signal]
    fds, terminal = open_streams(arguments.streams.split(','))
    before = termios.tcgetattr(terminal[1]) if terminal else None
    pid = start(arguments.argv, fds, terminal)
    if not arguments.early:
        wait_until(pid, lambda: handles(pid, number), 'handling the signal')
    if arguments.type:
        wait_until(pid, lambda: is_raw(terminal[1]), 'a raw terminal')
        fill(terminal[1])
        os.write(terminal[0], arguments.type.encode())
    # Whatever it does now, it does it while nothing moves: there is no event to wait for.
    time.sleep(0.4)
    os.kill(pid, number)
    status = wait(pid)
    if terminal and termios.tcgetattr(terminal[1]) != before:
        print('stalled.py: the terminal has other modes than before', file=sys.stderr)
        status = 99
    sys.exit(status)


main()
