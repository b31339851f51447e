#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What only a vsock stream does: credit windows, a reset on unread data, a limit on tiny packets.

# shellcheck source=../../support/lib.sh
. "$(dirname "$0")/../../support/lib.sh"
need python3

PEER=$TOP/tests/vm/vsock_peer.py
BUFFER=4194304

start_server -v
expect_status 0 "$CLIENT" -vv "$T" true
expect_match "connected, with a buffer of $BUFFER bytes"
expect_match "vsock:1:[0-9]+.* connected, with a buffer of $BUFFER bytes" "$TMP/server.log"
printf 'SSH-2.0-nobody\r\n' | run "$PROXY" -v "$T"
expect_match "connected, with a buffer of $BUFFER bytes"
ok 'both ends, and the proxy, read back a window of 4 MiB'

# Nobody reads: what can be sent all the same is the window, and the kernel's own is 256 KiB.
kill -STOP "$SERVER_PID"
expect_status 0 "$PEER" fill "$T" "$BUFFER"
kill -CONT "$SERVER_PID"
expect_status 0 "$CLIENT" "$T" true
expect_status 0 "$PEER" fill-client "$BUFFER" "$CLIENT"
ok 'what a server and a client leave unread is 4 MiB before the peer has to wait'

head -c 16M /dev/urandom >"$TMP/data"
"$CLIENT" "$T" cat <"$TMP/data" >"$TMP/copy"
expect_same "$TMP/data" "$TMP/copy"
ok '16 MiB through cat'

# A terminal that gets every byte alone, in packets as small as the kernel lets them be.
cat >"$TMP/flood.py" <<'END'
import os
for i in range(20000):
    os.write(1, b"x")
END
"$CLIENT" -t "$T" "python3 $TMP/flood.py" </dev/null >"$OUT"
[ "$(tr -cd x <"$OUT" | wc -c)" -eq 20000 ] || fail "$(tr -cd x <"$OUT" | wc -c) of 20000 bytes came"
# What is typed before the terminal is raw would go through its line editor.
type_when_raw()
{
    wait_for 10 test -e "$TMP/raw" && python3 "$TMP/flood.py"
}
type_when_raw | "$CLIENT" -t "$T" "stty raw -echo; touch $TMP/raw; head -c 20000 | wc -c" >"$OUT"
expect_match '^20000' "$OUT"
ok 'a flood of single bytes on a terminal, both ways'

# The command does not read what the client sends: at the end the socket is closed with that unread.
for _ in 1 2 3 4; do
    expect_status 3 "$CLIENT" "$T" 'echo last words; exit 3' <"$TMP/data"
    expect_line 'last words'
done
ok 'input that nobody reads costs neither the output nor the status'

# The peer leaves with the server's bytes unread in its queue, which the kernel tells as a reset.
expect_status 0 "$PEER" rude "$T"
expect_status 4 "$CLIENT" "$T" 'exit 4'
start_background "$CLIENT" "$T" 'echo $$ >'"$TMP/flooder"'; exec yes' >"$TMP/pipe.out" 2>/dev/null
client=$!
wait_for 10 test -s "$TMP/pipe.out" || fail 'yes does not run'
kill -KILL "$client"
wait_for 6 is_gone "$(cat "$TMP/flooder")" || fail 'the command outlives a client that left bytes unread'
ok 'peers that leave with unread data harm nobody'
