#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The native protocol over vsock, in both versions: commands, streams, a terminal, files.

# shellcheck source=../../support/lib.sh
. "$(dirname "$0")/../../support/lib.sh"

start_server
expect_status 7 "$CLIENT" "$T" 'echo out; echo err >&2; exit 7'
expect_line out
expect_line err "$ERR"
expect_status 137 "$CLIENT" "$T" 'kill -9 $$'
expect_match 'signal 9'
expect_status 127 "$CLIENT" "$T" no-such-program
ok 'statuses, signals, stdout and stderr apart'

head -c 3M /dev/urandom >"$TMP/data"
expect_status 0 "$CLIENT" "$T" 'cat; echo "end of input" >&2' <"$TMP/data"
expect_same "$TMP/data" "$OUT"
expect_line 'end of input' "$ERR"
ok 'the end of stdin reaches the command'

expect_status 0 "$CLIENT" "$T" 'sleep 1000 & echo back at once; echo $! >'"$TMP/pid"
expect_line 'back at once'
kill "$(cat "$TMP/pid")"
ok 'a background process does not hold the client'

"$CLIENT" "$T" yes 2>/dev/null | head -n 1 >"$OUT" || true
expect_line y
no_yes()
{
    ! pgrep -x yes >/dev/null
}
wait_for 6 no_yes || fail 'yes goes on'
ok 'a reader that leaves ends the command'

"$CLIENT" -t "$T" 'tty; stty size' </dev/null | tr -d '\r' >"$OUT"
expect_match '^/dev/pts/[0-9]+$' "$OUT"
ok 'a terminal'

start_background "$CLIENT" "$T" 'trap "" HUP TERM; echo $$ >'"$TMP/deaf; while :; do sleep 1; done"
client=$!
wait_for 10 test -s "$TMP/deaf" || fail 'the session did not start'
kill -KILL "$client"
wait_for 6 is_gone "$(cat "$TMP/deaf")" || fail 'the command outlives its client'
ok 'a killed client leaves nothing behind'

rm -f "$OUT"
"$CLIENT" "$T" 'trap "echo got usr1; exit 5" USR1; echo ready; while :; do sleep 0.1; done' >"$OUT" &
client=$!
STARTED+=("$client")
wait_for 10 grep -sqx ready "$OUT" || fail 'the session did not start'
kill -USR1 "$client"
status=0
wait "$client" || status=$?
[ "$status" -eq 5 ] || fail "status $status after SIGUSR1"
expect_line 'got usr1'
ok 'a signal goes to the command'

for protocol in 2 1; do
    expect_status 0 "$CLIENT" -q --protocol "$protocol" "$T" -u "$TMP/data:$TMP/up$protocol"
    expect_same "$TMP/data" "$TMP/up$protocol"
    expect_status 0 "$CLIENT" -q --protocol "$protocol" "$T" -d "$TMP/up$protocol:$TMP/down$protocol"
    expect_same "$TMP/data" "$TMP/down$protocol"
done
mkdir "$TMP/tree"
for i in 1 2 3 4 5 6 7 8; do
    mkdir "$TMP/tree/$i"
    echo "$i" >"$TMP/tree/$i/a file"
    ln -s "../$i/a file" "$TMP/tree/$i/link"
done
expect_status 0 "$CLIENT" -q -r "$T" -u "$TMP/tree:$TMP/there"
expect_status 0 "$CLIENT" -q -r "$T" -d "$TMP/there:$TMP/back"
diff -r --no-dereference "$TMP/tree" "$TMP/back" >&2 || fail 'the trees differ'
ok 'files in both versions, a tree'
