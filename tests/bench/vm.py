#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ours against socat, both over real vsock, inside the machine of tests/vm/run.sh -t bench. Started there.

The machine is emulated: only the ratios mean something, and they weigh what the programs compute
more than a real processor would.
"""

import argparse
import shutil
import socket
import sys
import tempfile
import time

import bench
import cases
from cases import Case
from rig import Rig, timed

FIRST_PORT = 6000


class VsockRig(Rig):
    """The servers of both sides, each on a port of CID 1."""

    ports = {}

    def address(self, name):
        return f"vsock:1:{self.port(name)}"

    def port(self, name):
        return self.ports.setdefault(name, FIRST_PORT + len(self.ports))

    def make_keys(self):
        pass

    def make_data(self):
        with open("/dev/urandom", "rb") as random, open(self.path("big"), "wb") as file:
            for _ in range(self.mib):
                file.write(random.read(1 << 20))

    def listens(self, name):
        with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as peer:
            return peer.connect_ex((1, self.port(name))) == 0

    def wait_until_up(self, name):
        deadline = time.monotonic() + 60
        while not self.listens(name):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name} does not listen")
            time.sleep(0.1)

    def socat(self, name, direction, answer):
        self.start(name, ["socat", *direction, "-b262144", f"VSOCK-LISTEN:{self.port(name)},fork,reuseaddr", answer])

    def start(self, name, words):
        # What the parent waits for is a file, which a vsock has not.
        with open(self.path(f"{name}.sock"), "wb"):
            pass
        super().start(name, words)
        self.wait_until_up(name)

    def start_servers(self):
        self.start("ours", [self.program("server"), "--listen", f"vsock:any:{self.port('ours')}", "--allow", "local"])
        self.socat("zero", [], f"SYSTEM:head -c {self.mib}M /dev/zero")
        self.socat("null", [], "SYSTEM:cat > /dev/null")
        self.socat("save", ["-u"], f"CREATE:{self.path('socat-put')}")
        self.socat("send", ["-U"], f"OPEN:{self.path('big')},rdonly")


def connect(rig, name):
    return f"VSOCK-CONNECT:1:{rig.port(name)}"


def through(rig, name, **more):
    return timed(["socat", "-b262144", "-t", "10", "-", connect(rig, name)], **more)


def socat_put(rig):
    words = ["socat", "-u", "-b262144", f"OPEN:{rig.path('big')},rdonly", connect(rig, "save")]
    return cases.put_until_there(rig, words)


def socat_get(rig):
    rig.fresh("get")
    return timed(["socat", "-u", "-b262144", connect(rig, "send"), f"CREATE:{rig.path('get')}"])


def all_cases():
    return [
        Case("vsock: native exec, down", "socat", 1.1, lambda r: cases.down(r, r.client), lambda r: through(r, "zero")),
        Case("vsock: native exec, up", "socat", 1.1, lambda r: cases.up(r, r.client),
             lambda r: cases.with_input(r, lambda file: through(r, "null", stdin=file))),
        Case("vsock: native put, one file", "socat, no digest", 1.1, lambda r: cases.native_put(r, "big"), socat_put),
        Case("vsock: native get, one file", "socat, no digest", 1.1, lambda r: cases.native_get(r, "big"), socat_get),
    ]


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--size", type=int, default=256, help="MiB of the big file")
    return parser.parse_args()


def main():
    options = arguments()
    print(f"emulated machine: {options.pairs} pairs after a warm-up; {options.size} MiB over vsock_loopback; data in memory")
    bench.print_head()
    data = tempfile.mkdtemp(prefix="vsh-bench.")
    try:
        with VsockRig(options.build, data, data, options.size) as rig:
            rows = bench.run_cases(all_cases(), rig, options.pairs)
    finally:
        shutil.rmtree(data)
    return 0 if len(rows) == len(all_cases()) else 1


if __name__ == "__main__":
    sys.exit(main())
