#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes contrib/terminal.svg, the README's picture, out of a real run.

usage: terminal-picture.py [-b BUILD] [-o FILE] [--text]

Starts the server of BUILD (default build/release) on a unix socket in a private folder, and types the
lines of SCENE into a shell on a pseudo-terminal, from which the real client, ssh and scp reach that
server under the name "myvm". What appeared there, and when, becomes an SVG that plays once and then
stands still; where nothing moves it shows the end. A picture that ends in the same screen already is
left as it is, for the states of a progress bar are never twice the same. --text prints the last screen
of FILE and makes nothing.
"""
import argparse
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from fcntl import ioctl
from html import escape, unescape
from termios import TIOCSWINSZ

TOP = pathlib.Path(__file__).resolve().parent.parent
COLUMNS, ROWS = 80, 40
LIMIT_S = 30 * float(os.environ.get("VSH_SLOW", "1"))
HOST, VM = "host$ ", "vm$ "

# The prompt that the line is typed behind, and the line.
SCENE = [
    (HOST, "vsock-shell-client myvm"),
    (VM, "uname -s"),
    (VM, "exit"),
    (HOST, "vsock-shell-client myvm 'echo out; echo err >&2; exit 7' 2>/dev/null"),
    (HOST, "echo $?"),
    (HOST, "vsock-shell-client --limit 8M myvm -u disk.img:/images/"),
    (HOST, "ssh myvm.vsock 'echo the same port, with your keys'"),
    (HOST, "scp -q disk.img myvm.vsock:/images/copy.img"),
    (HOST, "vsock-shell-client -q myvm -d /images/copy.img:"),
    (HOST, "cmp disk.img copy.img && echo equal"),
    (HOST, ""),
]


class Screen:
    """Rows of text, as far as the programs of the scene use a terminal."""

    TOKEN = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|\x1b\][^\x07]*\x07|[\r\n\b\x07]|[^\x1b\r\n\b\x07]+")

    def __init__(self):
        self.rows, self.row, self.column = [""], 0, 0

    def put(self, text):
        for word in self.TOKEN.finditer(text):
            self.put_word(word[0], word[2])

    def put_word(self, word, command):
        row = self.rows[self.row]
        if word == "\r":
            self.column = 0
        elif word == "\b":
            self.column = max(self.column - 1, 0)
        elif word == "\n":
            self.row += 1
            self.rows += [""] * (self.row + 1 - len(self.rows))
        elif command == "K":
            self.rows[self.row] = row[: self.column]
        elif word[0] not in "\x1b\x07":
            end = self.column + len(word)
            if end > COLUMNS:
                sys.exit(f"terminal-picture.py: '{word}' is wider than the screen")
            self.rows[self.row] = row[: self.column].ljust(self.column) + word + row[end:]
            self.column = end


class Run:
    """A shell on a pseudo-terminal; history has (seconds, row, text) for every change of a row."""

    def __init__(self, environment, folder):
        self.screen, self.history, self.start = Screen(), [], time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe("bash", ["bash", "--norc", "--noprofile"], environment)
        ioctl(self.fd, TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

    def read(self):
        if not select.select([self.fd], [], [], 0.02)[0]:
            return
        before = list(self.screen.rows)
        self.screen.put(os.read(self.fd, 65536).decode())
        for row, text in enumerate(self.screen.rows):
            if row >= len(before) or text != before[row]:
                self.history.append((time.monotonic() - self.start, row, text))

    def wait_for(self, done, what):
        end = time.monotonic() + LIMIT_S
        while not done():
            if time.monotonic() > end:
                sys.exit(f"terminal-picture.py: {what}, but:\n" + "\n".join(self.screen.rows))
            self.read()

    def type(self, prompt, line):
        here = self.screen
        self.wait_for(lambda: here.rows[here.row] == prompt, f"waited for '{prompt}'")
        if line:
            os.write(self.fd, line.encode())
            self.wait_for(lambda: here.rows[here.row] == prompt + line, f"typed '{line}'")
            os.write(self.fd, b"\r")

    def close(self):
        os.write(self.fd, b"\x04")
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def write_program(path, text):
    path.write_text("#!/bin/sh\n" + text, encoding="utf-8")
    path.chmod(0o755)


def prepare(folder, build):
    """What the scene finds: names, a key, the programs in PATH. Returns the environment."""
    programs, config = folder / "bin", folder / "config/vsock-shell"
    for made in (programs, config, folder / "home", folder / "vm/images", folder / "keys"):
        made.mkdir(parents=True)
    for name in ("vsock-shell-client", "vsock-shell-proxy"):
        (programs / name).symlink_to(build / "src" / name)
    (config / "hosts").write_text(f"myvm unix:{folder}/sock\n", encoding="utf-8")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"], check=True)
    shutil.copy(folder / "key.pub", folder / "keys/ssh.ephemeral-authorized_keys-all")
    # ssh looks for its files in the home folder of the account, whatever HOME says.
    (folder / "ssh_config").write_text(
        f"UserKnownHostsFile {folder}/known_hosts\nIdentityFile {folder}/key\n"
        "IdentitiesOnly yes\nIdentityAgent none\nBatchMode yes\n"
        f"Include {TOP}/contrib/ssh_config.d/30-vsock-shell.conf\n", encoding="utf-8")
    for name in ("ssh", "scp"):
        write_program(programs / name, f'exec {shutil.which(name)} -F {folder}/ssh_config "$@"\n')
    write_program(folder / "vm-shell", f"PS1='{VM}' exec bash --norc --noprofile \"$@\"\n")
    (folder / "home/disk.img").write_bytes(os.urandom(24 << 20))
    (folder / "inputrc").write_text("set enable-bracketed-paste off\n", encoding="utf-8")
    return {
        "PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(folder / "home"), "TERM": "xterm",
        "LC_ALL": "C.UTF-8", "PS1": HOST, "XDG_CONFIG_HOME": str(folder / "config"),
        "INPUTRC": str(folder / "inputrc"), "CREDENTIALS_DIRECTORY": str(folder / "keys"),
        "SHELL": "/bin/sh",
    }


def start_server(folder, build, environment):
    server = subprocess.Popen(
        [build / "src/vsock-shell-server", "--listen", f"unix:{folder}/sock", "--ssh", "--root",
         folder / "vm", "--host-key", folder / "host_key", "--shell", folder / "vm-shell"],
        env=environment, stdin=subprocess.DEVNULL, stderr=(folder / "server.log").open("w"))
    ask = ["ssh", "-o", "LogLevel=ERROR", "myvm.vsock", "true"]
    for _ in range(100):
        # It also makes the VM known to ssh, which tells of it once.
        if subprocess.run(ask, env=environment, stderr=subprocess.DEVNULL, check=False,
                          executable=folder / "bin/ssh").returncode == 0:
            return server
        time.sleep(0.1)
    server.send_signal(signal.SIGTERM)
    sys.exit("terminal-picture.py: no server: " + (folder / "server.log").read_text())


def play(build):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        environment = prepare(folder, build)
        server = start_server(folder, build, environment)
        try:
            run = Run(environment, folder / "home")
            for prompt, line in SCENE:
                run.type(prompt, line)
            run.close()
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()
        return run.history


# The picture

FRAMES_MOST = 8  # of one row: a progress bar
CHARACTER, LINE, MARGIN, BAR = 8.4, 20, 16, 30
COLOURS = {"back": "#14181d", "bar": "#232a32", "text": "#c9d1d9", "typed": "#ffffff", "prompt": "#5fb37a"}


def keep_frames(history):
    """Of each row: the bare prompt, the last state, and in between at most FRAMES_MOST states."""
    states = {}
    for when, row, text in history:
        states.setdefault(row, []).append((when, text.rstrip()))
    kept = []
    for row, all_of_it in states.items():
        prompt = [state for state in all_of_it if state[1] + " " in (HOST, VM)][:1]
        progress = [state for state in all_of_it[:-1] if "%  " in state[1]]
        step = max(len(progress) // FRAMES_MOST, 1)
        for when, text in prompt + progress[::step] + all_of_it[-1:]:
            if text:
                kept.append((when, row, text))
    # A row that is the same in the end as in a kept state before is there once.
    return sorted(set(kept))


def in_steps(kept):
    """Real pauses, in steps of a quarter second and neither shorter nor longer than can be watched:
    two runs make the same picture."""
    clock, before, timed = 0.0, kept[0][0], []
    for when, row, text in kept:
        typed = text.startswith((HOST, VM))
        pause = round((when - before) * 4) / 4
        clock += min(max(pause, 1.0 if typed else 0.25), 1.5)
        before = when
        timed.append((clock, row, text))
    return timed


def row_svg(text, y):
    def piece(x, words, kind):
        return (f'<text class="{kind}" x="{MARGIN + x * CHARACTER:.1f}" y="{y}" '
                f'textLength="{len(words) * CHARACTER:.1f}">{escape(words, quote=False)}</text>')

    for prompt in (HOST, VM):
        if (text + " ").startswith(prompt):
            bare, typed = prompt.rstrip(), text[len(prompt):]
            return piece(0, bare, "prompt") + (piece(len(prompt), typed, "typed") if typed else "")
    return piece(0, text, "text")


def svg(timed):
    """A state shows from its time on, until the next state of its row covers it."""
    last = {row: when for when, row, _ in timed}
    rows = max(last) + 1
    width = round(COLUMNS * CHARACTER + 2 * MARGIN)
    height = BAR + rows * LINE + MARGIN
    following, parts = {}, []
    for when, row, text in reversed(timed):
        y = BAR + (row + 1) * LINE
        body = row_svg(text, y)
        # Without animation only the last state of a row shows.
        if when == last[row]:
            parts.append(f'<g class="s" style="animation-delay:{when:g}s">{body}</g>')
        else:
            shown = following[row] - when
            parts.append(f'<g class="f" style="animation-delay:{when:g}s;'
                         f'animation-duration:{shown:g}s">{body}</g>')
        following[row] = when
    style = "".join(f".{kind}{{fill:{COLOURS[kind]}}}" for kind in ("text", "typed", "prompt"))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="A terminal: a shell, a command, copies and ssh '
        'through vsock-shell">',
        "<!-- Made by contrib/terminal-picture.py from a real run. -->",
        "<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',"
        f"monospace;white-space:pre}}{style}"
        "@keyframes show{from{opacity:0}to{opacity:0}}"
        "@keyframes frame{from{opacity:1}to{opacity:1}}"
        ".s{animation:show 0s backwards}.f{opacity:0;animation:frame 1s}"
        "@media (prefers-reduced-motion:reduce){.s,.f{animation:none}}</style>",
        f'<rect width="{width}" height="{height}" rx="8" fill="{COLOURS["back"]}"/>',
        f'<path d="M0 {BAR - 6}V8a8 8 0 0 1 8-8H{width - 8}a8 8 0 0 1 8 8V{BAR - 6}z" '
        f'fill="{COLOURS["bar"]}"/>',
        *reversed(parts), "</svg>", ""]
    return "\n".join(lines)


def last_screen(timed):
    last = {row: text for _, row, text in timed}
    return [last.get(row, "") for row in range(max(last) + 1)]


def read_screen(path):
    """The last screen of a picture that this program made: what shows when nothing moves."""
    rows = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith('<g class="s"'):
            pieces = re.findall(r'y="(\d+)"[^>]*>([^<]*)', line)
            rows[(int(pieces[0][0]) - BAR) // LINE - 1] = unescape(" ".join(words for _, words in pieces))
    return [rows.get(row, "") for row in range(max(rows) + 1)]


def steady(screen):
    """Without what every run has of its own: how long a copy took."""
    return [re.sub(r"in [0-9.]+ s, [0-9.]+ .iB/s", "in a while", row) for row in screen]


def main():
    parser = argparse.ArgumentParser(description="Makes the README's picture out of a real run.")
    parser.add_argument("-b", metavar="BUILD", default=TOP / "build/release", type=pathlib.Path)
    parser.add_argument("-o", metavar="FILE", default=TOP / "contrib/terminal.svg", type=pathlib.Path)
    parser.add_argument("--text", action="store_true", help="print the last screen of FILE, make nothing")
    arguments = parser.parse_args()
    if arguments.text:
        print("\n".join(read_screen(arguments.o)))
        return
    timed = in_steps(keep_frames(play(arguments.b.resolve())))
    if not arguments.o.exists() or steady(read_screen(arguments.o)) != steady(last_screen(timed)):
        arguments.o.write_text(svg(timed), encoding="utf-8")


main()
