#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The ends of an interactive shell, and the escape keys, in a real terminal.
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/tmux.sh
. "$SUPPORT/tmux.sh"

need tmux
start_server
start_tmux

# The terminal is as it was before the client: the local shell must see no difference.
expect_restored()
{
    line 'clear; stty -g >after; cmp before after && echo the same modes'
    shows '^the same modes$'
}
line "cd $HOME; stty -g >before; clear"

client_pid()
{
    pgrep -P "$(window display-message -p '#{pane_pid}')" -f vsock-shell-client
}

# A login shell: whatever its prompt is, it answers.
line "$CLIENT $T"
wait_for 10 client_pid >"$OUT" || fail 'the client did not start'
line 'echo login$((40 + 2)); shopt login_shell'
shows '^login42'
shows 'login_shell[[:space:]]+on'
line 'exit 3'
shows '^local\$$'
line 'code=$?; clear; echo status $code'
shows '^status 3$'
expect_restored
ok 'a login shell; exit 3 gives 3'

start_remote
line "printf 'last words\\n'; kill -9 \$\$"
shows '^last words$'
shows '^vsock-shell-client: the command was ended by signal 9 \(KILL\)$'
line 'code=$?; clear; echo status $code'
shows '^status 137$'
expect_restored
ok 'the last line before a sudden end is there'

start_remote
line 'cat'
keys Enter
keys -l '~~x ~.'
keys Enter
shows '^~x ~\.$'
keys -l '~?'
shows '^ ~\. +end the session$'
keys -l 'after help'
keys Enter
shows '^after help$'
keys Enter
keys -l '~.'
shows "^vsock-shell-client: connection to unix:.*/sock closed\$"
line 'code=$?; clear; echo status $code'
shows '^status 255$'
expect_restored
ok 'the escape keys ~~ ~? ~.'

start_remote
keys Enter
keys -l '~'
keys C-z
shows 'Stopped'
expect_restored
line 'clear; fg'
line 'echo still $((6 * 7))'
shows '^still 42$'
window resize-window -t 0 -x 90 -y 30
line 'clear; until [ "$(stty size)" = "30 90" ]; do sleep 0.1; done; echo resized'
shows '^resized$'
line 'exit 4'
shows '^local\$$'
line 'code=$?; clear; echo status $code'
shows '^status 4$'
expect_restored
ok '~^Z stops the client and fg goes on'

# Stopped from outside, politely and not.
for signal in TSTP STOP; do
    start_remote
    kill -"$signal" "$(client_pid)"
    shows 'Stopped'
    [ "$signal" = STOP ] || expect_restored
    line 'clear; fg'
    line 'echo still $((6 * 8))'
    shows '^still 48$'
    keys -l 'x'
    keys BSpace C-d
    shows '^local\$$'
    expect_restored
done
ok 'SIGTSTP, SIGSTOP and SIGCONT'

line "clear; $CLIENT --escape none $T -t 'echo begun; cat -v'"
shows '^begun$'
keys Enter
keys -l '~.'
keys Enter
shows '^~\.$'
keys C-d
shows '^local\$$'
ok '--escape none'

line "clear; $CLIENT $T -t 'stty size; tty; exit 6'; echo status \$?"
shows '^30 90$'
shows '^/dev/pts/'
shows '^status 6$'
line "clear; $CLIENT $T 'tty; exit 6'; echo status \$?"
shows '^not a tty$'
shows '^status 6$'
line "clear; $CLIENT $T -T </dev/tty; echo status \$?"
wait_for 10 client_pid >"$OUT" || fail 'the client did not start'
line 'tty; exit 8'
shows '^status 8$'
shows '^not a tty$'
ok '-t and -T'

# A server that is stuck: its process does not read, and ~. must work nevertheless.
start_remote
server_child=$(pgrep -P "$SERVER_PID" | tail -n 1)
kill -STOP "$server_child"
keys Enter
keys -l 'no answer to this'
keys Enter
keys -l '~.'
shows '^local\$$'
kill -CONT "$server_child"
expect_restored
ok '~. leaves a server that is stuck'
