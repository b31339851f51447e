#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The last one: the guest is killed in the middle of two sessions and a copy.

# shellcheck source=../../support/lib.sh
. "$(dirname "$0")/../../support/lib.sh"
# shellcheck source=guest_lib.sh
. "$(dirname "$0")/guest_lib.sh"

pids=()
# Leaves a session in the background whose output is $TMP/NAME.
session()
{
    local name=$1
    shift
    start_background "$@" >"$TMP/$name" 2>"$TMP/$name.err"
    pids+=("$name:$!")
}

started='echo started; exec sleep 1000'
session command "$CLIENT" 42 "$started"
session terminal "$CLIENT" -t 42 "$started" </dev/null
head -c 4M /dev/zero >"$TMP/data"
session copy "$CLIENT" -q --limit 10K 42 -u "$TMP/data:/tmp/never"
names=(command terminal)
if guest_has_ssh; then
    guest_ssh_config
    session ssh ssh -F "$TMP/config" 42.vsock "$started"
    names+=(ssh)
fi
for name in "${names[@]}"; do
    wait_for 10 grep -q started "$TMP/$name" || fail "the session of $name did not start: $(cat "$TMP/$name.err")"
done
start=$SECONDS
tell_guest quit
for pid in "${pids[@]}"; do
    name=${pid%%:*}
    status=0
    wait "${pid#*:}" || status=$?
    took=$((SECONDS - start))
    [ "$status" -eq 255 ] || fail "the status of $name is $status"
    [ "$took" -le 10 ] || fail "$name noticed after $took s"
    # What ssh says is its own business.
    [ "$name" = ssh ] || [ -s "$TMP/$name.err" ] || fail "$name said nothing"
    printf '%s: %s s: %s\n' "$name" "$took" "$(cat "$TMP/$name.err")"
done
expect_match '^vsock-shell-client: error: connection to vsock:42:5000 lost: ' "$TMP/command.err"
ok 'all end with 255 and a sentence within 10 s'

nothing_left || { describe_left && fail 'a process stays'; }
expect_status 255 "$CLIENT" --timeout 30 42 true
expect_match 'vsock:42:5000: no running VM has this CID'
ok 'no process stays, and the next connect says that the VM has gone'
