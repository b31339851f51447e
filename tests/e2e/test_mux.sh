#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Hybrid vsock, through a multiplexer with every manner that Firecracker and its relatives have: the
# stream is whole, is never half-closed, and a refusal is a sentence.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

need python3

# start_mux NAME [OPTION...]: a multiplexer on $M in front of the server; its events are in $EVENTS.
start_mux()
{
    local path=$TMP/$1
    shift
    M=mux:$path
    EVENTS=$path.events
    start_background "$SUPPORT/fake_mux.py" "$path" "$SOCKET" "$@" >"$EVENTS"
    MUX_PID=$!
    wait_for 10 unix_listens "$path" || fail "the multiplexer on $path did not start"
}

start_server -v
head -c 3000000 /dev/urandom >"$TMP/data"
SUM=$(sha256sum <"$TMP/data")

start_mux plain
expect_status 3 "$CLIENT" "$M" 'echo out; echo err >&2; exit 3'
expect_line out
expect_line err "$ERR"
expect_line 'connect 5000' "$EVENTS"
run "$CLIENT" "$M" sha256sum <"$TMP/data"
expect_line "$SUM"
run "$CLIENT" "$M" "cat $TMP/data"
expect_same "$OUT" "$TMP/data"
ok 'exec through a multiplexer that answers with a port of ten digits'

expect_refused 'nobody listens on this port in the VM' "$CLIENT" -p 5001 "$M" true
expect_line 'connect 5001' "$EVENTS"
expect_refused 'nobody listens on this port in the VM' "$CLIENT" "$M:4294967294" true
expect_line 'connect 4294967294' "$EVENTS"
expect_status 0 "$CLIENT" "$M:5000.vsock" true
! grep -q bad "$EVENTS" || fail "CONNECT did not come in one piece: $(cat "$EVENTS")"
ok 'a port that nobody listens on, named by -p and in the address'

start_mux bytewise --mode bytewise
run "$CLIENT" "$M" sha256sum <"$TMP/data"
expect_line "$SUM"
run "$CLIENT" "$M" "cat $TMP/data"
expect_same "$OUT" "$TMP/data"
ok 'the same, cut into single bytes'

start_mux merged --banner $'SSH-2.0-first bytes\r\n'
"$PROXY" "$M" </dev/null >"$TMP/first" 2>"$ERR" &
PROXY_PID=$!
STARTED+=("$PROXY_PID")
has_banner()
{
    [ "$(head -n 1 "$TMP/first" | tr -d '\r')" = 'SSH-2.0-first bytes' ]
}
wait_for 10 has_banner || fail "the first bytes are lost: $(cat "$TMP/first" "$ERR")"
end_process "$PROXY_PID"
ok 'bytes that come in one piece with the answer belong to the session'

start_mux refusing --mode refuse
expect_refused "$M:5000: the multiplexer closed the stream.*start vsock-shell-server" "$CLIENT" "$M" true
start_mux silent --mode silent
expect_refused 'the multiplexer does not answer' "$CLIENT" --timeout 0.5 "$M" true
expect_refused 'no vsock multiplexer' "$CLIENT" "mux:$SOCKET" true
ok 'a multiplexer that refuses, says nothing, or is none'

start_mux cutting --mode cut-half-close
# Longer than the 2 s after which a half-close cuts the stream.
run "$CLIENT" "$M" "sha256sum; sleep 3; echo end; exit 9" <"$TMP/data"
[ "$STATUS" -eq 9 ] || fail "status $STATUS instead of 9: $(cat "$ERR")"
expect_line "$SUM"
expect_line end
start_mux deaf --mode ignore-half-close
run "$CLIENT" "$M" 'sha256sum; echo end' <"$TMP/data"
expect_line "$SUM"
expect_line end
ok 'the end of standard input travels inside the stream'

start_mux vanishing
"$CLIENT" "$M" "echo \$\$ >$TMP/pid; sleep 1000" </dev/null >"$OUT" 2>"$ERR" &
CLIENT_PID=$!
STARTED+=("$CLIENT_PID")
wait_for 10 test -s "$TMP/pid" || fail 'the command did not start'
kill -KILL "$MUX_PID"
STATUS=0
wait "$CLIENT_PID" || STATUS=$?
[ "$STATUS" -eq 255 ] || fail "the client ended with $STATUS"
[ "$(wc -l <"$ERR")" -eq 1 ] || fail "the client said: $(cat "$ERR")"
wait_for 8 is_gone "$(cat "$TMP/pid")" || fail 'the command outlived its connection'
expect_status 0 "$CLIENT" "$T" true
ok 'a multiplexer that vanishes ends the session on both sides, and only that one'

# A stream that the guest starts arrives on PATH_PORT.
serve_guests()
{
    "$SERVER" --listen "mux:$TMP/guest:7000" "$@" </dev/null >>"$TMP/guest.log" 2>&1 &
    GUEST_SERVER=$!
    STARTED+=("$GUEST_SERVER")
    wait_for 10 test -S "$TMP/guest_7000" || fail "no socket: $(cat "$TMP/guest.log")"
    wait_for 10 grep -q '_7000$' /proc/net/unix
}
serve_guests --deny any --allow-uid any
run "$CLIENT" "unix:$TMP/guest_7000" true
[ "$STATUS" -eq 255 ] || fail "a guest came in as the user of its VMM: status $STATUS"
expect_match 'mux:uid=' "$TMP/guest.log"
end_process "$GUEST_SERVER"
rm -f "$TMP/guest_7000"
serve_guests --allow any
expect_status 4 "$CLIENT" "unix:$TMP/guest_7000" 'exit 4'
ok "a guest's stream is judged as a guest's, not by the VMM's uid"
