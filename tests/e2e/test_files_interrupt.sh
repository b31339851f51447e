#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A copy that the user ends: the folder is clean, but for what --resume can go on with, and it is said
# how. The server's switches --no-upload and --no-download.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/files_lib.sh
. "$SUPPORT/files_lib.sh"

start_server
cd "$TMP"
mkdir there
head -c 4M /dev/urandom >big
head -c 200K /dev/urandom >small

partial_has()
{
    [ "$(size_of "$(partials "$1" | head -n 1)")" -ge "$2" ]
}

partial_exists()
{
    [ -n "$(partials "$1")" ]
}

no_partial()
{
    [ -z "$(partials "$1")" ]
}

# interrupt SIGNAL CONDITION... -- CLIENT-ARGUMENT...
interrupt()
{
    local signal=$1 condition=() client
    shift
    while [ "$1" != -- ]; do
        condition+=("$1")
        shift
    done
    shift
    # A background job of a shell ignores SIGINT, and so would the client.
    "$SUPPORT/files_signals.py" "$CLIENT" "$T" "$@" >"$OUT" 2>"$ERR" &
    client=$!
    STARTED+=("$client")
    wait_for 10 "${condition[@]}" || fail 'the copy does not begin'
    kill -"$signal" "$client" 2>/dev/null || true
    STATUS=0
    wait "$client" 2>/dev/null || STATUS=$?
}

for direction in -u -d; do
    interrupt INT partial_has there 400000 -- --limit 1M "$direction" "$TMP/big:$TMP/there/big"
    [ "$STATUS" -eq 130 ] || fail "status $STATUS after SIGINT"
    expect_match 'with --resume goes on from there'
    partial_has there 262144 || fail 'the part is not there'
    [ ! -e there/big ] || fail 'half a file was published'
    expect_status 0 "$CLIENT" "$T" --resume "$direction" "$TMP/big:$TMP/there/big"
    expect_match 'were there already'
    expect_same big there/big
    wait_for 5 no_partial there || fail 'something stays behind'
    rm there/big
done
ok 'Ctrl-C keeps the part of a big file and says how to go on'

for signal in INT TERM HUP; do
    for direction in -u -d; do
        interrupt "$signal" partial_exists there -- --limit 50K "$direction" "$TMP/small:$TMP/there/small"
        [ "$STATUS" -gt 128 ] || fail "status $STATUS after SIG$signal"
        wait_for 5 no_partial there || fail "a part too small to resume stays after SIG$signal"
        [ -z "$(ls -A there)" ] || fail "the folder is not clean: $(ls -A there)"
    done
done
ok 'nothing is left of a small one'

# Any moment: 12 times a tree with a big file among small ones, at random points of its way.
mkdir many
for number in {1..150}; do
    head -c "$number" small >"many/$number"
done
head -c 4M /dev/urandom >many/100-big

# Nothing below $1 is half a file; what is not whole is the one part that --resume can use.
clean_but_resumable()
{
    local file kept
    mapfile -t kept < <(partials "$1")
    [ ${#kept[@]} -le 1 ] || return 1
    [ ${#kept[@]} -eq 0 ] || [ "$(size_of "${kept[0]}")" -ge 262144 ] || return 1
    for file in "$1"/*; do
        cmp -s "$file" "many/${file##*/}" || return 1
    done
}

shopt -s nullglob
cut_short=0
RANDOM=${SEED:-$$}
printf 'NOTE: SEED=%s gives the same moments again\n' "${SEED:-$$}"
for round in {1..12}; do
    direction=-u
    [ $((round % 2)) -eq 0 ] || direction=-d
    mkdir moment
    interrupt INT sleep "0.$((RANDOM % 500 + 100))" -- --limit 10M -r "$direction" "$TMP/many/.:$TMP/moment"
    [ "$STATUS" -eq 130 ] || [ "$STATUS" -eq 0 ] || fail "status $STATUS, direction $direction"
    [ "$STATUS" -eq 0 ] || cut_short=$((cut_short + 1))
    wait_for 5 clean_but_resumable moment || fail "not clean, direction $direction: $(ls -A moment)"
    no_partial moment || expect_match 'with --resume goes on from there'
    expect_status 0 "$CLIENT" -q "$T" -r --resume "$direction" "$TMP/many/.:$TMP/moment"
    diff -r many moment || fail 'it does not go on'
    rm -r moment
done
[ "$cut_short" -ge 1 ] || fail 'no copy was cut short'
shopt -u nullglob
ok "any moment: clean, and it can go on ($cut_short of 12 cut short)"

stop_server
start_server --no-upload
expect_status 255 "$CLIENT" "$T" -u "$TMP/small:$TMP/there/"
expect_match 'no-upload'
expect_status 0 "$CLIENT" "$T" -d "$TMP/small:$TMP/there/"
stop_server
start_server --no-download
expect_status 255 "$CLIENT" "$T" -d "$TMP/small:$TMP/x"
expect_match 'no-download'
[ ! -e x ] || fail 'something was made'
expect_status 0 "$CLIENT" "$T" -u "$TMP/small:$TMP/there/"
ok '--no-upload and --no-download'

stop_server
mkdir root root/in
start_server --root "$TMP/root"
expect_status 0 "$CLIENT" "$T" -u "small:/in"
expect_same small root/in/small
expect_status 0 "$CLIENT" "$T" -d "in/small:from-root"
expect_same small from-root
expect_status 1 "$CLIENT" "$T" -u "small:../x"
expect_match 'leads out of the folder that the server may use'
expect_status 1 "$CLIENT" "$T" -d "$TMP/small:y"
[ ! -e x ] && [ ! -e y ] || fail 'something was made outside the root'
ok '--root'
