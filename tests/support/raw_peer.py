#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A peer that speaks the native protocol byte by byte, well or badly.

usage: raw_peer.py SOCKET v1-shell | v1-command | v1-upload FILE DEST | v1-download SRC FILE | v1-exists DEST
       raw_peer.py SOCKET v1-stall COMMAND        input until nothing more is taken, then gone
       raw_peer.py SOCKET broken NAME | truncated | silent SECONDS | names
Prints what came, a frame a line; the status is 0 when the server closed the connection in time.
"""

import os
import socket
import struct
import sys
import time

import endpoint

MAGIC = 0xCAFEBABE
LIMIT = 20 * int(os.environ.get("VSH_SLOW", "1"))


def frame(kind, payload=b'', magic=MAGIC, length=None):
    return struct.pack('<III', magic, kind, len(payload) if length is None else length) + payload


class Peer:
    def __init__(self, path):
        self.socket = endpoint.connect(path)
        self.socket.settimeout(LIMIT)
        self.buffer = b''

    def send(self, data):
        self.socket.sendall(data)

    def exactly(self, count):
        while len(self.buffer) < count:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                data = b''
            if not data:
                return None
            self.buffer += data
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def read(self):
        """The next frame as (kind, payload), or None at the end."""
        head = self.exactly(12)
        if head is None:
            return None
        magic, kind, length = struct.unpack('<III', head)
        if magic != MAGIC:
            raise SystemExit(f'the server sent the magic {magic:#x}')
        return kind, self.exactly(length)

    def until(self, kind):
        """Frames up to the first of this kind, it included; all of them when it never comes."""
        frames = []
        while not frames or frames[-1][0] != kind:
            got = self.read()
            if got is None:
                break
            frames.append(got)
        return frames


def show(frames):
    for kind, payload in frames:
        print(f'{kind:#04x} {payload.decode("utf-8", "backslashreplace")!r}')
    highest = max((kind for kind, _ in frames), default=0)
    print(f'highest {highest:#04x}')


# Version 1, by hand from the table of the protocol: a header of three u32, then the payload.
def v1_shell(peer):
    peer.send(bytes.fromhex('bebafeca 0a000000 08000000 2a00 6f00 0000 0000'))  # 42 rows, 111 columns
    peer.send(bytes.fromhex('bebafeca 08000000 00000000'))
    peer.send(frame(0x0B, b'stty size; echo in-$((40 + 2)); tty; exit 3\r'))
    frames = peer.until(0x0C)
    peer.send(bytes.fromhex('bebafeca 0c000000 00000000'))
    return frames


def v1_command(peer):
    peer.send(bytes.fromhex('bebafeca 09000000 11000000') + b'echo bash$BASH_V\0')
    frames = peer.until(0x0C)
    peer.send(frame(0x0C))
    return frames


def v1_upload(peer, name, destination):
    with open(name, 'rb') as file:
        data = file.read()
    peer.send(frame(0x0D, f'{name} {destination}'.encode() + b'\0'))
    frames = peer.until(0x0F)
    peer.send(frame(0x13))
    for at in range(0, len(data), 4096):
        peer.send(frame(0x11, data[at:at + 4096]))
    peer.send(frame(0x12))
    frames += peer.until(0x14)
    peer.send(frame(0x0C))
    return frames


def v1_download(peer, source, name):
    peer.send(frame(0x0E, f'{source} {name}'.encode() + b'\0'))
    frames = peer.until(0x12)
    with open(name, 'wb') as file:
        for kind, payload in frames:
            if kind == 0x11:
                file.write(payload)
    peer.send(frame(0x14))
    peer.send(frame(0x0C))
    return [f for f in frames if f[0] != 0x11]


def v1_exists(peer, destination):
    peer.send(frame(0x0D, f'/x {destination}'.encode() + b'\0'))
    frames = peer.until(0x0F)
    peer.send(frame(0x0C))
    return frames


def v1_stall(peer, command):
    peer.send(frame(0x09, command.encode() + b'\0'))
    time.sleep(1)
    peer.socket.settimeout(1)
    try:
        while True:
            peer.send(frame(0x0B, b'x' * 4096))
    except TimeoutError:
        pass
    peer.socket.close()
    sys.exit(0)


BROKEN = {
    'magic': b'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
    'magic-later': frame(0x20, b'', magic=0xCAFEBABF),
    'huge': frame(0x20, length=0xFFFFFFFF),
    'over-limit': frame(0x20, length=32769),
    'v1-over-limit': frame(0x09, b'x' * 4097),
    'unknown': frame(0x7F),
    'zero': frame(0),
    'no-hello': frame(0x21),
    'empty-hello': frame(0x20),
    'v1-data-first': frame(0x0B, b'ls\r'),
    'v1-end-of-file-first': frame(0x12),
    'v1-then-v2': frame(0x0A, b'\x18\0\x50\0\0\0\0\0') + frame(0x21),
    'v1-short-size': frame(0x0A, b'\x18'),
    'v1-no-nul': frame(0x09, b'true'),
    'v1-inner-nul': frame(0x09, b'tr\0ue\0'),
}


def broken(peer, name):
    peer.send(BROKEN[name])
    return peer.until(-1)


def truncated(path):
    """Every point at which a connection's first frames may be cut; the server must not mind."""
    whole = frame(0x0A, b'\x18\0\x50\0\0\0\0\0') + frame(0x09, b'true\0')
    for cut in range(len(whole)):
        peer = Peer(path)
        peer.send(whole[:cut])
        peer.socket.shutdown(socket.SHUT_WR)
        while peer.read() is not None:
            pass
    print(f'{len(whole)} cuts')


def silent(peer, seconds):
    begin = time.monotonic()
    frames = peer.until(-1)
    spent = time.monotonic() - begin
    print('closed in time' if spent < float(seconds) + 5 else f'closed after {spent:.1f} s')
    return frames


ACTIONS = {
    'v1-shell': v1_shell, 'v1-command': v1_command, 'v1-upload': v1_upload,
    'v1-download': v1_download, 'v1-stall': v1_stall, 'v1-exists': v1_exists, 'broken': broken, 'silent': silent,
}


def main():
    path, action, *words = sys.argv[1:]
    if action == 'names':
        print(*BROKEN)
        return
    if action == 'truncated':
        truncated(path)
        return
    peer = Peer(path)
    show(ACTIONS[action](peer, *words))
    # Whatever was said, the server closes.
    while peer.read() is not None:
        pass


main()
