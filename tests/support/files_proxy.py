#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A wire between a client and a server that can be cut, stopped or bent at a chosen byte.

usage: files_proxy.py LISTEN TARGET STATE

LISTEN and TARGET are unix sockets, STATE is a folder. Every connection is a pair of byte streams:
"up" from the client, "down" from the server. Before it serves a connection it reads STATE/plan, one
word and two arguments, each of them for one connection only:

  pass                nothing
  cut up|down N       breaks both ends once N bytes have gone that way
  stall up|down N     stops reading and writing after N bytes, makes STATE/stalled, holds both ends
  flip up|down N      inverts bit 0 of byte N of that way (counted from 0)

When a connection is over it writes STATE/stats: bytes up, bytes down, and how often the direction
of the bytes changed.
"""
import os
import select
import selectors
import socket
import sys

CHUNK = 65536


class Wire:
    def __init__(self, client, server, state):
        self.state = state
        self.ends = {'up': (client, server), 'down': (server, client)}
        self.count = {'up': 0, 'down': 0}
        self.turns = 0
        self.last = None
        with open(os.path.join(state, 'plan'), encoding='ascii') as plan:
            words = plan.read().split() + ['', '0']
        self.action, self.way, self.at = words[0], words[1], int(words[2])

    def limit(self, way):
        if way == self.way and self.action in ('cut', 'stall'):
            return min(CHUNK, self.at - self.count[way])
        return CHUNK

    def bend(self, way, data):
        at = self.at - self.count[way]
        if self.action != 'flip' or way != self.way or not 0 <= at < len(data):
            return data
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]

    def stall(self):
        with open(os.path.join(self.state, 'stalled'), 'w', encoding='ascii'):
            pass
        # Until one end goes, however much of what it sent is unread.
        ends = select.poll()
        for one, _ in self.ends.values():
            ends.register(one, select.POLLRDHUP)
        ends.poll(60000)

    def move(self, way):
        """Carries one piece. False when the connection is over."""
        limit = self.limit(way)
        if limit == 0:
            if self.action == 'stall':
                self.stall()
            return False
        try:
            data = self.ends[way][0].recv(limit)
            if not data:
                return False
            self.ends[way][1].sendall(self.bend(way, data))
        except OSError:
            return False
        self.count[way] += len(data)
        if self.last != way:
            self.last = way
            self.turns += 1
        return self.limit(way) > 0 or self.move(way)

    def run(self):
        selector = selectors.DefaultSelector()
        for way, (source, _) in self.ends.items():
            selector.register(source, selectors.EVENT_READ, way)
        going = True
        while going:
            for key, _ in selector.select():
                going = going and self.move(key.data)
        selector.close()
        self.drain()
        for source, _ in self.ends.values():
            source.close()

    def drain(self):
        """What an end said before it closed still reaches the other one, unless it was cut."""
        if self.action in ('cut', 'stall'):
            return
        for way, (source, target) in self.ends.items():
            source.setblocking(False)
            try:
                while data := source.recv(CHUNK):
                    target.sendall(data)
                    self.count[way] += len(data)
            except OSError:
                pass

    def report(self):
        path = os.path.join(self.state, 'stats')
        with open(path + '.new', 'w', encoding='ascii') as out:
            out.write(f'{self.count["up"]} {self.count["down"]} {self.turns}\n')
        os.rename(path + '.new', path)


def main():
    listen, target, state = sys.argv[1:4]
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(listen)
    listener.listen()
    while True:
        client, _ = listener.accept()
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        server.connect(target)
        wire = Wire(client, server, state)
        wire.run()
        wire.report()


if __name__ == '__main__':
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
