#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# From the host into its guest: by CID, by name, both ways; and from within the guest.

# shellcheck source=../../support/lib.sh
. "$(dirname "$0")/../../support/lib.sh"

expect_status 7 "$CLIENT" 42 'echo out; echo err >&2; exit 7'
expect_line out
expect_line err "$ERR"
expect_status 0 "$CLIENT" guest42 hostname
expect_line guest
expect_status 0 "$CLIENT" --list
expect_match 'guest42.*42' "$OUT"
ok 'a command, by CID and by the name on the command line of QEMU'

expect_status 0 "$CLIENT" 42 'echo "$VSOCK_SHELL_PEER"'
expect_match '^vsock:2:[0-9]+$' "$OUT"
[ "$(sed 's/.*://' "$OUT")" -lt 1024 ] || fail "root came from port $(cat "$OUT")"
ok 'the guest sees CID 2 and a port of root'

# grep ends with 1 when it counts none.
expect_status 1 "$CLIENT" 42 'readlink /proc/$PPID/exe; grep -c "[.]so" /proc/$PPID/maps'
expect_line /server
expect_line 0
ok 'what serves in the guest is one static file, started by process 1'

status=0
printf 'echo sum-$((40 + 2)); tty; exit 3\n' | "$CLIENT" -t 42 >"$OUT" 2>"$ERR" || status=$?
[ "$status" -eq 3 ] || fail "the shell's status is $status"
tr -d '\r' <"$OUT" >"$TMP/shell"
expect_match '^sum-42$' "$TMP/shell"
expect_match '^/dev/pts/[0-9]+$' "$TMP/shell"
ok 'a shell on a terminal'

head -c 20M /dev/urandom >"$TMP/data"
expect_status 0 "$CLIENT" -q 42 -u "$TMP/data:/tmp/data"
expect_status 0 "$CLIENT" 42 'sha256sum </tmp/data'
expect_line "$(sha256sum <"$TMP/data")"
expect_status 0 "$CLIENT" -q 42 -d "/tmp/data:$TMP/back"
expect_same "$TMP/data" "$TMP/back"
expect_status 0 "$CLIENT" 42 'rm /tmp/data'
ok '20 MiB up and down'

# The guest's own client reaches its server over the loopback, where the host alone may come in.
expect_status 255 "$CLIENT" 42 '/client local true'
expect_match 'vsock:1:.*CID 1 is not allowed.*--allow local'
expect_status 255 "$CLIENT" --timeout 30 vsock:42:9 true
expect_match 'nobody listens on this port'
expect_status 255 "$CLIENT" --timeout 30 43 true
expect_match 'no running VM has this CID'
ok 'a peer in the guest is refused, a wrong port and a wrong CID have their sentence'
