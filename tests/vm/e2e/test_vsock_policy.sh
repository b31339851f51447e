#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The policy sees the real CID and port of a peer.

# shellcheck source=../../support/lib.sh
. "$(dirname "$0")/../../support/lib.sh"

as_user()
{
    setpriv --reuid=1000 --regid=1000 --clear-groups env HOME=/home/tester "$@"
}

ALLOW=()
start_server
expect_status 255 "$CLIENT" "$T" true
expect_match 'vsock:1:.*CID 1 is not allowed.*--allow local'
expect_match 'vsock:1:.*--allow local' "$TMP/server.log"
stop_server
ok 'nobody local gets in by default; peer and log name the option that would do it'

start_server --allow local
expect_status 0 "$CLIENT" "$T" 'echo "$VSOCK_SHELL_PEER"'
expect_match '^vsock:1:[0-9]+$' "$OUT"
stop_server
ok '--allow local lets CID 1 in, and the session knows its peer'

start_server --allow any --deny local
expect_status 255 "$CLIENT" "$T" true
expect_match 'CID 1 is denied.*--deny local'
stop_server
ok '--deny wins over --allow'

start_server --allow 0-99 --require-privileged-port
expect_status 0 "$CLIENT" "$T" 'echo "${VSOCK_SHELL_PEER##*:}"'
[ "$(cat "$OUT")" -lt 1024 ] || fail "root came from port $(cat "$OUT")"
expect_status 255 as_user "$CLIENT" "$T" true
expect_match 'source port [0-9]+ is not below 1024.*--require-privileged-port'
ok '--require-privileged-port: root gets in, a user does not'
