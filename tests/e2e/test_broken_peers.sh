#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Peers that break the protocol: one error, a closed connection, a log line with the peer, and the
# server serves the next one.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

need python3
PEER=$SUPPORT/raw_peer.py
start_server -v --login-grace 2

read -r -a names <<<"$("$PEER" "$SOCKET" names)"
[ "${#names[@]}" -ge 15 ] || fail 'no broken frames to send'
for name in "${names[@]}"; do
    : >"$TMP/server.log"
    expect_status 0 "$PEER" "$SOCKET" broken "$name"
    case $name in
    v1-*) expect_match '^0x07|^0x0f' "$OUT" ;;
    *) expect_match '^0x2b' "$OUT" ;;
    esac
    [ "$(grep -c '^0x2b' "$OUT")" -le 1 ] || fail "$name: more than one error"
    expect_match "$FROM" "$TMP/server.log"
    expect_status 0 "$CLIENT" "$T" true
done
ok "${#names[@]} kinds of broken frames"

expect_status 0 "$PEER" "$SOCKET" truncated
expect_match '^[3-9][0-9] cuts' "$OUT"
expect_status 0 "$CLIENT" "$T" true
ok 'every truncation point'

: >"$TMP/server.log"
expect_status 0 "$PEER" "$SOCKET" silent 2
expect_line 'closed in time'
expect_match "$FROM.*--login-grace" "$TMP/server.log"
expect_status 0 "$CLIENT" "$T" true
ok 'a silent peer is closed after the login grace'

! grep -qE 'ended by signal|AddressSanitizer|runtime error' "$TMP/server.log" || fail 'a connection process died'
