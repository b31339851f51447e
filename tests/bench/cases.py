# SPDX-License-Identifier: MIT
"""What is compared with what. A case's functions do one round and return its figure: less is better."""

import os
import pty
import select
import signal
import subprocess
import termios
import time
import tty
from dataclasses import dataclass
from typing import Callable

from rig import run, timed

# The same cipher on both sides wherever both are SSH; against the native mode sshd uses its own choice.
GCM = ("Ciphers=aes128-gcm@openssh.com",)
CHACHA = ("Ciphers=chacha20-poly1305@openssh.com",)
CURVE = ("KexAlgorithms=curve25519-sha256",)
KEYS = 2000
SESSIONS = 300
IDLE_SESSIONS = 10


@dataclass
class Case:
    name: str
    peer_name: str
    goal: float
    ours: Callable
    peer: Callable
    unit: str = "s"
    absolute: bool = False  # the goal is a figure of ours, not a ratio


def socat(rig, name, **more):
    words = ["socat", "-b262144", "-t", "10", "-", f"UNIX-CONNECT:{rig.path(f'socat-{name}.sock')}"]
    return timed(words, **more)


def with_input(rig, function):
    with open(rig.path("big"), "rb") as file:
        return function(file)


def down(rig, words):
    return timed(words(f"head -c {rig.mib}M /dev/zero"))


def up(rig, words):
    return with_input(rig, lambda file: timed(words("cat > /dev/null"), stdin=file))


def native_put(rig, source, *options):
    rig.fresh("put")
    os.mkdir(rig.path("put"))
    return timed(rig.client("-q", *options, "-u", f"{rig.path(source)}:{rig.path('put')}"))


def native_get(rig, source, *options):
    rig.fresh("get")
    os.mkdir(rig.path("get"))
    return timed(rig.client("-q", *options, "-d", f"{rig.path(source)}:{rig.path('get')}"))


def scp(rig, host, source, upload, options=()):
    target = "put" if upload else "get"
    rig.fresh(target)
    os.mkdir(rig.path(target))
    ends = [rig.path(source), f"{host}:{rig.path(target)}"] if upload else \
        [f"{host}:{rig.path(source)}", rig.path(target)]
    return timed(rig.scp("-r", *ends, options=options))


def put_until_there(rig, words):
    rig.fresh("socat-put")
    begin = time.perf_counter()
    run(words)
    # The other socat has no way to say that it is done: its file is looked at instead.
    while not os.path.exists(rig.path("socat-put")) or \
            os.path.getsize(rig.path("socat-put")) < rig.mib << 20:
        time.sleep(0.001)
    return time.perf_counter() - begin


def socat_put(rig):
    return put_until_there(rig, ["socat", "-u", "-b262144", f"OPEN:{rig.path('big')},rdonly",
                                 f"UNIX-CONNECT:{rig.path('socat-save.sock')}"])


def socat_get(rig):
    rig.fresh("get")
    words = ["socat", "-u", "-b262144", f"UNIX-CONNECT:{rig.path('socat-send.sock')}", f"CREATE:{rig.path('get')}"]
    return timed(words)


def count_files(path):
    return sum(len(files) for _, _, files in os.walk(path))


def tar_put(rig):
    rig.fresh("put")
    os.mkdir(rig.path("put"))
    begin = time.perf_counter()
    run(["sh", "-c", f"tar c -C {rig.data} tree | socat -u -b262144 - UNIX-CONNECT:{rig.path('socat-untar.sock')}"])
    last = rig.path(f"put/tree/{os.listdir(rig.path('tree'))[-1]}")
    while not os.path.isdir(last) or count_files(rig.path("put")) < 10000:
        time.sleep(0.001)
    return time.perf_counter() - begin


def tar_get(rig):
    rig.fresh("get")
    os.mkdir(rig.path("get"))
    return timed(["sh", "-c", f"socat -u -b262144 UNIX-CONNECT:{rig.path('socat-tar.sock')} - | tar x -C {rig.path('get')}"])


def rsync(rig, host, upload, options=()):
    target = "put" if upload else "get"
    rig.fresh(target)
    shell = " ".join(rig.openssh("ssh", options))
    ends = [rig.path("tree"), f"{host}:{rig.path(target)}/"] if upload else \
        [f"{host}:{rig.path('tree')}", rig.path(target) + "/"]
    return timed(["rsync", "-a", "-e", shell, *ends])


