#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A vsock peer that does by hand what no client does.

usage: vsock_peer.py rude TARGET                   leaves with the server's bytes unread, in several states
       vsock_peer.py fill TARGET BYTES             sends to a server that does not read; fails unless it
                                                   can send about BYTES before the kernel makes it wait
       vsock_peer.py fill-client BYTES CLIENT      the same to a client of its own, which it stops

TARGET is vsock:1:PORT.
"""
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time

MAGIC = 0xCAFEBABE
LIMIT = 20 * int(os.environ.get("VSH_SLOW", "1"))


def grown():
    """Newer kernels let nobody send more at a time than the sender's own buffer could hold."""
    peer = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
    for option in (socket.SO_VM_SOCKETS_BUFFER_MAX_SIZE, socket.SO_VM_SOCKETS_BUFFER_SIZE):
        peer.setsockopt(socket.AF_VSOCK, option, 16 << 20)
    return peer


def connect(target):
    peer = grown()
    peer.connect((1, int(target.rsplit(":", 1)[1])))
    return peer


def rude(target):
    for payload in (b"", b"\xbe", struct.pack("<III", MAGIC, 0x08, 0), b"GET / HTTP/1.0\r\n\r\n"):
        peer = connect(target)
        peer.sendall(payload)
        # Until there is something to leave unread; to the first two the server says nothing.
        select.select([peer], [], [], LIMIT if len(payload) > 1 else 0)
        peer.close()


def fill(peer, wanted):
    """Sends until nothing goes for a while; the peer's window is what it took."""
    peer.setblocking(False)
    sent = 0
    while select.select([], [peer], [], 2)[1]:
        try:
            sent += peer.send(b"SSH-2.0-x" + b" " * 65536)
        except BlockingIOError:
            time.sleep(0.01)
        if sent > 2 * wanted:
            break
    # The kernel counts part of its own overhead into the window.
    if not wanted * 3 // 4 <= sent <= wanted * 5 // 4:
        sys.exit(f"{sent} bytes could be sent to a peer that does not read, wanted about {wanted}")


def fill_client(wanted, client):
    listener = grown()
    listener.bind((socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY))
    listener.listen(1)
    port = listener.getsockname()[1]
    process = subprocess.Popen([client, f"vsock:local:{port}", "true"], stdin=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        peer = listener.accept()[0]
        peer.recv(1)
        process.send_signal(signal.SIGSTOP)
        fill(peer, wanted)
    finally:
        process.kill()
        process.wait()


def main():
    task, *words = sys.argv[1:]
    if task == "rude":
        rude(words[0])
    elif task == "fill":
        fill(connect(words[0]), int(words[1]))
    else:
        fill_client(int(words[0]), words[1])


main()
