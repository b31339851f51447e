#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Protocol version 1 as the deployed program speaks it: byte transcripts against our server.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

need python3
PEER=$SUPPORT/raw_peer.py
start_server -v

none_above_0x14()
{
    local highest
    highest=$(sed -n 's/^highest //p' "$OUT")
    [ $((highest)) -le 20 ] || fail "the server sent $highest to a v1 peer"
}

expect_status 0 "$PEER" "$SOCKET" v1-shell
expect_match '42 111' "$OUT"
expect_match 'in-42' "$OUT"
expect_match '/dev/pts/' "$OUT"
expect_match '^0x0c' "$OUT"
none_above_0x14
ok 'WINDOW_SIZE before OPEN_BASH, input, the end'

expect_status 0 "$PEER" "$SOCKET" v1-command
expect_match '^0x07 .*bash' "$OUT"
expect_match '^0x0c' "$OUT"
none_above_0x14
ok 'OPEN_CMD'

head -c 300000 /dev/urandom >"$TMP/original"
expect_status 0 "$PEER" "$SOCKET" v1-upload "$TMP/original" "$TMP/up"
expect_match "^0x0f 'OK " "$OUT"
expect_match '^0x14' "$OUT"
none_above_0x14
expect_same "$TMP/original" "$TMP/up"
mkdir "$TMP/folder"
expect_status 0 "$PEER" "$SOCKET" v1-upload "$TMP/original" "$TMP/folder"
expect_same "$TMP/original" "$TMP/folder/original"
ok 'upload, to a name and into a folder'

expect_status 0 "$PEER" "$SOCKET" v1-download "$TMP/original" "$TMP/down"
expect_match "^0x10 'OK " "$OUT"
expect_match '^0x13' "$OUT"
none_above_0x14
expect_same "$TMP/original" "$TMP/down"
# Larger than every buffer on the way: the sender has to be woken again and again.
head -c "$(amount 30M 3M)" /dev/urandom >"$TMP/big"
expect_status 0 "$PEER" "$SOCKET" v1-download "$TMP/big" "$TMP/down"
expect_same "$TMP/big" "$TMP/down"
ok 'download'

expect_status 0 "$PEER" "$SOCKET" v1-exists "$TMP/up"
expect_match "KO destination .* already exists" "$OUT"
expect_same "$TMP/original" "$TMP/up"
ok 'an existing destination is KO'

stop_server
start_server --no-upload --no-pty
expect_status 0 "$PEER" "$SOCKET" v1-command
expect_match '^0x07 .*--no-pty' "$OUT"
expect_status 0 "$PEER" "$SOCKET" v1-exists "$TMP/new"
expect_match '--no-upload' "$OUT"
none_above_0x14
ok 'a capability switch is told in version 1, too'
