#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a service manager does to the server, without one.

usage: service_manager.py listen|accept|datagram SOCKET PROGRAM [ARGUMENT...]
           becomes PROGRAM with descriptor 3: SOCKET listening, its first connection, or of a wrong type
       service_manager.py notify SOCKET
           prints every datagram that comes to SOCKET, a line each; ends with the test
"""

import os
import socket
import sys

FIRST_FD = 3


def become(kind, path, command):
    if kind == "datagram":
        given = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        given.bind(path)
    else:
        given = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        given.bind(path)
        given.listen(16)
        if kind == "accept":
            given = given.accept()[0]
    if given.fileno() == FIRST_FD:
        os.set_inheritable(FIRST_FD, True)
    else:
        os.dup2(given.fileno(), FIRST_FD)
    environment = dict(os.environ, LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="x")
    os.execve(command[0], command, environment)


def notify(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as taker:
        taker.bind(path)
        while True:
            print(taker.recv(4096).decode(), flush=True)


if sys.argv[1] == "notify":
    notify(sys.argv[2])
else:
    become(sys.argv[1], sys.argv[2], sys.argv[3:])
