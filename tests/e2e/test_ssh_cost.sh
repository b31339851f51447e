#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What a login over SSH must not cost: a pause before it, where there is nothing to hide.

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