def sftp(rig, host, upload):
    target = "put" if upload else "get"
    rig.fresh(target)
    verb = f"put {rig.path('big')} {rig.path('put')}" if upload else f"get {rig.path('big')} {rig.path('get')}"
    begin = time.perf_counter()
    rig.sftp(host, verb + "\n", GCM)
    return time.perf_counter() - begin


def sftp_best(rig, upload):
    return min(sftp(rig, host, upload) for host in ("sshd", "internal"))


def sftp_cpu(rig, host, upload):
    before = rig.cpu(host)
    sftp(rig, host, upload)
    time.sleep(0.3)  # until the server has waited for the session
    return rig.cpu(host) - before


def many(words):
    begin = time.perf_counter()
    waiting = []
    for _ in range(SESSIONS):
        if len(waiting) >= 16:
            waiting.pop(0).wait()
        waiting.append(subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL))
    for process in waiting:
        process.wait()
    return time.perf_counter() - begin


def pss(rig, server, words):
    """KiB of all processes of an idle session but the command itself: the mean of several at once.

    What runs before there is a session is the server's: the listener, and what SSH sessions are copies of.
    """
    before = set(rig.descendants(rig.servers[server].pid))
    clients = [subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
               for _ in range(IDLE_SESSIONS)]
    total = 0
    try:
        time.sleep(3)
        for pid in set(rig.descendants(rig.servers[server].pid)) - before:
            try:
                with open(f"/proc/{pid}/comm", encoding="ascii") as file:
                    if file.read().strip() in ("sleep", "sh", "bash"):
                        continue
                with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                    total += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
            except (OSError, StopIteration):
                continue  # a process of the round before, gone meanwhile
    finally:
        for client in clients:
            client.send_signal(signal.SIGTERM)
        for client in clients:
            client.wait()
        time.sleep(0.5)
    return total / IDLE_SESSIONS


def echo(words, which):
    """Milliseconds from a key press to its echo: the median or the 99th percentile."""
    pid, master = pty.fork()
    if pid == 0:
        os.execvp(words[0], words)
    times = []
    try:
        time.sleep(1)
        tty.setraw(master, termios.TCSANOW)
        os.read(master, 65536) if select.select([master], [], [], 0)[0] else b""
        for i in range(KEYS):
            begin = time.perf_counter()
            os.write(master, b"x" if i % 60 else b"\r")
            os.read(master, 4096)
            times.append(time.perf_counter() - begin)
            while select.select([master], [], [], 0.0005)[0]:
                os.read(master, 4096)
    finally:
        os.kill(pid, signal.SIGTERM)
        os.close(master)
        os.waitpid(pid, 0)
    times.sort()
    return 1000 * times[int(len(times) * which)]


def ssh_relay(rig, proxy):
    options = (f"ProxyCommand={proxy}", "ProxyUseFdpass=no", *GCM)
    return down(rig, lambda command: rig.ssh("ours", command, options=options))


def native_cases():
    return [
        Case("native exec true", "ssh, sshd", 0.05, lambda r: timed(r.client("true")),
             lambda r: timed(r.ssh("sshd", "true"))),
        Case("native exec true", "socat", 1.2, lambda r: timed(r.client("true")),
             lambda r: socat(r, "true")),
        Case("native exec, down", "socat", 1.1, lambda r: down(r, r.client), lambda r: socat(r, "zero")),
        Case("native exec, up", "socat", 1.1, lambda r: up(r, r.client),
             lambda r: with_input(r, lambda file: socat(r, "null", stdin=file))),
        Case("native put, one file", "scp, sshd", 0.4, lambda r: native_put(r, "big"),
             lambda r: scp(r, "sshd", "big", True)),
        Case("native get, one file", "scp, sshd", 0.4, lambda r: native_get(r, "big"),
             lambda r: scp(r, "sshd", "big", False)),
        Case("native put, one file", "socat, no digest", 1.0, lambda r: native_put(r, "big"), socat_put),
        Case("native get, one file", "socat, no digest", 1.0, lambda r: native_get(r, "big"), socat_get),
        Case("native put, 10,000 files", "scp, sshd", 0.2, lambda r: native_put(r, "tree", "-r"),
             lambda r: scp(r, "sshd", "tree", True)),
        Case("native get, 10,000 files", "scp, sshd", 0.2, lambda r: native_get(r, "tree", "-r"),
             lambda r: scp(r, "sshd", "tree", False)),
        Case("native put, 10,000 files", "rsync, sshd", 0.6, lambda r: native_put(r, "tree", "-r"),
             lambda r: rsync(r, "sshd", True)),
        Case("native get, 10,000 files", "rsync, sshd", 0.6, lambda r: native_get(r, "tree", "-r"),
             lambda r: rsync(r, "sshd", False)),
        Case("native put, 10,000 files", "tar over socat", 1.2, lambda r: native_put(r, "tree", "-r"), tar_put),
        Case("native get, 10,000 files", "tar over socat", 1.2, lambda r: native_get(r, "tree", "-r"), tar_get),
        Case("300 native sessions", "ssh, sshd", 0.2, lambda r: many(r.client("true")),
             lambda r: many(r.ssh("sshd", "true"))),
        Case("PSS of one of 10 idle sessions, native", "sshd", 512,
             lambda r: pss(r, "ours", r.client("sleep 20")),
             lambda r: pss(r, "sshd", r.ssh("sshd", "sleep 20")), "KiB", absolute=True),
        Case("key to echo, native, p50", "ssh, sshd", 0.5, lambda r: echo(r.client("-t", "cat"), 0.5),
             lambda r: echo(r.ssh("-tt", "sshd", "cat"), 0.5), "ms"),
        Case("key to echo, native, p99", "ssh, sshd", 0.5, lambda r: echo(r.client("-t", "cat"), 0.99),
             lambda r: echo(r.ssh("-tt", "sshd", "cat"), 0.99), "ms"),
        # The floor: the same ways through the kernel, and nothing done to the bytes on them.
        Case("key to echo, native, p50", "socat", 1.1, lambda r: echo(r.client("-t", "cat"), 0.5),
             lambda r: echo(["socat", "-,raw,echo=0", f"UNIX-CONNECT:{r.path('socat-cat.sock')}"], 0.5), "ms"),
    ]


