#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# How much of an upload the SSH helper takes from the kernel at a time; libssh by itself asks for
# 4 KiB. Also that reading ahead loses nothing: a session that ends, one that pauses.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/ssh_setup.sh
. "$SUPPORT/ssh_setup.sh"

need strace
! grep -qs '^SSH_READ_AHEAD:BOOL=OFF' "$VSH_BUILD/CMakeCache.txt" || skip 'this build does not read ahead'

# The sanitizer's search for leaks cannot run under strace.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
wrapped=$SERVER
cat >"$TMP/traced" <<END
#!/bin/sh
exec strace -D -f -qq -e trace=recvfrom -o $TMP/trace $wrapped "\$@"
END
chmod +x "$TMP/traced"
SERVER=$TMP/traced
ssh_start

head -c 16777216 /dev/urandom >"$TMP/data"
"${SSH[@]}" t 'cat >/dev/null; echo all read' <"$TMP/data" >"$OUT"
expect_line 'all read'
stop_server
read -r bytes calls < <(sed -nE 's/.*recvfrom\(.* = ([0-9]+)$/\1/p' "$TMP/trace" |
    awk '{bytes += $1; calls++} END {print bytes + 0, calls + 0}')
[ "$bytes" -gt 16777216 ] || fail "the trace shows $bytes bytes only"
[ "$bytes" -gt $((calls * 8192)) ] || fail "$bytes bytes took $calls calls"
ok 'an upload is read in large pieces'

SERVER=$wrapped
ssh_start
# The reader sleeps while everything is on its way, then the bytes must still be there.
"${SSH[@]}" t 'sleep 1; sha256sum' <"$TMP/data" >"$OUT"
expect_line "$(sha256sum <"$TMP/data")"
# Two commands in one connection, one of which never reads.
"${SSH[@]}" -M -S "$TMP/control" -f -N t
(ssh -S "$TMP/control" -F "$TMP/ssh_config" t 'exec <&-; sleep 1' <"$TMP/data" || true) 2>/dev/null &
ssh -S "$TMP/control" -F "$TMP/ssh_config" t sha256sum <"$TMP/data" >"$OUT"
expect_line "$(sha256sum <"$TMP/data")"
wait $!
ssh -S "$TMP/control" -F "$TMP/ssh_config" -O exit t 2>/dev/null
wait_for 5 no_session_left || fail 'a session is left'
ok 'what was read ahead is not lost'
