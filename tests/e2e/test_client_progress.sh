#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The progress bar in a real terminal: one line that fits, and nothing left of it.
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/tmux.sh
. "$SUPPORT/tmux.sh"

need tmux
start_server
start_tmux
mkdir "$HOME/tree" "$HOME/there"
for i in 1 2 3; do
    head -c 2M /dev/urandom >"$HOME/tree/file number $i"
done
head -c 2M /dev/urandom >"$HOME/tree/$(printf 'a \e[31mcolour\nand a line')"

line "cd; clear; $CLIENT --limit 1M $T -r -u tree:$HOME/there/; echo status \$?"
shows ' [0-9]+%  +[0-9.]+ [KM]iB  +[0-9.]+ [KM]?i?B/s  [0-9:-]+  [1-4]/4$'
shows '\[=*>? *\]'
[ "$(screen | grep -c '%')" -eq 1 ] || fail "more than one bar:
$(screen)"
window resize-window -t 0 -x 46 -y 24
sleep 1
screen | grep -c '%' | grep -qx 1 || fail "the bar folded after the resize:
$(screen)"
window resize-window -t 0 -x 120 -y 24
sleep 0.5
screen | grep -c '%' | grep -qx 1 || fail "the bar doubled after the resize:
$(screen)"
shows '^status 0$'
shows '^vsock-shell-client: 4 files, 8.0 MiB in [0-9.]+ s, [0-9.]+ [KM]iB/s$'
shows_not '%'
[ "$(screen | grep -c .)" -le 5 ] || fail "the copy left more than its summary:
$(screen)"
ok 'a bar that fits, survives resizes and goes'

line "clear; $CLIENT --limit 512K $T -d \"$HOME/tree/file number 1:$HOME/x\"; echo status \$?"
# As much has to be there as a partial must have to be kept.
shows '^x .* [3-9][0-9]%'
keys C-c
shows 'interrupted by signal 2 \(INT\)$'
shows '\-\-resume'
shows '^status 130$'
line 'clear; stty -a | grep -o "[-]*icanon"'
shows '^icanon$'
[ ! -e "$HOME/x" ] || fail 'an interrupted copy shows its target'
line "clear; $CLIENT --resume $T -d \"$HOME/tree/file number 1:$HOME/x\"; echo status \$?"
shows 'were there already'
shows '^status 0$'
expect_same "$HOME/x" "$HOME/tree/file number 1"
[ -z "$(find "$HOME" -name '*.vsh-*')" ] || fail 'a partial was left'
ok 'Ctrl-C leaves the terminal clean and says how to go on'

line "clear; $CLIENT -q --limit 4M $T -d \"$HOME/tree/file number 2:$HOME/y\"; echo status \$?"
shows '^status 0$'
[ "$(screen | grep -c .)" -le 3 ] || fail "-q was not quiet: $(screen)"
expect_status 0 "$CLIENT" "$T" -d "$HOME/tree/file number 2:$HOME/y"
! grep -q '%\|'$'\r' "$ERR" || fail 'a bar without a terminal'
ok 'no bar with -q or without a terminal'
