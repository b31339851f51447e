#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Peers that no SSH server should meet.

usage: ssh_broken.py send SOCKET FILE [COUNT]   sends COUNT bytes of FILE, hangs up on its half, waits
                                               for the end of the other
       ssh_broken.py stall SOCKET FILE         sends FILE and waits for the server to give up
       ssh_broken.py record SOCKET FILE        a relay on stdin/stdout for ssh, and what ssh sent
       ssh_broken.py flip SOCKET OFFSET        the same relay, but one bit of ssh's bytes is wrong
       ssh_broken.py channels SOCKET USER KEY  opens 1000 channels with paramiko
       ssh_broken.py names SOCKET KEY USER...  asks with paramiko to be one after the other; all must
                                               be refused
"""
import importlib
import os
import select
import socket
import sys

import endpoint

WAIT = 20 * int(os.environ.get("VSH_SLOW", "1"))


def connect(path):
    stream = endpoint.connect(path)
    stream.settimeout(WAIT)
    return stream


def drain(stream):
    total = 0
    try:
        while data := stream.recv(65536):
            total += len(data)
    except ConnectionResetError:
        pass
    except TimeoutError:
        sys.exit("ssh_broken.py: the server does not give up")
    return total


def push(stream, data):
    try:
        stream.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        pass


def send(path, file, count=None):
    with open(file, "rb") as source:
        data = source.read()
    stream = connect(path)
    push(stream, data[:int(count)] if count else data)
    stream.shutdown(socket.SHUT_WR)
    drain(stream)


def stall(path, file):
    with open(file, "rb") as source:
        data = source.read()
    stream = connect(path)
    push(stream, data)
    drain(stream)


def relay(path, change):
    stream = connect(path)
    stream.settimeout(None)
    sent = 0
    sources = [stream.fileno(), 0]
    while stream.fileno() in sources:
        for fd in select.select(sources, [], [])[0]:
            try:
                data = os.read(fd, 65536)
            except ConnectionResetError:
                data = b""
            if not data:
                sources.remove(fd)
                if fd == 0:
                    stream.shutdown(socket.SHUT_WR)
            elif fd == 0:
                push(stream, change(sent, data))
                sent += len(data)
            else:
                os.write(1, data)


def record(path, file):
    with open(file, "wb") as log:
        def keep(_, data):
            log.write(data)
            log.flush()
            return data
        relay(path, keep)


def flip(path, offset):
    at = int(offset)

    def change(sent, data):
        if sent <= at < sent + len(data):
            data = bytearray(data)
            data[at - sent] ^= 1
        return bytes(data)
    relay(path, change)


def load_paramiko():
    try:
        return importlib.import_module("paramiko")
    except ImportError:
        sys.exit(77)


def names(path, key, *users):
    paramiko = load_paramiko()
    transport = paramiko.Transport(connect(path))
    transport.start_client()
    for user in users:
        try:
            transport.auth_publickey(user, paramiko.Ed25519Key.from_private_key_file(key))
            sys.exit(f"ssh_broken.py: {user} was let in")
        except paramiko.AuthenticationException:
            pass
    transport.close()


def channels(path, user, key):
    paramiko = load_paramiko()
    transport = paramiko.Transport(connect(path))
    transport.connect(username=user, pkey=paramiko.Ed25519Key.from_private_key_file(key))
    opened, refused = [], 0
    for _ in range(1000):
        try:
            opened.append(transport.open_session())
        except paramiko.ChannelException:
            refused += 1
    if not opened or not refused:
        sys.exit(f"ssh_broken.py: {len(opened)} channels opened, {refused} refused")
    opened[0].exec_command("echo works")
    if opened[0].makefile().read() != b"works\n":
        sys.exit("ssh_broken.py: a channel among many does not work")
    for channel in opened:
        channel.close()
    again = transport.open_session()
    again.exec_command("exit 3")
    if again.recv_exit_status() != 3:
        sys.exit("ssh_broken.py: no channel after many")
    transport.close()


{"send": send, "stall": stall, "record": record, "flip": flip,
 "channels": channels, "names": names}[sys.argv[1]](*sys.argv[2:])
