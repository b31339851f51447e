#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Peers that mean harm, to a client that downloads and to a server that stores.

usage: files_hostile.py serve SOCKET SCENARIO      one connection; answers a GET with the scenario
       files_hostile.py upload SOCKET DEST SCENARIO   sends a PUT and the scenario; prints what the
                                                      server answers, a frame a line
       files_hostile.py upload-path SOCKET DEST    an honest file, to any destination
       files_hostile.py get SOCKET PATH FLAGS      prints the names and contents that come

A scenario is what the sender of files sends after the request; "files_hostile.py list" names them.
"""
import socket
import struct
import sys

import files_wire as w


def tree(peer, name=b'tree'):
    peer.send(w.ENTRY, w.entry(1, w.FOLDER, name))


def inner_file(name):
    def scenario(peer):
        tree(peer)
        peer.file(2, name)
        peer.send(w.LEAVE)
        peer.done()
    return scenario


def inner_folder(name):
    def scenario(peer):
        tree(peer)
        peer.send(w.ENTRY, w.entry(2, w.FOLDER, name))
        peer.file(3, b'x')
        peer.send(w.LEAVE)
        peer.send(w.LEAVE)
        peer.done()
    return scenario


def link_then_file(peer):
    """A link that leads out, then a folder of the same name with a file in it."""
    tree(peer)
    peer.send(w.ENTRY, w.entry(2, w.LINK, b'way', target=b'../../outside'))
    peer.send(w.ENTRY, w.entry(3, w.FOLDER, b'way'))
    peer.file(4, b'x')
    peer.send(w.LEAVE)
    peer.send(w.LEAVE)
    peer.done()


def file_through_link(peer):
    """A link to a file outside, then a file of the same name: the link is replaced."""
    tree(peer)
    peer.send(w.ENTRY, w.entry(2, w.LINK, b'way', target=b'../../outside/mine'))
    peer.file(3, b'way')
    peer.send(w.LEAVE)
    peer.done()


def another_name(peer):
    """Not the folder that was asked for."""
    tree(peer, b'.ssh')
    peer.file(2, b'authorized_keys')
    peer.send(w.LEAVE)
    peer.done()


def second_source(peer):
    tree(peer)
    peer.send(w.LEAVE)
    peer.send(w.ENTRY, w.entry(2, w.FOLDER, b'more'))
    peer.send(w.LEAVE)
    peer.done()


def leave_too_often(peer):
    tree(peer)
    peer.send(w.LEAVE)
    peer.send(w.LEAVE)
    peer.done()


def too_many_bytes(peer):
    tree(peer)
    peer.file(2, b'f', size=3)
    peer.send(w.LEAVE)
    peer.done()


def too_few_bytes(peer):
    tree(peer)
    peer.file(2, b'f', size=30)
    peer.send(w.LEAVE)
    peer.done()


def false_digest(peer):
    tree(peer)
    peer.file(2, b'f', digest=bytes(16))
    peer.send(w.LEAVE)
    peer.done()


def false_check(peer):
    payload = bytearray(w.entry(1, w.FOLDER, b'tree'))
    payload[-1] ^= 1
    peer.send(w.ENTRY, bytes(payload))
    peer.done()


def huge_hole(peer):
    tree(peer)
    peer.send(w.ENTRY, w.entry(2, w.REGULAR, b'f', size=1 << 62))
    peer.send(w.HOLE, struct.pack('<Q', 1 << 61))


def too_deep(peer):
    tree(peer)
    for number in range(2, 400):
        peer.send(w.ENTRY, w.entry(number, w.FOLDER, b'd'))


def many_entries(peer):
    """More entries than anybody should keep in memory, in a folder that cannot be made."""
    tree(peer)
    peer.send(w.ENTRY, w.entry(2, w.LINK, b'way', target=b'/nowhere'))
    peer.send(w.ENTRY, w.entry(3, w.FOLDER, b'way'))
    number = 4
    while number < 100000:
        batch = bytearray()
        for _ in range(2000):
            payload = w.entry(number, w.LINK, b'%d' % number, target=b'/nowhere')
            batch += struct.pack('<III', w.MAGIC, w.ENTRY, len(payload)) + payload
            number += 1
        peer.stream.sendall(batch)
    peer.send(w.LEAVE)
    peer.send(w.LEAVE)
    peer.done()


def special_frames(peer):
    """Frames that only a receiver may send."""
    tree(peer)
    peer.send(w.OFFER, struct.pack('<IQ', 1, 0) + bytes(16))


def exec_answer(peer):
    peer.send(0x29, b'\0\0\0\0')


def honest(peer):
    tree(peer)
    peer.file(2, b'good')
    peer.send(w.LEAVE)
    peer.done()


SCENARIOS = {
    'dotdot': inner_file(b'../x'), 'absolute': inner_file(b'/x'), 'slash': inner_file(b'a/x'),
    'nul': inner_file(b'a\0x'), 'empty': inner_file(b''), 'dot': inner_file(b'.'),
    'dotdot-folder': inner_folder(b'..'), 'absolute-folder': inner_folder(b'/'),
    'long-name': inner_file(b'n' * 200 + b'/'), 'link-then-file': link_then_file,
    'file-through-link': file_through_link, 'another-name': another_name,
    'second-source': second_source, 'leave-too-often': leave_too_often,
    'too-many-bytes': too_many_bytes, 'too-few-bytes': too_few_bytes,
    'false-digest': false_digest, 'false-check': false_check, 'huge-hole': huge_hole,
    'too-deep': too_deep, 'many-entries': many_entries, 'special-frames': special_frames,
    'exec-answer': exec_answer, 'honest': honest,
}


def drain(peer, show):
    """Reads until the other side closes or acknowledges; shows what it said."""
    names = {w.PROBLEM: 'PROBLEM', w.ERROR: 'ERROR', w.DONE_ACK: 'DONE_ACK', w.RESULT: 'RESULT',
             w.OFFER: 'OFFER', w.END: 'END'}
    try:
        while True:
            kind, payload = peer.receive()
            if show:
                text = payload if kind in (w.PROBLEM, w.ERROR) else b''
                print(names.get(kind, hex(kind)),
                      ''.join(chr(c) if 32 <= c < 127 else ' ' for c in text))
            if kind in (w.DONE_ACK, w.END, w.ERROR):
                peer.send(w.END)
                return
    except (w.Gone, OSError):
        if show:
            print('GONE')


def serve(path, name):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen()
    stream, _ = listener.accept()
    peer = w.Peer(stream)
    try:
        peer.hello()
        while peer.receive()[0] != w.GET:
            pass
        SCENARIOS[name](peer)
    except (w.Gone, OSError):
        pass
    drain(peer, False)


def upload(path, destination, scenario):
    peer = w.connect(path)
    peer.hello()
    peer.send(w.PUT, w.request(destination, w.RECURSIVE))
    try:
        peer.receive()
        scenario(peer)
    except (w.Gone, OSError):
        pass
    drain(peer, True)


def get(path, source, flags):
    peer = w.connect(path)
    peer.hello()
    peer.send(w.GET, w.request(source, flags))
    try:
        while True:
            kind, payload = peer.receive()
            if kind == w.ENTRY:
                print('ENTRY', payload[40:])
            elif kind in (w.DATA, w.PROBLEM, w.ERROR):
                print({w.DATA: 'DATA', w.PROBLEM: 'PROBLEM', w.ERROR: 'ERROR'}[kind], payload)
            if kind in (w.DONE, w.ERROR):
                peer.send(w.DONE_ACK, bytes(56))
                peer.send(w.END)
                return
    except (w.Gone, OSError):
        print('GONE')


def main():
    words = sys.argv[1:]
    if words[:1] == ['list']:
        print(*SCENARIOS)
    elif words[:1] == ['serve']:
        serve(words[1], words[2])
    elif words[:1] == ['upload']:
        upload(words[1], words[2].encode(), SCENARIOS[words[3]])
    elif words[:1] == ['upload-path']:
        upload(words[1], words[2].encode(), lambda peer: (peer.file(1, b'x'), peer.done()))
    elif words[:1] == ['get']:
        get(words[1], words[2].encode(), int(words[3]))
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
