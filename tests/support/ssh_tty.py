#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Drives a program on a pseudo-terminal: send text, expect text, resize.

usage: ssh_tty.py PROGRAM [ARGUMENT...] < SCRIPT

Each line of SCRIPT is a step: "send TEXT" (with Python escapes), "expect TEXT", "size ROWS COLUMNS",
"sleep SECONDS", "run COMMAND" (in a shell beside it), "status N" (the program must have ended so). Fails at the first step that does not
come true within 15 seconds.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

LIMIT = 15 * int(os.environ.get("VSH_SLOW", "1"))


def read_some(fd, deadline):
    ready, _, _ = select.select([fd], [], [], max(0, deadline - time.monotonic()))
    if not ready:
        return None
    try:
        return os.read(fd, 65536)
    except OSError:
        return b""


def resize(pid, fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.kill(pid, signal.SIGWINCH)


class Session:
    def __init__(self, argv):
        self.seen = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(argv[0], argv)

    def fail(self, step):
        sys.stderr.write(f"ssh_tty.py: {step}: not so; the terminal shows:\n")
        sys.stderr.write(self.seen.decode(errors="replace") + "\n")
        sys.exit(1)

    def expect(self, text, step):
        deadline = time.monotonic() + LIMIT
        while text not in self.seen:
            data = read_some(self.fd, deadline)
            if not data:
                self.fail(step)
            self.seen += data
        self.seen = self.seen.split(text, 1)[1]

    def status(self, wanted, step):
        deadline = time.monotonic() + LIMIT
        while True:
            data = read_some(self.fd, deadline)
            if data is None:
                self.fail(step)
            if data == b"":
                break
            self.seen += data
        _, status = os.waitpid(self.pid, 0)
        if os.waitstatus_to_exitcode(status) != wanted:
            self.fail(f"{step} (it was {os.waitstatus_to_exitcode(status)})")

    def run(self, step):
        word, _, rest = step.partition(" ")
        if word == "send":
            os.write(self.fd, rest.encode().decode("unicode_escape").encode("latin-1"))
        elif word == "expect":
            self.expect(rest.encode().decode("unicode_escape").encode("latin-1"), step)
        elif word == "size":
            resize(self.pid, self.fd, *map(int, rest.split()))
        elif word == "run":
            os.system(rest)
        elif word == "sleep":
            time.sleep(float(rest))
        elif word == "status":
            self.status(int(rest), step)
        else:
            sys.exit(f"ssh_tty.py: no such step: {step}")


session = Session(sys.argv[1:])
for line in sys.stdin.read().splitlines():
    if line:
        session.run(line)
