# SPDX-License-Identifier: MIT
"""The servers of a benchmark run, the data they move, and clocks for both."""

import os
import signal
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")

SSHD_CONFIG = """
HostKey {keys}/host
AuthorizedKeysFile {keys}/authorized_keys
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
LogLevel QUIET
MaxStartups 1000
MaxSessions 100
Subsystem sftp {sftp}
"""

# One client for both sides: the same ssh, the same way to the socket.
SSH_CONFIG = """
Host *
  ProxyCommand {build}/src/vsock-shell-proxy -F unix:{data}/%n.sock
  ProxyUseFdpass yes
  IdentityFile {keys}/id
  IdentitiesOnly yes
  IdentityAgent none
  BatchMode yes
  LogLevel ERROR
  UserKnownHostsFile {keys}/known_hosts
  StrictHostKeyChecking no
"""


def run(words, **more):
    more.setdefault("stdin", subprocess.DEVNULL)
    more.setdefault("stdout", subprocess.DEVNULL)
    done = subprocess.run(words, stderr=subprocess.PIPE, check=False, **more)
    if done.returncode != 0:
        raise RuntimeError(f"status {done.returncode}: {words}: {done.stderr.decode()[-300:]}")


def timed(words, **more):
    begin = time.perf_counter()
    run(words, **more)
    return time.perf_counter() - begin


class Rig:
    """Starts everything on entering, ends it by pid on leaving."""

    def __init__(self, build, keys, data, mib):
        self.build, self.keys, self.data, self.mib = build, keys, data, mib
        self.servers = {}

    def program(self, name):
        return f"{self.build}/src/vsock-shell-{name}"

    def address(self, name):
        return f"unix:{self.data}/{name}.sock"

    def path(self, name):
        return f"{self.data}/{name}"

    def __enter__(self):
        try:
            self.make_keys()
            self.make_data()
            self.start_servers()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.servers.values():
            process.send_signal(signal.SIGTERM)
        for process in self.servers.values():
            process.wait()

    def make_keys(self):
        for name in ("host", "id"):
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{self.keys}/{name}"])
        os.rename(f"{self.keys}/id.pub", f"{self.keys}/authorized_keys")
        for name, sftp in (("sshd", "/usr/lib/openssh/sftp-server"), ("internal", "internal-sftp")):
            with open(f"{self.keys}/{name}.conf", "w", encoding="ascii") as file:
                file.write(SSHD_CONFIG.format(keys=self.keys, sftp=sftp))
        with open(f"{self.keys}/ssh.conf", "w", encoding="ascii") as file:
            file.write(SSH_CONFIG.format(build=self.build, data=self.data, keys=self.keys))

    def make_data(self):
        with open(self.path("big"), "wb") as file:
            for _ in range(self.mib):
                file.write(os.urandom(1 << 20))
        for name, count in (("tree", 10000), ("tree2000", 2000)):
            for i in range(count):
                folder = self.path(f"{name}/{i // 100}")
                os.makedirs(folder, exist_ok=True)
                with open(f"{folder}/{i}", "wb") as file:
                    file.write(os.urandom(4096))

    def start(self, name, words):
        self.servers[name] = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                              stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not os.path.exists(self.path(f"{name}.sock")):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name} does not listen")
            time.sleep(0.02)

    def start_servers(self):
        os.makedirs("/run/sshd", exist_ok=True)
        spawn = f"{self.build}/spawn"
        # OpenSSH is offered no ChaCha20 by the first, and the pair with that cipher needs one that does.
        for name, more in (("ours", ()), ("ours-all", ("--ssh-all-ciphers",))):
            self.start(name, [self.program("server"), "--listen", self.address(name), "--ssh", *more,
                              "--authorized-keys", f"{self.keys}/authorized_keys",
                              "--host-key", f"{self.keys}/host"])
        for name in ("sshd", "internal"):
            self.start(name, [spawn, self.path(f"{name}.sock"), "/usr/sbin/sshd", "-i", "-f",
                              f"{self.keys}/{name}.conf"])
        for name, command in (("true", "true"), ("zero", f"head -c {self.mib}M /dev/zero"),
                              ("null", "cat > /dev/null")):
            self.start(f"socat-{name}", ["socat", "-b262144", f"UNIX-LISTEN:{self.path(f'socat-{name}.sock')},fork",
                                         f"SYSTEM:{command}"])
        self.start("socat-cat", ["socat", f"UNIX-LISTEN:{self.path('socat-cat.sock')},fork",
                                 "EXEC:cat,pty,setsid,ctty,stderr"])
        self.start("socat-save", ["socat", "-u", "-b262144", f"UNIX-LISTEN:{self.path('socat-save.sock')},fork",
                                  f"CREATE:{self.path('socat-put')}"])
        self.start("socat-send", ["socat", "-U", "-b262144", f"UNIX-LISTEN:{self.path('socat-send.sock')},fork",
                                  f"OPEN:{self.path('big')},rdonly"])
        self.start("socat-untar", ["socat", "-u", "-b262144", f"UNIX-LISTEN:{self.path('socat-untar.sock')},fork",
                                   f"SYSTEM:tar x -C {self.data}/put"])
        self.start("socat-tar", ["socat", "-U", "-b262144", f"UNIX-LISTEN:{self.path('socat-tar.sock')},fork",
                                 f"SYSTEM:tar c -C {self.data} tree"])

    def client(self, *words):
        return [self.program("client"), self.address("ours"), *words]

    def openssh(self, program, options):
        return [program, "-F", f"{self.keys}/ssh.conf", *[f"-o{o}" for o in options]]

    def ssh(self, host, *words, options=()):
        return [*self.openssh("ssh", options), host, *words]

    def scp(self, *words, options=()):
        return [*self.openssh("scp", options), "-q", *words]

    def sftp(self, host, batch, options):
        done = subprocess.run([*self.openssh("sftp", options), "-q", "-b", "-", host],
                              input=batch.encode(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode()[-300:])

    def cpu(self, name):
        """Seconds that the ended connection processes of a server have used, with all they waited for."""
        with open(f"/proc/{self.servers[name].pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[13]) + int(fields[14])) / TICKS

    def descendants(self, pid):
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as file:
                        parent = int(file.read().rsplit(")", 1)[1].split()[1])
                except OSError:
                    continue
                if parent == pid:
                    found += [int(entry), *self.descendants(int(entry))]
        return found

    def fresh(self, *names):
        """Empties the targets, so that every round makes new files."""
        for name in names:
            subprocess.run(["rm", "-rf", self.path(name)], check=True)
