#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# An interactive shell in a real terminal: editing, job control, full-screen programs, the window.
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/tmux.sh
. "$SUPPORT/tmux.sh"

need tmux vim less
start_server
start_tmux
start_remote

mkdir "$HOME/some_folder_with_a_name"
line $'cd some_fol\t'
line 'pwd'
shows "^$HOME/some_folder_with_a_name\$"
line 'cd; clear'
ok 'Tab completes'

line 'echo number $((20 + 3))'
shows '^number 23$'
line 'clear'
shows_not '^number 23$'
keys Up Up Enter
shows '^number 23$'
ok 'the arrow keys walk the history'

line 'vim -u NONE -N new.txt'
shows '"new.txt" \[New\]'
keys i
keys -l 'typed in vim'
keys Escape
line ':wq'
shows '^remote\$$'
wait_for 10 grep -qx 'typed in vim' "$HOME/new.txt" || fail 'vim did not write the file'
line 'seq 500 | less'
shows '^23$'
keys G
shows '^500$'
keys q
shows '^remote\$$'
ok 'vim and less'

line 'clear; stty size'
shows '^24 80$'
line 'trap "stty size" WINCH'
window resize-window -t 0 -x 101 -y 31
shows '31 101$'
line 'trap - WINCH'
# tmux takes its time: a command typed now may come before the new size.
window resize-window -t 0 -x 80 -y 24
line 'clear; until [ "$(stty size)" = "24 80" ]; do sleep 0.1; done; echo resized'
shows '^resized$'
ok 'the window size follows at once'

line 'clear; echo begun; sleep 1000'
shows '^begun$'
keys C-c
line 'echo status $?'
shows '^status 130$'
line 'clear; echo begun; sleep 1001'
shows '^begun$'
keys C-z
shows 'Stopped +sleep 1001'
line 'jobs -l'
line 'bg; kill %1; wait %1; echo gone $?'
shows '^gone 143$'
ok 'Ctrl-C, Ctrl-Z and job control'

line 'clear; echo "grün → 日本語 é"; stty -a | grep -o iutf8'
shows '^grün → 日本語 é$'
shows '^iutf8$'
line 'clear; echo begun; read -r word; echo "[$word]"'
shows '^begun$'
keys -l 'aéb'
keys BSpace BSpace Enter
shows '^\[a\]$'
ok 'UTF-8, erased by characters'

line 'clear; echo "TERM is $TERM"; printf "\e[38;5;196mRED\e[0m\n"'
shows '^TERM is screen-256color$'
shows '^RED$'
window capture-pane -t 0 -p -e | grep -q '38;5;196' || fail 'the colour 196 did not arrive'
ok 'TERM and 256 colours'

line 'clear'
shows '^remote\$$'
keys C-d
shows '^local\$$'
line 'code=$?; clear; echo status $code'
shows '^status 0$'
ok 'Ctrl-D ends the shell'
