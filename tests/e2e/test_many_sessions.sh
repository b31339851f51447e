#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# 300 sessions at once, then the listener is as it was; and a listener without free descriptors.
TEST_LIMIT=120
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

need prlimit
COUNT=300
start_server --max-sessions 400

fds()
{
    find "/proc/$SERVER_PID/fd" -mindepth 1 | wc -l
}

children()
{
    wc -w <"/proc/$SERVER_PID/task/$SERVER_PID/children"
}

memory()
{
    sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB$/\1/p' "/proc/$SERVER_PID/status"
}

has_children()
{
    [ "$(children)" -eq "$1" ]
}

# Once before it counts: what is allocated the first time stays.
expect_status 0 "$CLIENT" "$T" true
wait_for 10 has_children 0 || fail 'a child is left'
fds_before=$(fds)
memory_before=$(memory)
clients=()
mkfifo "$TMP/fifo"
exec 9<>"$TMP/fifo"
for ((i = 0; i < COUNT; i++)); do
    "$CLIENT" "$T" "sleep 1000 & echo \$! >>$TMP/sleepers; wait; exit 5" <"$TMP/fifo" >/dev/null 2>&1 9>&- &
    clients+=("$!")
done
STARTED+=("${clients[@]}")
wait_for 60 has_children "$COUNT" || fail "$(children) of $COUNT sessions run"
all_sleep()
{
    [ "$(wc -l <"$TMP/sleepers")" -eq "$COUNT" ]
}
wait_for 30 all_sleep || fail 'not every session runs its command'
ok "$COUNT sessions at once"

xargs kill <"$TMP/sleepers"
exec 9>&-
for pid in "${clients[@]}"; do
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 5 ] || fail "a session ended with $status"
done
wait_for 20 has_children 0 || fail "$(children) processes are left"
[ "$(fds)" -eq "$fds_before" ] || fail "$(fds) descriptors instead of $fds_before"
memory_after=$(memory)
! memory_tells || [ "$memory_after" -le $((memory_before + 256)) ] ||
    fail "the listener grew from $memory_before to $memory_after KiB"
ok 'descriptors, processes and memory of the listener are back where they were'

# EMFILE: nothing can be accepted, so the listener waits; it neither spins nor dies.
free=0
while [ -e "/proc/$SERVER_PID/fd/$free" ]; do
    free=$((free + 1))
done
prlimit --pid "$SERVER_PID" --nofile="$free:"
ticks()
{
    awk '{ print $14 + $15 }' "/proc/$SERVER_PID/stat"
}
before=$(ticks)
run timeout 3 "$CLIENT" --timeout 1 "$T" true
[ "$STATUS" -ne 0 ] || fail 'a session without a descriptor'
[ $(($(ticks) - before)) -lt 100 ] || fail 'the listener spins'
expect_match 'cannot accept a connection: Too many open files' "$TMP/server.log"
prlimit --pid "$SERVER_PID" --nofile=1024:
wait_for 5 "$CLIENT" "$T" true || fail 'the listener does not recover'
ok 'EMFILE: a pause, then it goes on'
