#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A server that speaks protocol version 1 and nothing else, to see the client fall back to it.

usage: v1_server.py SOCKET TRANSCRIPT [close|silent|answer]

It listens on the unix socket SOCKET and serves every connection in a process. TRANSCRIPT gets one
line per frame that came: the connection's number, the type in hex and the payload in hex. The last
word says what it does about a type above 0x14: close the connection (as most programs do), say
nothing, or answer with a version 1 frame.
"""
import fcntl
import os
import pty
import select
import signal
import socket
import struct
import sys
import termios

MAGIC = 0xCAFEBABE
(PTY_DATA, OPEN_BASH, OPEN_CMD, WINDOW_SIZE, CLIENT_DATA, CLIENT_END, UPLOAD, DOWNLOAD, READY_SEND,
 READY_RECV, FILE_DATA, DATA_END, DATA_BEGIN, END_ACK) = range(0x07, 0x15)


class Gone(Exception):
    pass


class Session:
    def __init__(self, peer, number, transcript, unknown):
        self.peer = peer
        self.number = number
        self.transcript = transcript
        self.unknown = unknown
        self.size = None

    def send(self, kind, payload=b''):
        self.peer.sendall(struct.pack('<III', MAGIC, kind, len(payload)) + payload)

    def read(self, length):
        data = b''
        while len(data) < length:
            part = self.peer.recv(length - len(data))
            if not part:
                raise Gone
            data += part
        return data

    def receive(self):
        magic, kind, length = struct.unpack('<III', self.read(12))
        if magic != MAGIC or length > 4096:
            raise Gone
        payload = self.read(length)
        with open(self.transcript, 'a', encoding='ascii') as out:
            out.write(f'{self.number} {kind:#04x} {payload.hex()}\n')
        return kind, payload

    def serve(self):
        while True:
            kind, payload = self.receive()
            if kind > END_ACK:
                if self.unknown == 'silent':
                    continue
                if self.unknown == 'answer':
                    self.send(PTY_DATA, b'unknown type\r\n')
                    self.send(CLIENT_END)
                return
            if kind == WINDOW_SIZE:
                self.size = payload
            elif kind == OPEN_BASH:
                return self.run(['bash', '-i'])
            elif kind == OPEN_CMD:
                return self.run(['bash', '-c', payload.rstrip(b'\0')])
            elif kind in (UPLOAD, DOWNLOAD):
                return self.copy(kind, payload.rstrip(b'\0'))
            elif kind == CLIENT_END:
                return None

    def run(self, argv):
        pid, master = pty.fork()
        if pid == 0:
            os.execvp(argv[0], argv)
        if self.size:
            fcntl.ioctl(master, termios.TIOCSWINSZ, self.size)
        try:
            self.relay(master)
        except (Gone, ConnectionError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def relay(self, master):
        while True:
            ready, _, _ = select.select([master, self.peer], [], [])
            if master in ready:
                try:
                    data = os.read(master, 4096)
                except OSError:
                    data = b''
                if not data:
                    self.send(CLIENT_END)
                    return
                self.send(PTY_DATA, data)
            if self.peer in ready:
                kind, payload = self.receive()
                if kind == CLIENT_DATA:
                    os.write(master, payload)
                elif kind == WINDOW_SIZE:
                    fcntl.ioctl(master, termios.TIOCSWINSZ, payload)
                elif kind == CLIENT_END:
                    raise Gone

    def copy(self, kind, text):
        source, destination = (os.path.expanduser(part) for part in text.split(b' '))
        if kind == UPLOAD:
            if os.path.exists(destination):
                self.send(READY_SEND, b"KO destination '" + destination + b"' already exists\0")
                return
            self.send(READY_SEND, b'OK ' + text + b'\0')
            with open(destination, 'wb') as out:
                self.take(out)
            self.send(END_ACK)
        else:
            if not os.path.isfile(source):
                self.send(READY_RECV, b"KO source '" + source + b"' does not exist\0")
                return
            self.send(READY_RECV, b'OK ' + text + b'\0')
            with open(source, 'rb') as data:
                self.send(DATA_BEGIN)
                while block := data.read(4096):
                    self.send(FILE_DATA, block)
                self.send(DATA_END)
            while self.receive()[0] != END_ACK:
                pass
        while self.receive()[0] != CLIENT_END:
            pass

    def take(self, out):
        while True:
            kind, payload = self.receive()
            if kind == FILE_DATA:
                out.write(payload)
            elif kind == DATA_END:
                return


def main():
    path, transcript = sys.argv[1:3]
    unknown = sys.argv[3] if len(sys.argv) > 3 else 'close'
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        number = 0
        while True:
            peer, _ = listener.accept()
            number += 1
            if os.fork() == 0:
                listener.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                try:
                    Session(peer, number, transcript, unknown).serve()
                except (Gone, ConnectionError):
                    pass
                os._exit(0)
            peer.close()


main()
