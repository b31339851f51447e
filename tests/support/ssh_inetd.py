#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Starts a program with each connection to a unix socket as its stdin and stdout, as inetd does.

usage: ssh_inetd.py SOCKET PROGRAM [ARGUMENT...]
"""
import os
import signal
import socket
import sys

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
