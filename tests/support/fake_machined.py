#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A systemd-machined that knows some machines: fake_machined.py SOCKET MODE [NAME=CID...]

It listens on SOCKET and answers io.systemd.Machine.List as version 257 and later do. MODE is list, or
old (the call is unknown), or silent. A NAME without a CID is a container. Each call is a line on
standard output.
"""
import json
import os
import socket
import sys


def say(peer, message):
    peer.sendall(json.dumps(message).encode() + b'\0')


def machine(word):
    name, equals, cid = word.partition('=')
    parameters = {'name': name, 'class': 'vm' if equals else 'container', 'leader': {'pid': 1}}
    if equals:
        parameters['vSockCid'] = int(cid)
    return parameters


def serve(peer, mode, words):
    data = b''
    while not data.endswith(b'\0'):
        part = peer.recv(4096)
        if not part:
            return
        data += part
    call = json.loads(data[:-1])
    print(call['method'], call.get('more'), flush=True)
    if mode == 'old' or call['method'] != 'io.systemd.Machine.List' or not call.get('more'):
        say(peer, {'error': 'org.varlink.service.MethodNotFound', 'parameters': {}})
    elif mode == 'list':
        for at, word in enumerate(words):
            say(peer, {'parameters': machine(word), 'continues': at + 1 < len(words)})
    peer.recv(1)


def main():
    path, mode, *words = sys.argv[1:]
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        os.chmod(path, 0o666)
        listener.listen(8)
        while True:
            peer, _ = listener.accept()
            with peer:
                serve(peer, mode, words)


main()
