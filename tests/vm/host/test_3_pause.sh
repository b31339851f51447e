#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A guest that stands still for 5 s, as a snapshot makes it: the session goes on.

# shellcheck source=../../support/lib.sh
. "$(dirname "$0")/../../support/lib.sh"

"$CLIENT" 42 'for i in 1 2 3 4 5 6 7 8; do echo "line $i"; sleep 1; done; exit 6' >"$OUT" 2>"$ERR" &
client=$!
STARTED+=("$client")
wait_for 10 grep -q 'line 2' "$OUT" || fail 'the session did not start'
tell_guest()
{
    "$(dirname "$0")/qmp.py" /tmp/qmp "$1" || fail "QEMU did not take $1"
}
tell_guest stop
sleep 5
tell_guest cont
status=0
wait "$client" || status=$?
[ "$status" -eq 6 ] || fail "the session ended with $status: $(tail -n 3 "$ERR")"
seq -f 'line %g' 8 >"$TMP/wanted"
expect_same "$TMP/wanted" "$OUT"
expect_status 0 "$CLIENT" 42 true
ok 'a session outlives a pause, and new ones come in after it'
