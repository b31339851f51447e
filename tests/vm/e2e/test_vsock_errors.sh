#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What the real kernel answers to a connect, in our words; and --wait for a server that is late.

# shellcheck source=../../support/lib.sh
. "$(dirname "$0")/../../support/lib.sh"

expect_status 255 "$CLIENT" vsock:local:9 true
expect_match 'vsock:1:9.*(nobody|Nobody) listens on this port.*start vsock-shell-server'
ok 'no listener'

# No device leads out of this machine. (CID 2 is the machine itself where there is only a loopback.)
for cid in 3 42 4294967294; do
    expect_status 255 "$CLIENT" --timeout 20 "$cid" true
    expect_match "vsock:$cid:5000.*(no running VM|no vsock device|no vsock transport)"
done
ok 'no such CID'

run timeout 20 "$SERVER" --listen vsock:77:5000
[ "$STATUS" -ne 0 ] && [ "$STATUS" -ne 124 ] || fail "the server's status is $STATUS"
expect_match 'vsock:77:5000.*no CID of this machine'
ok 'listening on a CID that is not ours'

start_server
expect_status 1 timeout 20 "$SERVER" --listen "${T/:1:/:any:}"
expect_match 'another program listens on this port'
ok 'a port that is taken'

stop_server
# The server comes up while the client is at it.
late_port=$((20000 + RANDOM))
late()
{
    sleep 5
    exec "$SERVER" --listen "vsock:any:$late_port" --allow local
}
start_background late 2>"$TMP/late.log"
expect_status 5 "$CLIENT" --wait 60 "vsock:local:$late_port" 'exit 5'
expect_status 255 "$CLIENT" --wait 2 "vsock:local:$((late_port + 1))" true
ok '--wait reaches a server that is 5 s late, and gives up in time'
