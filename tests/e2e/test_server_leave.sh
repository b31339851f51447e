#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# SIGUSR1, with which packages are upgraded: the listener ends and its sessions do not, in both
# protocols, and another server serves the same address.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/talking.sh
. "$SUPPORT/talking.sh"

SSH=()
if [ -x "$SSH_SESSION" ] && command -v ssh ssh-keygen >/dev/null; then
    # shellcheck source=../support/ssh_setup.sh
    . "$SUPPORT/ssh_setup.sh"
    ssh_start
    start_session ssh "${SSH[@]}" t
else
    start_server
fi
start_session pipes "$CLIENT" -T "$T"
expect_status 0 "$CLIENT" "$T" true

kill -USR1 "$SERVER_PID"
wait_for 5 is_gone "$SERVER_PID" || fail 'the server does not end'
status=0
wait "$SERVER_PID" || status=$?
[ "$status" -eq 0 ] || fail "the server's status is $status"
expect_match 'leaving [0-9]+ connections to themselves' "$TMP/server.log"
[ ! -e "$TMP/sock" ] || fail 'the socket is left'
for name in "${!TALKING[@]}"; do
    talk "$name" 'without a server'
done
ok 'SIGUSR1 ends the server, and its sessions go on'

start_server
expect_status 4 "$CLIENT" "$T" 'exit 4'
for name in "${!TALKING[@]}"; do
    talk "$name" 'beside another server'
    part "$name"
done
ok 'another server takes the address over; the old sessions end with their own status'
