#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What zsh itself offers for a line: zsh_complete.py FOLDER LINE...

An interactive zsh on a pseudo-terminal, with no configuration but FOLDER in front of its function
path, completes each LINE as if Tab were pressed at its end, and a compadd of ours writes down what
the completion adds: on standard output, a line of LINE, a tab and the word for each.
"""
import os
import pty
import select
import sys
import tempfile
import time

LIMIT_S = 20 * float(os.environ.get("VSH_SLOW", "1"))

# -O and -A ask compadd to fill an array instead of offering something; what it offers is what it
# would add with the options that it was called with, so it is asked once more with -O.
SETUP = r"""
unsetopt beep
PS1= PS2= RPS1=
zstyle ':completion:*' insert-tab false
fpath=("$FOLDER" $fpath)
autoload -Uz compinit
compinit -u -D
compadd() {
    local -a offered
    if [[ ${@[1,(i)(-|--)]} == *-[OAD]* ]]; then
        builtin compadd "$@"
        return
    fi
    builtin compadd -O offered "$@"
    print -rl -- "$LINE"$'\t'${^offered} >>"$ANSWER"
    builtin compadd "$@"
}
answer() { LINE=$BUFFER; zle complete-word; zle kill-whole-line; print -r READY }
zle -N answer
bindkey '^T' answer
LISTMAX=10000
print -r READY
"""


class Shell:
    def __init__(self, folder, scratch):
        self.answer = os.path.join(scratch, "answer")
        with open(self.answer, "w", encoding="utf-8"):
            pass
        with open(os.path.join(scratch, ".zshrc"), "w", encoding="utf-8") as file:
            file.write(SETUP)
        environment = {
            "PATH": os.environ["PATH"], "TERM": "dumb", "LC_ALL": "C.UTF-8", "HOME": os.environ["HOME"],
            "ZDOTDIR": scratch, "FOLDER": folder, "ANSWER": self.answer,
        }
        pid, self.fd = pty.fork()
        if pid == 0:
            os.execvpe("zsh", ["zsh", "-d", "-i"], environment)
        self.pid = pid
        self.wait_ready()

    def wait_ready(self):
        seen, end = b"", time.monotonic() + LIMIT_S
        while b"READY" not in seen:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                sys.exit(f"zsh_complete.py: no answer from zsh, but {seen!r}")
            seen += os.read(self.fd, 4096)

    def complete(self, line):
        os.write(self.fd, line.encode() + b"\x14")
        self.wait_ready()

    def close(self):
        os.write(self.fd, b"\x03exit\n")
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def main():
    with tempfile.TemporaryDirectory() as scratch:
        shell = Shell(os.path.abspath(sys.argv[1]), scratch)
        for line in sys.argv[2:]:
            shell.complete(line)
        shell.close()
        with open(shell.answer, encoding="utf-8") as file:
            sys.stdout.write(file.read())


main()
