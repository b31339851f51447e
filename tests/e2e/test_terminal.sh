#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Whatever ends the client, the user's terminal has its modes back.
. "$(dirname "$0")/../support/lib.sh"

start_server
for case in exit escape refused TERM HUP INT QUIT lost; do
    "$SUPPORT/client_terminal.py" "$CLIENT" "$T" "$case" 2>"$ERR" ||
        fail "$case: $(cat "$ERR")"
    ok "the terminal is restored: $case"
done

# A window manager that gives a new window its size does so while the client still connects.
# The command may begin before the size comes.
kill -STOP "$SERVER_PID"
"$SUPPORT/ssh_tty.py" "$CLIENT" -t "$T" 'until stty size | grep "^33"; do sleep 0.1; done' \
    <<END || fail 'a resize before the server answers'
sleep 0.5
size 33 77
run kill -CONT $SERVER_PID
expect 33 77
status 0
END
ok 'a resize before the server answers'
