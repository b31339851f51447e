#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The fork server of SSH: sessions are copies of it and children of the server, with all that a
# session of the server's has; when it is missing, stopped or not to be trusted, ssh works all the same.

TEST_LIMIT=90
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/ssh_setup.sh
. "$SUPPORT/ssh_setup.sh"

[ -z "${SSH_DIRECT:-}" ] || skip 'about the server'
# As the program asks: what libssh was built with must be known to notice a fork.
libssh=$(ldd "$SSH_SESSION" | awk '$1 ~ /^libssh\./ { print $3 }')
grep -aq '/openssl' "$libssh" || skip 'this libssh has another crypto library'

children()
{
    cat "/proc/$1/task/$1/children" 2>/dev/null
}

# Sets FORKER to the pid of the fork server of server $1; fails when there is none.
find_forker()
{
    local pid
    FORKER=''
    for pid in $(children "$1"); do
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != vsh-fork-server ] || FORKER=$pid
    done
    [ -n "$FORKER" ]
}

new_forker()
{
    find_forker "$SERVER_PID" && [ "$FORKER" != "$1" ]
}

await_forker()
{
    wait_for 15 new_forker "${1:-}" || fail "no new fork server: $(tail -n 5 "$TMP/server.log")"
}

# A copy has its origin's memory: the same mappings of the program at the same places.
layout()
{
    grep -a vsock-shell-ssh-session "/proc/$1/maps"
}

is_copy()
{
    [ "$(layout "$1")" = "$(layout "$FORKER")" ]
}

# Starts a session that stays and sets SESSION to its process.
open_session()
{
    rm -f "$TMP/pid"
    start_background "${SSH[@]}" t "echo \$PPID >$TMP/part; mv $TMP/part $TMP/pid; exec sleep 1000"
    client=$!
    wait_for 15 test -s "$TMP/pid" || fail 'the session did not start'
    SESSION=$(cat "$TMP/pid")
}

parent()
{
    awk '/^PPid:/ { print $2 }' "/proc/$1/status"
}

sessions()
{
    "$SERVER" --status --control "$TMP/control" | sed -n '1s/.*, \([0-9]*\) of .*/\1/p'
}

sessions_are()
{
    [ "$(sessions)" = "$1" ]
}

no_zombies()
{
    local pid
    for pid in $(children "$1"); do
        ! grep -q '^State:.Z' "/proc/$pid/status" 2>/dev/null || return 1
    done
}

mkdir "$TMP/libexec"
cp "$SSH_SESSION" "$TMP/libexec"
export VSOCK_SHELL_LIBEXEC=$TMP/libexec
ssh_start --control "$TMP/control" --max-sessions 60 --max-sessions-per-peer 60
await_forker
expect_status 0 "${SSH[@]}" t true
open_session
[ "$(parent "$SESSION")" = "$SERVER_PID" ] || fail "the session is no child of the server"
is_copy "$SESSION" || fail 'the session is no copy of the fork server'
[ "$(cat "/proc/$SESSION/comm")" = vsock-shell-ssh ] || fail 'the session has the wrong name'
"$SERVER" --status --control "$TMP/control" >"$OUT"
expect_match "^ *$SESSION .*ssh .*$SSH_USER.* exec " "$OUT"
wait_for 5 sessions_are 1 || fail "$(sessions) sessions instead of 1"
ok 'a session is a copy of the fork server, a child of the server, and seen in --status'

# No socket of the server's or the fork server's, no connection but its own: the exec path has as many.
ls -l "/proc/$SESSION/fd" >"$OUT"
[ "$(grep -c 'socket:' "$OUT")" -eq 1 ] || fail "the session has other sockets: $(cat "$OUT")"
ok 'a session has no descriptor of the fork server'

kill -KILL "$SESSION"
wait "$client" || true
wait_for 5 sessions_are 0 || fail 'a killed session is still counted'
expect_match "audit action=connection .*session's process $SESSION was ended by signal 9" "$TMP/server.log"
ok 'the server tells of a session that was killed'

count_fds()
{
    find "/proc/$FORKER/fd" -mindepth 1 | wc -l
}

