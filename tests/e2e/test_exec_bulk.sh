#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# stdin in bulk goes from the socket to the command inside the kernel; where the kernel cannot, or
# stops in the middle of a frame, it is copied, and nobody can tell but by the load.
. "$(dirname "$0")/../support/lib.sh"

[ "$VSH_TRANSPORT" = unix ] || skip 'counts what a unix socket does'
build_preload splice_spy
export SPLICE_LOG=$TMP/moved
head -c 16M /dev/urandom >"$TMP/data"

# Bytes that a connection has taken in beyond those of its one command: HELLO, the request, END.
overhead()
{
    grep -o 'action=\(exec\|connection\).* in=[0-9]*' "$TMP/server.log" | sed 's/.*=//' |
        awk 'NR == 1 { first = $1 } END { print $1 - first }'
}

has_bytes()
{
    [ "$(stat -c %s "$1" 2>/dev/null)" = "$2" ]
}

# Sends the data through one command of a server whose kernel is MODE. Prints moved bytes, calls.
through()
{
    : >"$SPLICE_LOG"
    : >"$TMP/server.log"
    rm -f "$TMP/back"
    SPLICE_MODE=$1 LD_PRELOAD=$TMP/splice_spy.so start_server
    # The pauses let the command catch up: what it has not read yet is in the way of more.
    for i in 0 1 2 3; do
        dd if="$TMP/data" bs=4M skip="$i" count=1 status=none
        wait_for 10 has_bytes "$TMP/back" $(((i + 1) * 4194304))
    done | "$CLIENT" "$T" "cat >'$TMP/back'" || fail "$1: status $?"
    expect_same "$TMP/data" "$TMP/back"
    wait_for 10 grep -q 'action=connection' "$TMP/server.log"
    end_process "$SERVER_PID"
    MOVED=$(awk '$1 > 0 { sum += $1 } END { print sum + 0 }' "$SPLICE_LOG")
    CALLS=$(wc -l <"$SPLICE_LOG")
    OVERHEAD=$(overhead)
}

through refuse
[ "$CALLS $MOVED" = '1 0' ] || fail "a kernel that cannot was asked $CALLS times"
plain=$OVERHEAD
[ "$plain" -gt 0 ] && [ "$plain" -lt 1000 ] || fail "$plain bytes beyond the command's own"
ok 'a kernel that cannot is asked once, and all is copied'

through pass
# How much depends on who runs when.
[ "$MOVED" -gt 100000 ] || fail "only $MOVED bytes went directly"
[ "$OVERHEAD" = "$plain" ] || fail "counted $OVERHEAD bytes beyond the command's, not $plain"
ok 'bulk goes directly, and every byte is counted once'

through tear
[ "$MOVED" -gt 10000 ] && [ "$MOVED" -lt 16777216 ] || fail "$MOVED bytes went directly"
[ "$OVERHEAD" = "$plain" ] || fail "torn: counted $OVERHEAD bytes beyond the command's, not $plain"
ok 'a frame of which the kernel moves only a part'

# The command reads nothing until it is told to end: the signal passes what waits for it.
unset SPLICE_MODE
: >"$SPLICE_LOG"
LD_PRELOAD=$TMP/splice_spy.so start_server
mkfifo "$TMP/input"
"$CLIENT" "$T" 'trap "echo told; exit 3" TERM; head -c 1M >/dev/null; echo ready; head -c 1M >/dev/null
    echo full; while :; do sleep 0.1; done' <"$TMP/input" >"$OUT" 2>"$ERR" &
pid=$!
exec 5>"$TMP/input"
head -c 1M /dev/zero >&5
wait_for 20 grep -qx ready "$OUT"
cat /dev/zero >&5 2>/dev/null &
STARTED+=("$!")
exec 5>&-
wait_for 20 grep -qx full "$OUT"
kill -TERM "$pid"
STATUS=0
wait "$pid" || STATUS=$?
[ "$STATUS" -eq 143 ] || fail "status $STATUS after the signal"
expect_line told
ok 'a signal passes a command that reads nothing'

expect_status 0 bash -c "head -c 64M /dev/zero | '$CLIENT' $T 'head -c 3M >/dev/null; exec <&-; sleep 0.5; echo done'"
expect_line 'done'
ok 'a command that closes its stdin in the middle of it'
