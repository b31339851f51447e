#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Ten thousand small files cost no round trip each: what goes back while they go up is a few answers.
# shellcheck source=../support/files_tmp.sh
. "$(dirname "$0")/../support/files_tmp.sh"
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/files_lib.sh
. "$SUPPORT/files_lib.sh"

start_server
start_wire
"$SUPPORT/files_tree.py" small "$TMP/small" 10000

expect_status 0 "$CLIENT" "$WIRE" -r -u "$TMP/small:$TMP/up"
same_tree "$TMP/small" "$TMP/up"
up=$(bytes_up)
down=$(bytes_down)
turns=$(turns)
[ "$up" -gt 40960000 ] || fail "only $up bytes went up"
# One answer of 16 bytes for 256 files, pings, HELLO and the two last frames.
[ "$down" -lt 4000 ] || fail "$down bytes came back for 10000 files"
[ "$turns" -lt 200 ] || fail "the direction changed $turns times for 10000 files"
ok "10000 files go up with $down bytes of answers in $turns turns"

plan pass
expect_status 0 "$CLIENT" "$WIRE" -r -d "$TMP/up:$TMP/down"
same_tree "$TMP/small" "$TMP/down"
up=$(bytes_up)
turns=$(turns)
[ "$up" -lt 4000 ] || fail "$up bytes were asked for 10000 files"
[ "$turns" -lt 200 ] || fail "the direction changed $turns times for 10000 files"
ok "10000 files come down with $up bytes of answers in $turns turns"
