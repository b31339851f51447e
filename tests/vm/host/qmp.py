#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: qmp.py SOCKET COMMAND...: gives QEMU's monitor each command in turn ("stop", "cont", "quit")."""
import json
import socket
import sys

monitor = socket.socket(socket.AF_UNIX)
monitor.connect(sys.argv[1])
lines = monitor.makefile("rw")
lines.readline()
for command in ["qmp_capabilities"] + sys.argv[2:]:
    lines.write(json.dumps({"execute": command}) + "\n")
    lines.flush()
    # Events come between; after "quit" the connection may end first.
    for line in lines:
        answer = json.loads(line)
        if "error" in answer:
            sys.exit(f"{command}: {answer['error']['desc']}")
        if "return" in answer:
            break
