#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# How much of an upload the SSH helper takes from the kernel at a time and gives to the command;
# libssh by itself asks for 4 KiB, and polls before each. Also that reading ahead and gathering lose
# nothing and stop nowhere: a session that ends, one that pauses, a command that falls behind.

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
exec strace -D -ff -qq -e trace=recvfrom,ppoll,write -o $TMP/trace $wrapped "\$@"
END
chmod +x "$TMP/traced"
SERVER=$TMP/traced
ssh_start

head -c 16777216 /dev/urandom >"$TMP/data"
"${SSH[@]}" t 'cat >/dev/null; echo all read' <"$TMP/data" >"$OUT"
expect_line 'all read'
stop_server
# traced CALL: the bytes and the number of calls that moved some, of those that match.
traced()
{
    cat "$TMP"/trace.* | grep -E "$1" | sed -n 's/.* = \([0-9]*\)$/\1/p' |
        awk '$1 > 0 {bytes += $1; calls++} END {print bytes + 0, calls + 0}'
}
read -r bytes calls < <(traced '^recvfrom\(')
[ "$bytes" -gt 16777216 ] || fail "the trace shows $bytes bytes only"
[ "$bytes" -gt $((calls * 8192)) ] || fail "$bytes bytes took $calls calls"
ok 'an upload is read in large pieces'
polls=$(cat "$TMP"/trace.* | grep -c 'ppoll(')
[ "$bytes" -gt $((polls * 16384)) ] || fail "$bytes bytes took $polls calls of ppoll"
ok 'what has been read ahead is not polled for'
# The command's own writes are to its stdout.
read -r bytes calls < <(traced '^write\(([3-9]|[1-9][0-9]+),')
[ "$bytes" -ge 16777216 ] || fail "the trace shows $bytes bytes to the command only"
[ "$bytes" -gt $((calls * 49152)) ] || fail "$bytes bytes took $calls writes to the command"
ok 'the command is woken for many packets at once'

SERVER=$wrapped
ssh_start
# The reader sleeps while everything is on its way, then the bytes must still be there.
"${SSH[@]}" t 'sleep 1; sha256sum' <"$TMP/data" >"$OUT"
expect_line "$(sha256sum <"$TMP/data")"
# Commands that now read nothing and now empty the pipe at once: what libssh had to hold back comes
# all the same, though the window is shut and no descriptor says anything.
behind()
{
    timeout "$((20 * VSH_SLOW))" "${SSH[@]}" t 'i=0
        while [ $i -lt 256 ]; do head -c 262144; i=$((i + 1)); done | wc -c' < <(head -c 67108864 /dev/zero)
}
pids=()
for i in 1 2 3 4; do
    behind >"$TMP/behind.$i" &
    pids+=($!)
done
wait "${pids[@]}" || true
for i in 1 2 3 4; do
    [ "$(cat "$TMP/behind.$i")" = 67108864 ] || fail 'an upload stopped'
done
# Two commands in one connection, one of which never reads.
"${SSH[@]}" -M -S "$TMP/control" -f -N t
(ssh -S "$TMP/control" -F "$TMP/ssh_config" t 'exec <&-; sleep 1' <"$TMP/data" || true) 2>/dev/null &
ssh -S "$TMP/control" -F "$TMP/ssh_config" t sha256sum <"$TMP/data" >"$OUT"
expect_line "$(sha256sum <"$TMP/data")"
wait $!
ssh -S "$TMP/control" -F "$TMP/ssh_config" -O exit t 2>/dev/null
wait_for 5 no_session_left || fail 'a session is left'
ok 'what was read ahead is not lost'
