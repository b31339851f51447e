#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# SIGUSR1, with which packages are upgraded: the listener ends and its sessions do not, in both
# protocols, and another server serves the same address.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

# A session that answers every line and ends, with a status of its own, when it is told.
ANSWER='while read -r word; do [ "$word" != bye ] || exit 9; echo "<$word>"; done'

said()
{
    grep -qxF -e "<$2>" "$TMP/$1.out"
}

# $1 name; the rest: a client's command. What it is told is written to $TMP/$1.in.
start_session()
{
    local name=$1
    shift
    mkfifo "$TMP/$name.in"
    "$@" "$ANSWER" <"$TMP/$name.in" >"$TMP/$name.out" 2>"$TMP/$name.err" &
    clients[$name]=$!
    STARTED+=("$!")
    exec {input}>"$TMP/$name.in"
    inputs[$name]=$input
    talk "$name" started
}

talk()
{
    echo "$2" >&"${inputs[$1]}"
    wait_for 10 said "$1" "$2" || fail "$1: no answer to '$2': $(cat "$TMP/$1.err")"
}

declare -A clients inputs
SSH=()
if [ -x "$SSH_SESSION" ] && command -v ssh ssh-keygen >/dev/null; then
    # shellcheck source=../support/ssh_setup.sh
    . "$SUPPORT/ssh_setup.sh"
    ssh_start
    start_session ssh "${SSH[@]}" t
else
    start_server
fi
start_session pipes "$CLIENT" -T "$T"
expect_status 0 "$CLIENT" "$T" true

kill -USR1 "$SERVER_PID"
wait_for 5 is_gone "$SERVER_PID" || fail 'the server does not end'
status=0
wait "$SERVER_PID" || status=$?
[ "$status" -eq 0 ] || fail "the server's status is $status"
expect_match 'leaving [0-9]+ connections to themselves' "$TMP/server.log"
[ ! -e "$TMP/sock" ] || fail 'the socket is left'
for name in "${!clients[@]}"; do
    talk "$name" 'without a server'
done
ok 'SIGUSR1 ends the server, and its sessions go on'

start_server
expect_status 4 "$CLIENT" "$T" 'exit 4'
for name in "${!clients[@]}"; do
    talk "$name" 'beside another server'
    echo bye >&"${inputs[$name]}"
    status=0
    wait "${clients[$name]}" || status=$?
    [ "$status" -eq 9 ] || fail "$name: status $status instead of 9: $(cat "$TMP/$name.err")"
done
ok 'another server takes the address over; the old sessions end with their own status'