def ssh_case(name, goal, options, move, server="ours"):
    return Case(name, "sshd", goal, lambda r: move(r, lambda *c: r.ssh(server, *c, options=options)),
                lambda r: move(r, lambda *c: r.ssh("sshd", *c, options=options)))


def one_true(rig, words):
    del rig
    return timed(words("true"))


def ssh_cases():
    return [
        ssh_case("ssh true, default key exchange", 0.15, (), one_true),
        ssh_case("ssh true, curve25519 on both", 0.4, CURVE, one_true),
        ssh_case("ssh exec, down, aes128-gcm", 0.7, GCM, down),
        ssh_case("ssh exec, up, aes128-gcm", 0.8, GCM, up),
        ssh_case("ssh exec, down, chacha20-poly1305", 0.55, CHACHA, down, "ours-all"),
        ssh_case("ssh exec, up, chacha20-poly1305", 0.7, CHACHA, up, "ours-all"),
        Case("sftp get, aes128-gcm", "the better of sftp-server and internal-sftp", 0.65,
             lambda r: sftp(r, "ours", False), lambda r: sftp_best(r, False)),
        Case("sftp put, aes128-gcm", "the better of sftp-server and internal-sftp", 0.65,
             lambda r: sftp(r, "ours", True), lambda r: sftp_best(r, True)),
        Case("scp up, 2,000 files, aes128-gcm", "sshd", 0.6, lambda r: scp(r, "ours", "tree2000", True, GCM),
             lambda r: scp(r, "sshd", "tree2000", True, GCM)),
        Case("scp down, 2,000 files, aes128-gcm", "sshd", 0.6, lambda r: scp(r, "ours", "tree2000", False, GCM),
             lambda r: scp(r, "sshd", "tree2000", False, GCM)),
        Case("server CPU, sftp get, aes128-gcm", "sshd, sftp-server", 0.5, lambda r: sftp_cpu(r, "ours", False),
             lambda r: sftp_cpu(r, "sshd", False)),
        Case("server CPU, sftp put, aes128-gcm", "sshd, sftp-server", 0.6, lambda r: sftp_cpu(r, "ours", True),
             lambda r: sftp_cpu(r, "sshd", True)),
        Case("rsync, 10,000 files, aes128-gcm", "sshd", 0.9, lambda r: rsync(r, "ours", True, GCM),
             lambda r: rsync(r, "sshd", True, GCM)),
        Case("relay proxy, down", "socat as ProxyCommand", 0.8,
             lambda r: ssh_relay(r, f"{r.program('proxy')} {r.address('ours')}"),
             lambda r: ssh_relay(r, f"socat - UNIX-CONNECT:{r.path('ours.sock')}")),
        Case("PSS of one of 10 idle sessions, ssh", "sshd", 0.3, lambda r: pss(r, "ours", r.ssh("ours", "sleep 20")),
             lambda r: pss(r, "sshd", r.ssh("sshd", "sleep 20")), "KiB"),
    ]


def all_cases():
    return native_cases() + ssh_cases()
