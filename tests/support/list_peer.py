#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A server that is none of ours, for those who ask who answers: list_peer.py SOCKET MODE

MODE is ssh (speaks first, as SSH servers do), late-ssh (only after something was sent to it), silent
or closing (ends the connection at once). How each connection ended is one line on standard output.
"""
import socket
import struct
import sys

BANNER = b'SSH-2.0-OpenSSH_9.9 test\r\n'
SSH_MSG_DISCONNECT = 1


def read_all(peer):
    data = b''
    while part := peer.recv(4096):
        data += part
    return data


def describe(data):
    line, _, packet = data.partition(b'\r\n')
    if len(packet) < 6:
        return repr(data)
    length, padding, kind = struct.unpack('>IBB', packet[:6])
    whole = length == len(packet) - 4 and (length + 4) % 8 == 0 and 4 <= padding < length
    if kind != SSH_MSG_DISCONNECT or not whole:
        return repr(data)
    return line.decode() + ' and a disconnect'


def serve(peer, mode):
    if mode == 'closing':
        return
    if mode == 'late-ssh':
        peer.recv(1)
    if mode != 'silent':
        peer.sendall(BANNER)
    print('closed after', describe(read_all(peer)), flush=True)


def main():
    path, mode = sys.argv[1:]
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(8)
        while True:
            peer, _ = listener.accept()
            with peer:
                try:
                    serve(peer, mode)
                except OSError as error:
                    print('broken:', error, flush=True)


main()
