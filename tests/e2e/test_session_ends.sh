#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Every way a session can end, seen from the server: nothing of it is left, others go on.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

start_server -v

# A command that ignores HUP and TERM, with a background job in a group of its own.
cat >"$TMP/stubborn" <<'END'
#!/bin/bash
trap '' HUP TERM
set -m
(trap '' HUP TERM; while :; do sleep 0.2; done) &
echo "$$ $!" >"$1"
while :; do sleep 0.2; done
END
chmod +x "$TMP/stubborn"

both_gone()
{
    is_gone "$1" && is_gone "$2"
}

started()
{
    [ -s "$1" ]
}

for pty in -T -t; do
    rm -f "$TMP/pids"
    start_background "$CLIENT" "$pty" "$T" "$TMP/stubborn $TMP/pids" </dev/null >/dev/null 2>&1
    client=$!
    wait_for 10 started "$TMP/pids" || fail 'the command did not start'
    read -r first second <"$TMP/pids"
    kill -KILL "$client"
    wait_for 6 both_gone "$first" "$second" || fail "something of the session is left ($pty)"
    ok "SIGKILL of the client ends a command that ignores HUP and TERM ($pty)"
done
expect_match 'peer vanished' "$TMP/server.log"

# A peer that vanishes while its input is stuck: nobody reads the socket then, and it is noticed all the same.
rm -f "$TMP/pids"
expect_status 0 "$SUPPORT/raw_peer.py" "$SOCKET" v1-stall "stty raw -echo; echo \$\$ >$TMP/pids; exec sleep 4321"
wait_for 6 is_gone "$(cat "$TMP/pids")" || fail 'a v1 session with stuck input outlives its peer'
ok 'a peer that vanishes while its input is stuck'

# The process of one connection is killed: its session ends, the other does not notice.
"$CLIENT" "$T" 'echo $PPID $$ >'"$TMP/first"'; exec sleep 30' >"$TMP/one.out" 2>"$TMP/one.err" &
one=$!
STARTED+=("$one")
"$CLIENT" "$T" 'echo up >'"$TMP/second"'; sleep 2; echo still here' >"$TMP/two.out" 2>&1 &
two=$!
STARTED+=("$two")
wait_for 10 started "$TMP/first" || fail 'the first session did not start'
wait_for 10 started "$TMP/second" || fail 'the second session did not start'
read -r connection sleeper <"$TMP/first"
kill -KILL "$connection"
status=0
wait "$one" || status=$?
[ "$status" -eq 255 ] || fail "status $status instead of 255 for a lost connection"
expect_match 'connection to .* lost' "$TMP/one.err"
wait "$two" || fail 'the other session failed'
wait_for 6 is_gone "$sleeper" || fail 'the command of a killed connection process lives on'
expect_line 'still here' "$TMP/two.out"
expect_status 0 "$CLIENT" "$T" true
ok 'a killed connection process takes its own session only'

# SIGTERM: no new sessions, the running ones may end; after --grace they are ended.
stop_server
start_server --grace 2
"$CLIENT" "$T" 'echo >'"$TMP/short"'; sleep 1; echo whole' >"$TMP/short.out" 2>&1 &
short=$!
"$CLIENT" "$T" 'echo >'"$TMP/long"'; sleep 60' >/dev/null 2>"$TMP/long.err" &
long=$!
STARTED+=("$short" "$long")
wait_for 10 started "$TMP/short" || fail 'no short session'
wait_for 10 started "$TMP/long" || fail 'no long session'
kill -TERM "$SERVER_PID"
wait "$short" || fail 'a session was not let end'
expect_line whole "$TMP/short.out"
status=0
wait "$long" || status=$?
[ "$status" -eq 255 ] || fail "status $status for a session that the end of the server cut"
expect_match 'the server ends' "$TMP/long.err"
wait_for 10 is_gone "$SERVER_PID" || fail 'the server does not end'
SERVER_PID=''
ok 'SIGTERM: sessions end within --grace, then they are ended with a sentence'

start_server --idle-timeout 1
expect_status 255 "$CLIENT" "$T" 'sleep 30'
expect_match 'idle-timeout'
ok '--idle-timeout'
