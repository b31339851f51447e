#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Clients of the server's control socket that are not ours, and a look at its JSON.

usage: control_peer.py ask SOCKET REQUEST      sends REQUEST, half-closes, prints what comes
       control_peer.py silent SOCKET COUNT     connects COUNT times, touches SOCKET.connected, waits
       control_peer.py check FILE PID USER     FILE is the answer with one session of USER
"""
import json
import pathlib
import socket
import sys
import time


def connect(path):
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(path)
    return peer


def ask(path, request):
    with connect(path) as peer:
        peer.sendall(request.encode().decode('unicode_escape').encode())
        peer.shutdown(socket.SHUT_WR)
        try:
            sys.stdout.buffer.write(peer.recv(65536))
        except ConnectionResetError:
            pass


def silent(path, count):
    peers = [connect(path) for _ in range(int(count))]
    pathlib.Path(path + '.connected').touch()
    time.sleep(30)
    return peers


def check(path, pid, user):
    with open(path, encoding='utf-8') as file:
        answer = json.load(file)
    (session,) = answer['sessions']
    wanted = {'pid': int, 'seconds': float, 'in': int, 'out': int, 'running': int, 'peer': str,
              'mode': str, 'user': str, 'action': str, 'text': str}
    kinds = {name: type(value) for name, value in session.items()}
    if kinds != wanted or session['in'] < 290000 or session['running'] != 1:
        sys.exit(f'wrong members: {session}')
    if (session['mode'], session['user'], session['action']) != ('native', user, 'exec'):
        sys.exit(f'not the session: {session}')
    if session['text'] != 'cat >/dev/null; : \x1b[2J':
        sys.exit(f'not the command: {session}')
    del answer['sessions'], answer['seconds'], answer['version']
    if answer != {'pid': int(pid), 'max_sessions': 512, 'stopping': False, 'more': 0}:
        sys.exit(f'not the server: {answer}')


{'ask': ask, 'silent': silent, 'check': check}[sys.argv[1]](*sys.argv[2:])
