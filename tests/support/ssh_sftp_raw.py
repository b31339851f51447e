#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SFTP packets as no client sends them, over a program's stdin and stdout (ssh -s HOST sftp).

usage: ssh_sftp_raw.py CASE FOLDER PROGRAM [ARGUMENT...]
"""
import os
import struct
import subprocess
import sys

INIT, OPEN, CLOSE, READ, WRITE, STATUS, HANDLE = 1, 3, 4, 5, 6, 101, 102


def text(value):
    return struct.pack(">I", len(value)) + value


class Peer:
    def __init__(self, program):
        self.process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def raw(self, data):
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def send(self, kind, ident, *parts):
        body = bytes([kind]) + struct.pack(">I", ident) + b"".join(parts)
        self.raw(struct.pack(">I", len(body)) + body)

    def reply(self):
        head = self.process.stdout.read(4)
        if len(head) < 4:
            return None, b""
        body = self.process.stdout.read(struct.unpack(">I", head)[0])
        return body[0], body[5:]

    def init(self):
        self.raw(struct.pack(">IBI", 5, INIT, 3))
        assert self.reply()[0] == 2

    def open(self, path, flags):
        self.send(OPEN, 1, text(path.encode()), struct.pack(">II", flags, 0))
        kind, body = self.reply()
        return body[4:] if kind == HANDLE else None

    def end(self):
        self.process.stdin.close()
        rest = self.process.stdout.read()
        self.process.wait()
        return rest


def lying_lengths(folder, program):
    """Each ends the channel, and nothing else."""
    for length in (0, 1, 4, 262145, 0x7fffffff, 0xffffffff):
        peer = Peer(program)
        peer.init()
        peer.raw(struct.pack(">IBI", length, READ, 1) + b"x" * 64)
        assert peer.end() == b"", length
        assert peer.process.returncode == 255, (length, peer.process.returncode)
    peer = Peer(program)
    peer.raw(struct.pack(">IBI", 5, READ, 1))
    assert peer.end() == b"" and peer.process.returncode == 255


def lying_strings(folder, program):
    """Each is answered, and the stream goes on."""
    peer = Peer(program)
    peer.init()
    for kind in list(range(OPEN, 21)) + [200, 250]:
        peer.send(kind, 7, struct.pack(">II", 0xfffffff0, 1))
        assert peer.reply()[0] == STATUS, kind
    handle = peer.open(f"{folder}/written", 0x1a)
    peer.send(WRITE, 8, text(handle), struct.pack(">QI", 0, 1000), b"short")
    assert peer.reply()[1][:4] == struct.pack(">I", 5)
    peer.send(WRITE, 9, text(handle), struct.pack(">Q", 0), text(b"good"))
    assert peer.reply()[1][:4] == struct.pack(">I", 0)
    assert peer.end() == b"" and peer.process.returncode == 0
    with open(f"{folder}/written", "rb") as file:
        assert file.read() == b"good"


def many_handles(folder, program):
    peer = Peer(program)
    peer.init()
    with open(f"{folder}/many", "wb") as file:
        file.write(b"x")
    handles = []
    for _ in range(1000):
        handle = peer.open(f"{folder}/many", 1)
        assert handle, len(handles)
        handles.append(handle)
    assert len(set(handles)) == 1000
    for handle in handles:
        peer.send(CLOSE, 2, text(handle))
        assert peer.reply()[1][:4] == bytes(4)
    assert peer.end() == b"" and peer.process.returncode == 0


def unread_replies(folder, program):
    """A peer that asks and never reads: the server stops taking requests."""
    with open(f"{folder}/big", "wb") as file:
        file.truncate(1 << 30)
    peer = Peer(program)
    peer.init()
    handle = peer.open(f"{folder}/big", 1)
    request = bytes([READ]) + struct.pack(">I", 3) + text(handle) + struct.pack(">QI", 0, 261120)
    request = struct.pack(">I", len(request)) + request
    os.set_blocking(peer.process.stdin.fileno(), False)
    for _ in range(200):
        try:
            os.write(peer.process.stdin.fileno(), request * 100)
        except BlockingIOError:
            break
    input()  # the caller looks at the server's memory
    peer.process.kill()
    peer.process.wait()


{"lying_lengths": lying_lengths, "lying_strings": lying_strings, "many_handles": many_handles,
 "unread_replies": unread_replies}[sys.argv[1]](sys.argv[2], sys.argv[3:])