# $1 sessions at once, twice.
burst()
{
    local round i pids status
    for round in 1 2; do
        pids=()
        for i in $(seq "$1"); do
            "${SSH[@]}" t "echo $i" >"$TMP/burst.$i" 2>&1 &
            pids+=("$!")
        done
        for i in $(seq "$1"); do
            status=0
            wait "${pids[i - 1]}" || status=$?
            [ "$status" -eq 0 ] && [ "$(cat "$TMP/burst.$i")" = "$i" ] ||
                fail "round $round, session $i: status $status: $(cat "$TMP/burst.$i")"
        done
    done
}

fds=$(count_fds)
[ "$fds" -eq 4 ] || fail "the fork server has other descriptors than 0, 1, 2 and its socket: $fds"
many=$(amount 50 10)
burst "$many"
wait_for 5 sessions_are 0 || fail 'sessions are left in --status'
[ "$(count_fds)" -eq "$fds" ] || fail "the fork server has $(count_fds) descriptors instead of $fds"
wait_for 5 no_zombies "$SERVER_PID" || fail 'the server has zombies'
wait_for 5 no_zombies "$FORKER" || fail 'the fork server has zombies'
ok "two bursts of $many sessions leave no descriptor and no zombie"

# The cookie of the server's first packet is from the generator that makes its keys.
"$SUPPORT/ssh_cookies.py" "$SOCKET" 12 >"$OUT" || fail 'no cookies'
[ "$(sort -u "$OUT" | wc -l)" -eq 12 ] || fail "copies share their random numbers: $(sort "$OUT")"
ok 'copies do not share their random numbers'

old=$FORKER
kill -KILL "$old"
expect_status 0 "${SSH[@]}" t true
await_forker "$old"
expect_status 0 "${SSH[@]}" t true
ok 'a killed fork server is replaced, and ssh works meanwhile'

# What a command and the process of its session, $1, have; without the numbers that differ anyway.
cat >"$TMP/describe" <<'EOF'
id; umask; ulimit -a; pwd; env | sed '/^SSH_\|^_=\|^VSOCK_SHELL_PEER/s/[0-9]//g' | sort
for pid in self "$1"; do
    grep '^Sig[BIC]\|^Shd\|^Cap\|^NoNew\|^Groups\|^Uid\|^Name' "/proc/$pid/status"
    cat "/proc/$pid/limits" "/proc/$pid/oom_score_adj" "/proc/$pid/cgroup"
    ls -l "/proc/$pid/fd" | sed -n 's/.*-> //; s/[0-9]//g; /[a-z]/p' | sort
done
tr '\0' '\n' <"/proc/$1/environ" | sort
cut -d ' ' -f 5-8 "/proc/$1/stat"
EOF
describe()
{
    expect_status 0 "${SSH[@]}" t "sh $TMP/describe \$PPID"
    cp "$OUT" "$1"
}

describe "$TMP/copied"
old=$FORKER
kill -STOP "$old"
describe "$TMP/executed"
diff "$TMP/executed" "$TMP/copied" >&2 || fail 'a copy differs from a session that started the program'
[ "$(wc -l <"$TMP/copied")" -gt 60 ] || fail "too little to compare: $(cat "$TMP/copied")"
ok 'a copy has what a session has that starts the program'
await_forker "$old"
wait_for 5 is_gone "$old" || fail 'the one that did not answer is left'
ok 'one that does not answer keeps nobody waiting for long, and is replaced'

old=$FORKER
rm "$TMP/host_key" "$TMP/known_hosts"
ssh-keygen -q -t ed25519 -N '' -f "$TMP/host_key"
expect_status 0 "${SSH[@]}" t true
grep -qF "$(ssh-keygen -y -f "$TMP/host_key" | cut -d ' ' -f 2)" "$TMP/known_hosts" ||
    fail 'the session has the old host key'
await_forker "$old"
expect_status 0 "${SSH[@]}" t true
ok 'the next session has a host key that has changed on disk'

old=$FORKER
cp "$SSH_SESSION" "$TMP/libexec/new"
mv "$TMP/libexec/new" "$TMP/libexec/vsock-shell-ssh-session"
open_session
[ "$(readlink "/proc/$SESSION/exe")" = "$TMP/libexec/vsock-shell-ssh-session" ] ||
    fail "the session runs $(readlink "/proc/$SESSION/exe")"
