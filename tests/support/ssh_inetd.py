#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Starts a program with each connection to a socket as its stdin and stdout, as inetd does.

usage: ssh_inetd.py SOCKET|tcp:FILE PROGRAM [ARGUMENT...]

SOCKET is a unix socket; with tcp: it is a free port of 127.0.0.1, and FILE gets its number.
"""
import os
import signal
import socket
import sys

if sys.argv[1].startswith('tcp:'):
    listener = socket.create_server(('127.0.0.1', 0))
    with open(sys.argv[1][4:], 'w', encoding='ascii') as file:
        file.write(str(listener.getsockname()[1]))
else:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen(64)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    connection, _ = listener.accept()
    if os.fork() == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(connection.fileno(), 0)
        os.dup2(connection.fileno(), 1)
        os.execv(sys.argv[2], sys.argv[2:])
    connection.close()
