#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A guest that stands still for 5 s, as a snapshot makes it: sessions go on, and a connect meanwhile
# gives up at the time it was given, not at the kernel's 2 s.

# shellcheck source=../../support/lib.sh
. "$(dirname "$0")/../../support/lib.sh"
# shellcheck source=guest_lib.sh
. "$(dirname "$0")/guest_lib.sh"

# One session is silent and waits for us, one is in the middle of its output.
if guest_has_ssh; then
    guest_ssh_config
    mkfifo "$TMP/words"
    exec 5<>"$TMP/words"
    ssh -F "$TMP/config" 42.vsock 'echo ready; read -r line; echo "got $line"; exit 6' \
        <"$TMP/words" >"$TMP/ssh.out" 2>"$TMP/ssh.err" &
    silent=$!
    STARTED+=("$silent")
    wait_for 10 grep -q ready "$TMP/ssh.out" || fail "the session of ssh did not start: $(cat "$TMP/ssh.err")"
fi
start_background "$CLIENT" 42 'for i in 1 2 3 4 5 6 7 8; do echo "line $i"; sleep 1; done; exit 6' \
    >"$TMP/counted" 2>"$TMP/counted.err"
counting=$!
wait_for 10 grep -q 'line 2' "$TMP/counted" || fail "the session did not start: $(cat "$TMP/counted.err")"
tell_guest stop
start=$SECONDS
expect_status 255 "$CLIENT" --timeout 5 42 true
took=$((SECONDS - start))
expect_match 'vsock:42:5000: no answer: .*still booting \(--wait N tries again\)'
[ "$took" -ge 4 ] && [ "$took" -le 20 ] || fail "the connect gave up after $took s instead of 5"
ok 'a connect to a VM that stands still ends after its --timeout'

[ "$took" -ge 5 ] || sleep 1
tell_guest cont
# ended_well PID FILE: with what the command wanted to end with.
ended_well()
{
    local status=0
    wait "$1" || status=$?
    [ "$status" -eq 6 ] || fail "a session ended with $status: $(tail -n 3 "$2")"
}
ended_well "$counting" "$TMP/counted.err"
seq -f 'line %g' 8 | expect_same - "$TMP/counted"
if [ -n "${silent:-}" ]; then
    echo words >&5
    ended_well "$silent" "$TMP/ssh.err"
    expect_line 'got words' "$TMP/ssh.out"
fi
expect_status 0 "$CLIENT" 42 true
ok 'sessions outlive a pause of 5 s, and new ones come in after it'