kill -TERM "$SESSION"
wait "$client" || true
await_forker "$old"
expect_status 0 "${SSH[@]}" t true
ok 'the next session runs a program that was replaced'

open_session
is_copy "$SESSION" || fail 'no copy'
stayer=$SESSION
stayer_client=$client
start_background "$SUPPORT/ssh_cookies.py" "$SOCKET" 1 --stay
silent=$!
wait_for 5 sessions_are 2 || fail "$(sessions) sessions instead of 2"
open_session
old=$FORKER
kill -ABRT "$SESSION" # as the stack protector does; a sanitizer would catch SEGV
wait "$client" || true
wait_for 5 is_gone "$old" || fail 'the layout of a crashed session is still in use'
wait_for 5 is_gone "$silent" || fail 'a session of the same layout goes on before its login'
! is_gone "$stayer" || fail 'a session that has logged in was ended'
expect_status 0 "${SSH[@]}" t true
await_forker "$old"
expect_status 0 "${SSH[@]}" t true
ok 'a crash of a session replaces the fork server, and ends who shares its layout without a login'

old=$FORKER
kill -HUP "$SERVER_PID"
await_forker "$old"
expect_status 0 "${SSH[@]}" t true
! is_gone "$stayer" || fail 'SIGHUP ended a session'
wait_for 5 no_zombies "$SERVER_PID" || fail 'the server does not reap its fork servers'
ok 'SIGHUP replaces the fork server'

kill -TERM "$SERVER_PID"
kill -TERM "$SERVER_PID"
wait_for 15 is_gone "$SERVER_PID" || fail 'the server does not end'
wait_for 5 is_gone "$stayer" || fail 'the session outlives SIGTERM'
wait_for 5 is_gone "$FORKER" || fail 'the fork server outlives its server'
wait "$stayer_client" || true
ok 'SIGTERM ends sessions and fork server'

for signal in KILL USR1; do
    ssh_start
    await_forker
    open_session
    kill "-$signal" "$SERVER_PID"
    wait_for 5 is_gone "$FORKER" || fail "the fork server outlives SIG$signal"
    ! is_gone "$SESSION" || fail "the session ended with its server's SIG$signal"
    kill -TERM "$SESSION"
    wait "$client" || true
done
ok 'it ends with a server that is killed or leaves, and sessions do not'

# Sets HOLDER to a process of a connection which has not said anything yet.
find_holder()
{
    local pid
    HOLDER=''
    for pid in $(children "$SERVER_PID"); do
        [ "$pid" = "$FORKER" ] || HOLDER=$pid
    done
    [ -n "$HOLDER" ]
}

ssh_start
await_forker
start_background "$SUPPORT/ssh_cookies.py" "$SOCKET" 1 --silent
silent=$!
wait_for 5 find_holder || fail 'no process of a connection'
kill -STOP "$HOLDER"
kill -KILL "$SERVER_PID"
wait_for 5 is_gone "$FORKER" || fail 'the fork server waits for a connection'
kill -KILL "$HOLDER"
wait "$silent" || true
ok 'it does not wait for connections that still have its socket'

has_no_children()
{
    [ -z "$(children "$SERVER_PID")" ]
}

start_server
expect_status 0 "$CLIENT" "$T" true
wait_for 5 has_no_children || fail 'a fork server without --ssh'
stop_server
mkdir "$TMP/records"
ssh_start --record "$TMP/records"
expect_status 0 "${SSH[@]}" t true
wait_for 5 has_no_children || fail 'a fork server with --record'
stop_server
ok 'there is none without --ssh, nor with --record'

rm "$TMP/host_key" "$TMP/known_hosts"
ssh_start
await_forker
sleep 0.5 # nothing shows that something will not happen
[ ! -e "$TMP/host_key" ] || fail 'a host key was made for nobody'
open_session
is_copy "$SESSION" || fail 'no copy after the host key was made'
kill -TERM "$SESSION"
wait "$client" || true
ok 'a missing host key is made when the first client comes'
