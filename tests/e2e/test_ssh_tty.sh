#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Terminals over SSH: size, resize, control characters, hang-up.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/ssh_setup.sh
. "$SUPPORT/ssh_setup.sh"

need python3
ssh_start

tty_session()
{
    "$SUPPORT/ssh_tty.py" "${SSH[@]}" "$@" || fail "on the terminal: $*"
}

TERM=screen tty_session -tt t 'tty; echo $SSH_TTY; echo TERM=$TERM; stty -a; exit 9' <<'END'
expect /dev/pts/
expect /dev/pts/
expect TERM=screen
expect intr = ^C
expect iutf8
status 9
END
ok 'a terminal with sane modes, TERM and SSH_TTY'

tty_session -tt t 'trap "echo now \$(stty size)" WINCH; echo ready; while :; do sleep 0.1; done' <<'END'
expect ready
size 33 77
expect now 33 77
size 12 200
expect now 12 200
send \x03
status 255
END
wait_for 5 no_session_left || fail 'an interrupted session is left'
ok 'resize arrives, ^C reaches the foreground'

tty_session -tt t 'cat; echo "cat got $?"' <<'END'
send one\n
expect one
expect one
send \x04
expect cat got 0
status 0
END
ok '^D is the end of input'

tty_session -tt t 'exec cat' <<'END'
send x\r
expect x
expect x
send \r~B
send still\r
expect still
expect still
send \x04
status 0
END
ok 'a break does no harm'

# A closed terminal (~.) hangs the job up: also one in the background that ignores nothing.
tty_session -tt t 'sh -c "echo \$\$; exec sleep 1000" & exec sleep 1001' <<'END'
expect \n
send \r~.
status 255
END
wait_for 6 no_session_left || fail '~. left a session'
ok '~. ends everything'

expect_status 1 "${SSH[@]}" -T t 'tty </dev/null'
expect_line 'not a tty'
stop_server
ssh_start --no-pty
run "${SSH[@]}" -tt t tty
expect_match 'PTY allocation request failed'
ok '--no-pty'
