#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The last one: the guest is killed in the middle of a session.

# shellcheck source=../../support/lib.sh
. "$(dirname "$0")/../../support/lib.sh"

"$CLIENT" 42 'echo started; sleep 1000' >"$OUT" 2>"$ERR" &
client=$!
STARTED+=("$client")
wait_for 10 grep -q started "$OUT" || fail 'the session did not start'
start=$SECONDS
"$(dirname "$0")/qmp.py" /tmp/qmp quit
status=0
wait "$client" || status=$?
took=$((SECONDS - start))
[ "$status" -eq 255 ] || fail "the client's status is $status"
# 10 s on a real machine; here a single packet may take one.
[ "$took" -le 20 ] || fail "the client noticed after $took s"
[ "$(wc -l <"$ERR")" -ge 1 ] || fail 'the client said nothing'
ok 'the client ends with 255 and a sentence'
