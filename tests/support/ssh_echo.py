#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A TCP peer for the forwarding tests, on 127.0.0.1.

usage: ssh_echo.py serve PORTFILE        sends back what it gets, many connections; writes its port
       ssh_echo.py send PORT FILE        sends FILE, writes what comes back to stdout
       ssh_echo.py refused PORT          succeeds when a connection brings nothing but its end
"""
import os
import socket
import sys
import threading


def echo(connection):
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)


def serve(port_file):
    listener = socket.create_server(("127.0.0.1", 0))
    with open(port_file + ".new", "w", encoding="ascii") as file:
        file.write(str(listener.getsockname()[1]))
    os.rename(port_file + ".new", port_file)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=echo, args=(connection,), daemon=True).start()


def send(port, path):
    connection = socket.create_connection(("127.0.0.1", int(port)), 10)
    connection.settimeout(30)

    def feed():
        with open(path, "rb") as file:
            while data := file.read(65536):
                connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)

    feeder = threading.Thread(target=feed)
    feeder.start()
    while data := connection.recv(65536):
        sys.stdout.buffer.write(data)
    feeder.join()


def refused(port):
    try:
        connection = socket.create_connection(("127.0.0.1", int(port)), 10)
        connection.settimeout(10)
        got = connection.recv(1)
    except (ConnectionRefusedError, ConnectionResetError):
        return
    if got:
        sys.exit("a byte came back")


{"serve": serve, "send": send, "refused": refused}[sys.argv[1]](*sys.argv[2:])
