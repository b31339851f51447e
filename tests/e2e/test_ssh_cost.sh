#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What SSH must not cost: a pause before a login, where there is nothing to hide, and memory for the
# guard of a session, which has no use for what the session knows.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/ssh_setup.sh
. "$SUPPORT/ssh_setup.sh"

[ -z "${SSH_DIRECT:-}" ] || skip 'about the server'
need strace
# The sanitizer's search for leaks cannot run under strace.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
wrapped=$SERVER
cat >"$TMP/traced" <<END
#!/bin/sh
exec strace -D -f -qq -e trace=nanosleep,clock_nanosleep -o $TMP/trace $wrapped "\$@"
END
chmod +x "$TMP/traced"
SERVER=$TMP/traced
ssh_start
expect_status 0 "${SSH[@]}" t true
wait_for 5 no_session_left || fail 'a session is left'
! grep nanosleep "$TMP/trace" >&2 || fail 'a login with a key, which begins by asking without one, is kept waiting'
ok 'who asks without a key what would do is answered at once'

ssh-keygen -q -t ed25519 -N '' -f "$TMP/other"
expect_status 255 "${SSH[@]}" -i "$TMP/other" keyless true
stop_server
grep -q nanosleep "$TMP/trace" || fail 'a refused key is answered at once'
ok 'the refusal of a key takes its time'

has_heap()
{
    grep -qF '[heap]' "/proc/$1/maps"
}

# Sets GUARD to the guard of session $1: a copy of it that is not the command.
find_guard()
{
    local pid children
    GUARD=''
    read -ra children <"/proc/$1/task/$1/children"
    for pid in "${children[@]}"; do
        [ "$(cat "/proc/$pid/comm")" != vsock-shell-ssh ] || GUARD=$pid
    done
    [ -n "$GUARD" ]
}

guard_has_no_heap()
{
    ! has_heap "$GUARD" && ! is_gone "$GUARD"
}

# A sanitizer has its memory elsewhere.
if grep -qs '^WITH_SANITIZERS:STRING=.' "$VSH_BUILD/CMakeCache.txt"; then
    exit 0
fi
SERVER=$wrapped
ssh_start
start_background "${SSH[@]}" t "echo \$PPID >$TMP/part; mv $TMP/part $TMP/pid; exec sleep 1000"
client=$!
wait_for 15 test -s "$TMP/pid" || fail 'the session did not start'
session=$(cat "$TMP/pid")
find_guard "$session" || fail 'the session has no guard'
has_heap "$session" || fail 'the session has no heap'
wait_for 5 guard_has_no_heap || fail "the guard has the heap of its session: $(cat "/proc/$GUARD/maps")"
kill -TERM "$session"
wait "$client" 2>/dev/null || true
ok 'the guard of a session has nothing of its heap'
