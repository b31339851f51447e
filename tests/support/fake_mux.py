#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A hybrid-vsock multiplexer, as Firecracker and its relatives are, with the manners asked for.

usage: fake_mux.py SOCKET SERVER [--port N] [--answer N] [--banner TEXT] [--mode MODE]

It listens on the unix socket SOCKET. "CONNECT N\\n" for the port given by --port (5000) joins the
stream to the unix socket SERVER, after "OK ANSWER\\n"; for any other port the stream ends. TEXT is
sent in one piece with that line, as a server that speaks first may have it. MODE is one of

  plain              every byte as it comes
  bytewise           one byte at a time, the line and the first 4096 bytes of each direction
  refuse             ends the stream instead of answering
  silent             never answers
  ignore-half-close  does not tell the server that the client has shut its side down
  cut-half-close     cuts the whole stream 2 s after either side has shut its side down

Each event is one line on standard output: "connect N", "half-close client", "half-close server",
"bad REQUEST" for a line that did not come whole in one read.
"""
import argparse
import os
import socket
import sys
import threading
import time

CHUNK = 65536
BYTEWISE = 4096
CUT_S = 2


def tell(text):
    sys.stdout.write(text + '\n')
    sys.stdout.flush()


def send_bytewise(to, data):
    for at in range(len(data)):
        to.sendall(data[at:at + 1])


class Joined:
    """The two ends of one stream."""

    def __init__(self, client, server, mode):
        self.client = client
        self.server = server
        self.mode = mode

    def cut(self):
        for end in (self.client, self.server):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def ended(self, name, to):
        """One side will send no more: a half-close, or its whole end, which look alike here."""
        tell('half-close ' + name)
        if self.mode == 'cut-half-close':
            time.sleep(CUT_S)
            self.cut()
        elif self.mode != 'ignore-half-close' or name == 'server':
            try:
                to.shutdown(socket.SHUT_WR)
            except OSError:
                pass

    def pump(self, name, source, to):
        slow = BYTEWISE if self.mode == 'bytewise' else 0
        try:
            while data := source.recv(min(CHUNK, slow) or CHUNK):
                if slow > 0:
                    send_bytewise(to, data)
                    slow -= len(data)
                else:
                    to.sendall(data)
        except OSError:
            self.cut()
            return
        self.ended(name, to)

    def run(self):
        up = threading.Thread(target=self.pump, args=('client', self.client, self.server))
        up.start()
        self.pump('server', self.server, self.client)
        up.join()


def answer(client, options):
    line = b'OK %d\n' % options.answer + os.fsencode(options.banner)
    if options.mode == 'bytewise':
        send_bytewise(client, line)
    else:
        client.sendall(line)


def serve(client, options):
    request = client.recv(64)
    words = request.split()
    if len(words) != 2 or words[0] != b'CONNECT' or not request.endswith(b'\n'):
        tell('bad %r' % request)
        return
    tell('connect ' + words[1].decode())
    if options.mode == 'silent':
        client.recv(1)
        return
    if options.mode == 'refuse' or int(words[1]) != options.port:
        return
    with socket.socket(socket.AF_UNIX) as server:
        try:
            server.connect(options.server)
        except OSError:
            return  # nobody listens in the guest: the stream ends
        answer(client, options)
        Joined(client, server, options.mode).run()


def serve_and_close(client, options):
    try:
        with client:
            serve(client, options)
    except OSError:
        pass


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split('\n')[2].partition(' ')[2])
    parser.add_argument('socket')
    parser.add_argument('server')
    parser.add_argument('--port', type=int, default=5000)
    parser.add_argument('--answer', type=int, default=4294967295)
    parser.add_argument('--banner', default='')
    parser.add_argument('--mode', default='plain',
                        choices=['plain', 'bytewise', 'refuse', 'silent', 'ignore-half-close',
                                 'cut-half-close'])
    options = parser.parse_args()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(options.socket)
    listener.listen(64)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve_and_close, args=(client, options), daemon=True).start()


if __name__ == '__main__':
    main()
