#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A server on vsock answers --status by its port, and its log tells CID and port of the peer.

# shellcheck source=../../support/lib.sh
. "$(dirname "$0")/../../support/lib.sh"

start_server
port=${T##*:}
control=/run/vsock-shell/$port.control
[ -S "$control" ] || fail "no socket $control"
expect_status 0 "$SERVER" --status -p "$port"
expect_match ", process $SERVER_PID, up 0:[0-9:]+, 0 of 512 sessions" "$OUT"
# shellcheck disable=SC2016
expect_status 0 "$CLIENT" "$T" "'$SERVER' --status -p $port"
expect_match ' native +root +vsock:1:[0-9]+ +exec .*--status -p' "$OUT"
in_the_log()
{
    grep -qE "audit action=$1 peer=vsock:1:[0-9]+ mode=native user=root " "$TMP/server.log"
}
wait_for 10 in_the_log connection || fail 'no audit line of the connection'
in_the_log exec || fail 'no audit line of the command'
expect_status 1 "$SERVER" --status -p 1
expect_match "no server answers at '/run/vsock-shell/1.control'"
stop_server
[ ! -e "$control" ] || fail "$control is left"
ok '--status by port, audit lines with CID and port'
