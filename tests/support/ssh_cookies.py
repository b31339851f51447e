#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ssh_cookies.py SOCKET COUNT [--stay | --silent]: opens COUNT SSH connections at once and prints the
cookie of each server's key exchange packet, 16 random bytes, in hex. --stay: then waits for their end.
--silent: says nothing, and only waits for their end."""
import socket
import sys

KEXINIT = 20


def connect(where, banner):
    if where.startswith("vsock:"):
        _, cid, port = where.split(":")
        peer = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
        peer.connect((int(cid), int(port)))
    else:
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        peer.connect(where)
    peer.settimeout(30)
    peer.sendall(banner)
    return peer


def read_cookie(stream):
    stream.readline()
    head = stream.read(6)  # u32 length, u8 padding length, type
    if len(head) != 6 or head[5] != KEXINIT:
        sys.exit(f"not a key exchange: {head!r}")
    return stream.read(16).hex()


silent = "--silent" in sys.argv
banner = b"" if silent else b"SSH-2.0-OpenSSH_cookies\r\n"
peers = [connect(sys.argv[1], banner) for _ in range(int(sys.argv[2]))]
for peer in peers:
    if not silent:
        print(read_cookie(peer.makefile("rb")), flush=True)
for peer in peers if silent or "--stay" in sys.argv else ():
    try:
        while peer.recv(4096):
            pass
    except OSError:
        pass
