#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# How a command ends, seen from the client: statuses, signals, and who waits for whom.
. "$(dirname "$0")/../support/lib.sh"

start_server

expect_status 7 "$CLIENT" "$T" 'exit 7'
expect_status 0 "$CLIENT" "$T" true
expect_status 255 "$CLIENT" "$T" 'exit 255'
ok 'the exit status of the command'

expect_status 137 "$CLIENT" "$T" 'kill -9 $$'
expect_line 'vsock-shell-client: the command was ended by signal 9 (KILL)' "$ERR"
expect_status 137 "$CLIENT" -q "$T" 'kill -9 $$'
[ ! -s "$ERR" ] || fail '-q did not silence the note'
ok 'a death by a signal, with a note'

expect_status 127 "$CLIENT" "$T" no-such-command-here
expect_match 'no-such-command-here'
expect_status 127 "$CLIENT" "$T" --argv no-such-program-here
expect_match 'no-such-program-here'
expect_status 126 "$CLIENT" "$T" --argv /etc/passwd
ok 'commands that cannot be found or run'

expect_status 255 "$CLIENT" "unix:$TMP/nobody" true
expect_match 'cannot connect to unix:.*/nobody: .*server'
[ "$(wc -l <"$ERR")" -eq 1 ] || fail 'the failure took more than one line'
ok 'no server: 255 and one sentence'

# The job holds the pipes until we say so: a client that waited for it would not come back.
expect_status 0 timeout $((20 * VSH_SLOW)) "$CLIENT" "$T" \
    "until [ -e '$TMP/stop' ]; do sleep 0.1; done & echo hi"
expect_line hi
touch "$TMP/stop"
ok 'a background job does not hold the client'

# The pipe's writer must end because its reader did: nothing else would ever end it.
[ "$("$CLIENT" "$T" 'yes; echo $? >&2' 2>"$ERR" | head -n 1)" = y ]
wait_for 10 grep -qx 141 "$ERR" || fail "yes did not die of SIGPIPE: $(cat "$ERR")"
expect_status 0 bash -c "'$CLIENT' $T yes | head -n 1"
[ ! -s "$ERR" ] || fail "a note about a pipe that we closed ourselves: $(cat "$ERR")"
ok 'a reader that leaves ends the command, without a word'

# The command writes only once: the hang-up of the pipe must have told before.
"$CLIENT" "$T" 'trap "" PIPE; sleep 1; echo x || echo refused >&2' 2>"$ERR" | true
expect_line refused "$ERR"
ok 'a reader that was never there is noticed'

expect_status 255 bash -c "'$CLIENT' $T 'echo text; exec sleep 30' >/dev/full"
expect_line 'vsock-shell-client: error: cannot write standard output: No space left on device' "$ERR"
ok 'a full disk behind stdout: 255 and a sentence'

expect_status 0 "$CLIENT" "$T" -C /tmp -e 'VSH_A=b c' --argv sh -c 'pwd; printf "%s\n" "$VSH_A"'
expect_line /tmp
expect_line 'b c'
expect_status 0 "$CLIENT" -- "$T" echo -e x
expect_line x
expect_status 0 "$CLIENT" "$T" echo a '"b  c"'
expect_line 'a b  c'
expect_status 0 "$CLIENT" --cmd 'echo old' --cid "$T"
expect_line old
ok '-C, -e, --argv, words joined with blanks, the old spelling'

long=$(head -c 100000 /dev/zero | tr '\0' x)
expect_status 0 "$CLIENT" "$T" "echo $long | wc -c"
expect_line 100001
ok 'a command longer than the first payload limit'
