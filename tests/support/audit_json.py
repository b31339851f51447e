#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
usage: audit_json.py LOG TRANSPORT USER

Reads the log of test_audit.sh's JSON server: every line is an object, and the audit lines have the
members that the manual page names, of the kinds that it says. Status 1 and a sentence otherwise.
"""
import json
import sys

ALWAYS = {"time": float, "level": str, "pid": int, "program": str, "message": str, "action": str,
          "peer": str, "mode": str, "user": str, "in": int, "out": int, "seconds": float,
          "result": str}
PEERS = {"vsock": {"cid": int, "port": int}, "unix": {"uid": int, "peer_pid": int}}


def check(line, transport, user):
    wanted = dict(ALWAYS, **PEERS[transport])
    if line["action"] == "connection":
        wanted["actions"] = int
    else:
        wanted.update(tty=bool, command=str)
        wanted.update({"signal": str} if line["result"].startswith("signal") else {"exit_status": int})
    if {name: type(value) for name, value in line.items()} != wanted:
        sys.exit(f"members other than {sorted(wanted)}: {line}")
    if line["user"] != user or line["message"] != "audit":
        sys.exit(f"wrong user or message: {line}")


def main():
    path, transport, user = sys.argv[1:]
    with open(path, encoding="utf-8") as log:
        lines = [json.loads(text) for text in log]
    audit = [line for line in lines if line["message"] == "audit"]
    for line in audit:
        check(line, transport, user)
    first, last = [line for line in audit if line["action"] == "exec"]
    if (first["exit_status"], first["command"], first["tty"]) != (5, ': ""\nexit 5', False):
        sys.exit(f"not what was run first: {first}")
    if (last["signal"], last["command"], last["tty"]) != ("TERM", "kill $$", True):
        sys.exit(f"not what was run last: {last}")
    if [line["action"] for line in audit].count("connection") != 2:
        sys.exit("not a line per connection")


main()
