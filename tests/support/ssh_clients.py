#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The same small session with Python's SSH libraries, on a port of 127.0.0.1.

usage: ssh_clients.py paramiko|asyncssh PORT USER KEY FOLDER

Exits 77 when the library is not installed.
"""
import asyncio
import importlib
import os
import sys

CONTENT = os.urandom(3_000_000)


def check(condition, what):
    if not condition:
        sys.exit(f"ssh_clients.py: {what}")


def run_paramiko(port, user, key, folder):
    paramiko = importlib.import_module("paramiko")
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect("127.0.0.1", int(port), username=user, allow_agent=False, look_for_keys=False,
                   pkey=paramiko.Ed25519Key.from_private_key_file(key))
    _, out, err = client.exec_command("echo out; echo err >&2; exit 5")
    check(out.read() == b"out\n" and err.read() == b"err\n", "streams")
    check(out.channel.recv_exit_status() == 5, "exit status")
    sftp = client.open_sftp()
    with sftp.open(f"{folder}/file", "wb") as file:
        file.set_pipelined(True)
        file.write(CONTENT)
    with sftp.open(f"{folder}/file", "rb") as file:
        file.prefetch()
        check(file.read() == CONTENT, "content")
    sftp.mkdir(f"{folder}/dir")
    sftp.rename(f"{folder}/file", f"{folder}/dir/moved")
    sftp.posix_rename(f"{folder}/dir/moved", f"{folder}/file")
    sftp.chmod(f"{folder}/file", 0o600)
    sftp.utime(f"{folder}/file", (1000, 2000))
    sftp.symlink("file", f"{folder}/link")
    check(sftp.readlink(f"{folder}/link") == "file", "readlink")
    check(sftp.stat(f"{folder}/link").st_size == len(CONTENT), "stat")
    check(sorted(sftp.listdir(folder)) == ["dir", "file", "link"], "listdir")
    check(sftp.listdir_attr(folder)[0].longname, "long names")
    sftp.truncate(f"{folder}/file", 10)
    with sftp.open(f"{folder}/file", "ab") as file:
        file.write(b"end")
    with sftp.open(f"{folder}/file") as file:
        check(file.read() == CONTENT[:10] + b"end", "append")
    for name in ("file", "link"):
        sftp.remove(f"{folder}/{name}")
    sftp.rmdir(f"{folder}/dir")
    client.close()


async def run_asyncssh(port, user, key, folder):
    asyncssh = importlib.import_module("asyncssh")
    async with asyncssh.connect("127.0.0.1", int(port), username=user, client_keys=[key],
                                known_hosts=None, config=None) as client:
        result = await client.run("echo out; echo err >&2; exit 5")
        check((result.stdout, result.stderr, result.exit_status) == ("out\n", "err\n", 5), "run")
        result = await client.run("kill -TERM $$")
        check(result.exit_signal and result.exit_signal[0] == "TERM", "exit signal")
        process = await client.create_process("sleep 1000")
        # More than once: a shell that is just about to become "sleep" may lose it.
        while process.exit_status is None and process.exit_signal is None:
            process.send_signal("INT")
            await asyncio.sleep(0.3)
        check(process.exit_signal and process.exit_signal[0] == "INT", "signal")
        process = await client.create_process("stty size; cat", term_type="xterm",
                                              term_size=(91, 37))
        check((await process.stdout.readline()).strip() == "37 91", "terminal size")
        process.stdin.write_eof()
        await process.wait()
        with open(f"{folder}/local", "wb") as file:
            file.write(CONTENT)
        async with client.start_sftp_client() as sftp:
            await sftp.put(f"{folder}/local", f"{folder}/remote", preserve=True)
            await sftp.get(f"{folder}/remote", f"{folder}/back", preserve=True)
            check((await sftp.statvfs(folder)).bsize > 0, "statvfs")
            check(await sftp.realpath(f"{folder}/.//.") == folder, "realpath")
            await sftp.copy(f"{folder}/remote", f"{folder}/copied")
            await sftp.remove(f"{folder}/remote")
        for name in ("back", "copied"):
            with open(f"{folder}/{name}", "rb") as file:
                check(file.read() == CONTENT, name)


library = sys.argv[1]
try:
    importlib.import_module(library)
except ImportError:
    sys.exit(77)
if library == "paramiko":
    run_paramiko(*sys.argv[2:])
else:
    asyncio.run(run_asyncssh(*sys.argv[2:]))
