#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ends a client in a terminal in one way and checks that the terminal is as it was.

usage: client_terminal.py CLIENT TARGET CASE

CASE is a signal's name (the client gets it), "exit" (the shell ends), "lost" (the server's process
is killed), "escape" (~.) or "refused" (the server says no). Exits 0 when the client ended with the
right status and every mode of the terminal is what it was before.
"""
import fcntl
import os
import pty
import re
import select
import signal
import sys
import termios
import time

LIMIT = 20 * int(os.environ.get('VSH_SLOW', '1'))


class Terminal:
    def __init__(self, argv):
        self.master, self.slave = pty.openpty()
        modes = termios.tcgetattr(self.slave)
        # Something that no program sets by itself, so that "as it was" is not "as usual".
        modes[6][termios.VERASE] = b'\x08'
        modes[6][termios.VKILL] = b'\x18'
        modes[3] &= ~termios.ECHOKE
        termios.tcsetattr(self.slave, termios.TCSANOW, modes)
        self.before = termios.tcgetattr(self.slave)
        self.text = b''
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(self.slave, fd)
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            os.execv(argv[0], argv)

    def read(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            self.text += os.read(self.master, 65536)

    def expect(self, pattern):
        end = time.monotonic() + LIMIT
        while not (found := re.search(pattern, self.text)):
            if time.monotonic() > end:
                sys.exit(f'no {pattern} in {self.text}')
            self.read(0.2)
        return found

    def type(self, text):
        os.write(self.master, text)

    def is_raw(self):
        return not termios.tcgetattr(self.slave)[3] & termios.ICANON

    def wait(self):
        end = time.monotonic() + LIMIT
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                sys.exit(f'the client did not end: {self.text}')
            self.read(0.05)
        self.read(0.05)
        if not os.WIFEXITED(status):
            sys.exit(f'the client was killed by signal {os.WTERMSIG(status)}')
        return os.WEXITSTATUS(status)


def main():
    client, target, case = sys.argv[1:]
    if case == 'refused':
        terminal = Terminal([client, '-t', '-l', 'no-such-user', target, 'true'])
        wanted = 255
    else:
        terminal = Terminal([client, '-t', target, 'echo "ready $PPID"; exec cat'])
        server = int(terminal.expect(rb'ready (\d+)\r\n').group(1))
        if not terminal.is_raw():
            sys.exit('the terminal is not raw while the command runs')
    if case == 'exit':
        terminal.type(b'\x04')
        wanted = 0
    elif case == 'lost':
        os.kill(server, signal.SIGKILL)
        wanted = 255
    elif case == 'escape':
        terminal.type(b'\r~.')
        wanted = 255
    elif case != 'refused':
        number = signal.Signals['SIG' + case]
        os.kill(terminal.pid, number)
        wanted = 128 + number
    status = terminal.wait()
    if status != wanted:
        sys.exit(f'status {status} instead of {wanted}: {terminal.text}')
    if termios.tcgetattr(terminal.slave) != terminal.before:
        sys.exit(f'the terminal was left as {termios.tcgetattr(terminal.slave)}')
    sentence = {'lost': rb'lost: ', 'refused': rb'no-such-user', 'escape': rb'closed'}.get(case)
    if sentence and not re.search(sentence, terminal.text):
        sys.exit(f'no sentence: {terminal.text}')


main()
