# SPDX-License-Identifier: MIT
"""Connects to what lib.sh calls $SOCKET: the path of a unix socket, or vsock:1:PORT."""
import socket


def connect(target):
    if target.startswith('vsock:'):
        stream = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
        stream.connect((1, int(target.rsplit(':', 1)[1])))
    else:
        stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        stream.connect(target)
    return stream
