#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The user ends the client while one of its streams does not move: a source that says nothing, a
# reader that does not read. It ends at once, with the signal's status, and nothing is left.
TEST_LIMIT=120
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/files_lib.sh
. "$SUPPORT/files_lib.sh"

need python3 pkill
start_server
cd "$TMP"
mkdir there
head -c 3M /dev/urandom >big
mkfifo fifo
: >empty

nothing_there()
{
    [ -z "$(ls -A there)" ]
}

# stalled STATUS [--early] [--type TEXT] STREAMS SIGNAL CLIENT-ARGUMENT...
stalled()
{
    local wanted=$1 options=()
    shift
    while [[ $1 == --* ]]; do
        options+=("$1")
        if [ "$1" = --type ]; then
            options+=("$2")
            shift
        fi
        shift
    done
    expect_status "$wanted" "$SUPPORT/stalled.py" "${options[@]}" "$1" "$2" "$CLIENT" "${@:3}"
    wait_for 5 nothing_there || fail "left behind: $(ls -A there)"
}

for protocol in 1 2; do
    stalled 130 in INT --protocol "$protocol" "$T" -u -:"$TMP/there/x"
    stalled 143 out TERM --protocol "$protocol" "$T" -d "$TMP/big":-
done
stalled 130 in INT --protocol 1 "$T" -u "$TMP/fifo:$TMP/there/x"
ok 'a copy from a source that says nothing, or to a reader that does not read'

# Slowly: neither the whole file nor a part that --resume could use may come before the signal.
for how in '--protocol 1' '--limit 10K'; do
    # shellcheck disable=SC2086 # two words
    {
        stalled 130 out INT $how --json "$T" -u "$TMP/big:$TMP/there/x"
        stalled 143 out TERM $how --json "$T" -d "$TMP/big:$TMP/there/x"
        stalled 130 err INT $how -v "$T" -u "$TMP/empty:$TMP/empty-${how##* }" -u "$TMP/big:$TMP/there/x"
    }
done
ok '--json and messages that nobody reads'

# The bar is on the terminal: all three streams are.
stalled 130 tty INT --limit 10K "$T" -d "$TMP/big:$TMP/there/x"
stalled 143 tty TERM --limit 10K --protocol 2 "$T" -u "$TMP/big:$TMP/there/x"
ok 'a progress bar on a terminal that takes nothing'

stalled 143 --type $'\r~?' held TERM "$T" -t 'exec cat'
stalled 129 --type $'\r~?' held HUP --protocol 1 "$T" -t 'exec cat'
ok 'a raw terminal that takes nothing is put right'

# Before there is a session: nobody there, and a server that takes connections and says nothing.
stalled 130 --early held INT --wait 30 "unix:$TMP/nobody"
kill -STOP "$SERVER_PID"
stalled 130 held INT "$T"
stalled 143 held TERM "$T" -u "$TMP/big:$TMP/there/x"
stalled 130 held INT --protocol 1 "$T" 'exec cat'
kill -CONT "$SERVER_PID"
# In the middle: the parent of the command is the server's process for this session.
# shellcheck disable=SC2016 # the command's own
stalled 143 held TERM "$T" -t 'kill -STOP $PPID; exec cat'
pkill -CONT -P "$SERVER_PID"
ok 'a server that says nothing, before a session and in the middle of one'

# Waiting for a stream loses nothing of it.
mkdir many
for number in {1..1500}; do
    printf '%s' "$number" >"many/a-rather-long-name-to-fill-the-pipe-sooner-$number"
done
# shellcheck disable=SC2016 # $1 and $2 are the inner shell's
expect_status 0 bash -c '"$1" --json "$2" -r -u "$3:$4" | { sleep 0.5; cat; }' - "$CLIENT" "$T" \
    "$TMP/many" "$TMP/copy"
[ "$(grep -c '^{"event":"file",.*}$' "$OUT")" -eq 1500 ] || fail 'lines of --json are missing'
[ "$(tail -n 1 "$OUT" | cut -c 1-32)" = '{"event":"summary","files":1500,' ] || fail 'no summary'
diff -r many copy || fail 'the copies differ'
(
    printf one
    sleep 0.3
    printf two
) | expect_status 0 "$CLIENT" --protocol 1 "$T" -u -:"$TMP/slow"
[ "$(cat slow)" = onetwo ] || fail "a slow source came as $(cat slow)"
start_background cp big fifo
expect_status 0 "$CLIENT" --protocol 1 "$T" -u "$TMP/fifo:$TMP/from-fifo"
expect_same big from-fifo
# shellcheck disable=SC2016 # the inner shell's
expect_status 0 bash -c '"$1" -q --protocol 1 "$2" -d "$3":- | { sleep 0.5; cat; }' - "$CLIENT" "$T" \
    "$TMP/big"
expect_same big "$OUT"
ok 'a slow source and a slow reader lose nothing'
