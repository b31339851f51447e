#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The two neighbours of vsock-shell-proxy: a server behind it, and ssh in front of it.

    proxy_peer.py serve PATH echo            one connection, echoes until the end of the stream
    proxy_peer.py serve PATH echo-exactly N  echoes N bytes; fails if the stream is half-closed before
                                             it closes itself
    proxy_peer.py serve PATH mux N           the same behind a CONNECT line, whose port it prints
    proxy_peer.py serve PATH send FILE       sends FILE at once, then closes
    proxy_peer.py ssh FILE COMMAND...        runs COMMAND as ssh does with ProxyUseFdpass, sends FILE
                                             over the socket it is given, and prints what comes back
    proxy_peer.py ssh-leaves COMMAND...      the same, but goes away while COMMAND still waits
"""

import array
import os
import select
import socket
import subprocess
import sys
import threading

CHUNK = 1 << 18


def accept_one(path):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(1)
    return listener.accept()[0]


def read_line(connection):
    line = b""
    while not line.endswith(b"\n"):
        line += connection.recv(1)
    return line


def echo(connection, count=None):
    done = 0
    while count is None or done < count:
        data = connection.recv(CHUNK)
        if not data:
            break
        connection.sendall(data)
        done += len(data)
    return done


def echo_exactly(connection, count):
    done = echo(connection, count)
    if done != count:
        sys.exit(f"got {done} bytes instead of {count}")
    # The proxy's own input has ended long ago: nothing of that may show here.
    if select.select([connection], [], [], 0.5)[0]:
        sys.exit("the proxy half-closed the connection")


def serve(path, mode, *rest):
    connection = accept_one(path)
    if mode == "echo":
        echo(connection)
    elif mode == "echo-exactly":
        echo_exactly(connection, int(rest[0]))
    elif mode == "mux":
        print(read_line(connection).decode().strip(), flush=True)
        connection.sendall(b"OK 1073741824\n")
        echo_exactly(connection, int(rest[0]))
    elif mode == "send":
        with open(rest[0], "rb") as file:
            connection.sendall(file.read())
    connection.close()


def start_as_ssh(command):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs)
    theirs.close()
    return ours, process


def receive_fd(ours):
    room = socket.CMSG_LEN(array.array("i").itemsize)
    data, ancillary, _, _ = ours.recvmsg(1, room)
    fds = array.array("i")
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(payload)
    if len(data) != 1 or len(fds) != 1:
        return -1
    return fds[0]


def ssh(path, *command):
    ours, process = start_as_ssh(command)
    fd = receive_fd(ours)
    status = process.wait()
    if fd < 0:
        sys.exit(f"no descriptor; the proxy ended with {status}")
    if status != 0:
        sys.exit(f"the proxy ended with {status}")
    if not os.get_blocking(fd):
        sys.exit("the descriptor is non-blocking")
    connection = socket.socket(fileno=fd)

    def send():
        with open(path, "rb") as file:
            connection.sendall(file.read())

    sender = threading.Thread(target=send)
    sender.start()
    left = os.path.getsize(path)
    while left > 0:
        data = connection.recv(CHUNK)
        if not data:
            sys.exit(f"the connection ended {left} bytes too early")
        sys.stdout.buffer.write(data)
        left -= len(data)
    sender.join()


def ssh_leaves(*command):
    ours, process = start_as_ssh(command)
    try:
        process.wait(timeout=0.5)
        sys.exit("the proxy did not wait")
    except subprocess.TimeoutExpired:
        pass
    ours.close()
    print(process.wait(timeout=10))


if __name__ == "__main__":
    {"serve": serve, "ssh": ssh, "ssh-leaves": ssh_leaves}[sys.argv[1]](*sys.argv[2:])
