#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The process of a connection is killed and can do nothing any more: its session ends all the same.
# What a session that came to its own end has left running on purpose is let be.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

ssh_too=''
if [ -x "$SSH_SESSION" ] && command -v ssh >/dev/null; then
    # shellcheck source=../support/ssh_setup.sh
    . "$SUPPORT/ssh_setup.sh"
    ssh_start
    ssh_too=yes
else
    start_server
fi

# Ignores HUP and TERM, shows nothing, has a background job in a group of its own and one in its own.
cat >"$TMP/stubborn" <<'END'
#!/bin/bash
trap '' HUP TERM
set -m
(trap '' HUP TERM; while :; do sleep 0.2; done) &
set +m
sleep 1000 &
echo "$PPID $$ $!" >"$1.part"
mv "$1.part" "$1"
while :; do sleep 0.2; done
END
# One that ends at once, and leaves a daemon and a job behind.
cat >"$TMP/leaver" <<'END'
#!/bin/bash
setsid sleep 1000 >/dev/null 2>&1 </dev/null &
daemon=$!
nohup sleep 1000 >/dev/null 2>&1 </dev/null &
echo "$daemon $!" >"$1"
END
chmod +x "$TMP/stubborn" "$TMP/leaver"

all_gone()
{
    local pid
    for pid; do
        is_gone "$pid" || return 1
    done
}

session_of()
{
    local line
    read -r line <"/proc/$1/stat"
    read -r _ _ _ line _ <<<"${line##*) }"
    printf '%s\n' "$line"
}

# Sets PIDS to the processes of a session: the command, its job, the sleeps of both.
find_session()
{
    local file
    PIDS=()
    for file in /proc/[0-9]*; do
        [ "$(session_of "${file#/proc/}" 2>/dev/null)" != "$1" ] || PIDS+=("${file#/proc/}")
    done
    [ ${#PIDS[@]} -ge 3 ] || fail "the session has only the processes ${PIDS[*]}"
}

# expect_killed NAME CMD...: CMD runs what follows as a word of its own.
expect_killed()
{
    local name=$1 connection leader job client
    shift
    rm -f "$TMP/pids"
    start_background "$@" "exec $TMP/stubborn $TMP/pids" </dev/null >/dev/null 2>&1
    client=$!
    wait_for 10 test -s "$TMP/pids" || fail "$name: the command did not start"
    read -r connection leader job <"$TMP/pids"
    find_session "$leader"
    ! is_gone "$job" || fail "$name: no job"
    kill -KILL "$connection"
    wait_for 6 all_gone "${PIDS[@]}" || fail "$name: something of the session is left 5 s later"
    wait "$client" 2>/dev/null || true
    ok "$name: a killed connection process leaves nothing of its session"
}

# The command kills its connection process as soon as it runs, while forks take their time.
expect_early_death()
{
    local T=unix:$TMP/slow.sock server pid
    build_preload slow_fork
    LD_PRELOAD=$TMP/slow_fork.so "$SERVER" --listen "$T" </dev/null 2>"$TMP/slow.log" &
    server=$!
    STARTED+=("$server")
    wait_for 10 unix_listens "$TMP/slow.sock" || fail 'the slow server did not start'
    expect_status 255 "$CLIENT" "$T" "echo \$\$ >$TMP/early; kill -KILL \$PPID; exec sleep 1000"
    pid=$(cat "$TMP/early")
    wait_for 6 is_gone "$pid" || fail 'a command that killed its connection process at once lives on'
    end_process "$server"
    ok 'a command that kills its connection process at once ends with it'
}

expect_left()
{
    local name=$1 pid pids
    shift
    rm -f "$TMP/pids"
    expect_status 0 "$@" "$TMP/leaver $TMP/pids"
    read -ra pids <"$TMP/pids"
    # The connection's process has gone by then, and with it whoever could end something.
    wait_for 10 no_connection || fail "$name: a connection is left"
    for pid in "${pids[@]}"; do
        ! is_gone "$pid" || fail "$name: a process that was to stay was ended"
        kill "$pid"
    done
    ok "$name: what a session leaves behind on purpose stays"
}

expect_killed 'a native command' "$CLIENT" -T "$T"
expect_killed 'a native command on a terminal' "$CLIENT" -t "$T"
expect_left 'a native command' "$CLIENT" -T "$T"
if [ -n "$ssh_too" ]; then
    expect_killed 'a command over SSH' "${SSH[@]}" -T t
    expect_left 'a command over SSH' "${SSH[@]}" -T t
fi
# Nothing can be loaded before the libc of a static program.
if [ "$VSH_TRANSPORT" = unix ] && command -v cc >/dev/null && readelf -l "$SERVER" | grep -q INTERP; then
    expect_early_death
fi
