#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ours and a peer in turn; the table of medians and pairwise ratios. Started by run.sh."""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import cases
from rig import Rig


def command_output(*words):
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError:
        return "missing"
    return (done.stdout + done.stderr).strip().splitlines()[0] if done.stdout or done.stderr else "?"


def machine():
    with open("/proc/cpuinfo", encoding="ascii") as file:
        model = next((l.split(":", 1)[1].strip() for l in file if l.startswith("model name")), "?")
    return {
        "cpu": f"{model}, {os.cpu_count()} processors",
        "kernel": platform.release(),
        "ssh": command_output("ssh", "-V"),
        "socat": command_output("sh", "-c", "socat -V | sed -n 2p"),
        "rsync": command_output("rsync", "--version"),
        "libssh": command_output("dpkg-query", "-W", "-f", "${Version}", "libssh-4"),
        "load at start": " ".join(f"{x:.2f}" for x in os.getloadavg()),
    }


def measure(case, rig, pairs):
    """Returns the lists of figures (ours, peer) of the pairs, after one warm-up each."""
    ours, peer = [], []
    case.ours(rig)
    case.peer(rig)
    for _ in range(pairs):
        ours.append(case.ours(rig))
        peer.append(case.peer(rig))
    return ours, peer


def row(case, ours, peer):
    ratios = [a / b for a, b in zip(ours, peer) if b > 0]
    return {
        "case": case.name,
        "peer": case.peer_name,
        "unit": case.unit,
        "ours": statistics.median(ours),
        "peer_figure": statistics.median(peer),
        "ratio": statistics.median(ratios),
        "low": min(ratios),
        "high": max(ratios),
        "goal": case.goal,
        "absolute": case.absolute,
        "all_ours": ours,
        "all_peer": peer,
    }


def print_row(r):
    mark = "yes" if (r["ours"] if r["absolute"] else r["ratio"]) <= r["goal"] else "no"
    goal = f"{r['goal']} {r['unit']}" if r["absolute"] else f"{r['goal']:.2f}"
    print(f"| {r['case']} | {r['peer']} | {r['ours']:.4g} {r['unit']} | {r['peer_figure']:.4g} {r['unit']} "
          f"| **{r['ratio']:.2f}** [{r['low']:.2f}–{r['high']:.2f}] | {goal} | {mark} |", flush=True)


def print_head():
    print("| case | peer | ours | peer | ours ÷ peer, median [lowest–highest pair] | goal | reached |")
    print("|---|---|---|---|---|---|---|", flush=True)


def run_cases(chosen, rig, pairs):
    """Prints a row per case; returns those that did not fail."""
    rows = []
    for case in chosen:
        try:
            rows.append(row(case, *measure(case, rig, pairs)))
            print_row(rows[-1])
        except (subprocess.SubprocessError, OSError, RuntimeError) as error:
            print(f"| {case.name} | {case.peer_name} | failed: {error} |", flush=True)
    return rows


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--size", type=int, default=1024, help="MiB of the big files")
    parser.add_argument("--only", default="", help="only cases whose name or peer contains this")
    parser.add_argument("--json", help="write every figure here")
    parser.add_argument("--list", action="store_true")
    return parser.parse_args()


def main():
    options = arguments()
    chosen = [c for c in cases.all_cases() if options.only in f"{c.name} | {c.peer_name}"]
    if options.list:
        print("\n".join(f"{c.name} | {c.peer_name}" for c in chosen))
        return 0
    facts = machine()
    for name, value in facts.items():
        print(f"{name}: {value}")
    print(f"{options.pairs} pairs after a warm-up; big files {options.size} MiB; data in memory\n")
    print_head()
    # Key files must lie where no stranger can write, or sshd and ours refuse them.
    keys = tempfile.mkdtemp(prefix="keys.", dir=options.build)
    data = tempfile.mkdtemp(prefix="vsh-bench.", dir="/dev/shm")
    try:
        with Rig(options.build, keys, data, options.size) as rig:
            rows = run_cases(chosen, rig, options.pairs)
    finally:
        shutil.rmtree(data)
        shutil.rmtree(keys)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"machine": facts, "rows": rows}, file, indent=1)
    return 0 if len(rows) == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
