#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random reads, writes, truncations and renames on a mounted folder, compared with memory.

usage: ssh_fsx.py FOLDER OPERATIONS SEED
"""
import os
import random
import sys

folder, operations, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rng = random.Random(seed)
LIMIT = 400000
model = bytearray()
name = os.path.join(folder, "fsx-0")
fd = os.open(name, os.O_RDWR | os.O_CREAT, 0o644)


def check(what, got, expected):
    if got != expected:
        sys.exit(f"ssh_fsx.py: {what}: {len(got)} bytes differ from the model (seed {seed})")


for step in range(operations):
    kind = rng.choice(["read", "read", "write", "write", "truncate", "reopen", "rename", "stat"])
    offset = rng.randrange(LIMIT)
    length = rng.randrange(1, 70000)
    if kind == "read":
        check(f"read at {offset}", os.pread(fd, length, offset), model[offset:offset + length])
    elif kind == "write":
        data = rng.randbytes(length)
        if os.pwrite(fd, data, offset) != length:
            sys.exit("ssh_fsx.py: a short write")
        if len(model) < offset:
            model.extend(bytes(offset - len(model)))
        model[offset:offset + length] = data
    elif kind == "truncate":
        os.ftruncate(fd, offset)
        if offset < len(model):
            del model[offset:]
        else:
            model.extend(bytes(offset - len(model)))
    elif kind == "rename":
        new = os.path.join(folder, f"fsx-{step}")
        os.close(fd)
        os.rename(name, new)
        name = new
        fd = os.open(name, os.O_RDWR)
    elif kind == "reopen":
        os.close(fd)
        fd = os.open(name, os.O_RDWR)
    else:
        os.fsync(fd)
        if os.stat(name).st_size != len(model):
            sys.exit(f"ssh_fsx.py: size {os.stat(name).st_size} is not {len(model)}")
os.close(fd)
with open(name, "rb") as file:
    check("the whole file", file.read(), bytes(model))
print(os.path.basename(name))
