#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Several copies into one folder at a time: one of them has its lock, all arrive whole and nothing of
# any stays behind; also after one that was killed.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/files_lib.sh
. "$SUPPORT/files_lib.sh"

start_server
cd "$TMP"
mkdir tree tree/in
files=$(amount 150 80)
for ((number = 0; number < files; number++)); do
    head -c $((number * 100)) /dev/urandom >"tree/in/$number"
done

for round in {1..3}; do
    copies=()
    mkdir there
    for direction in -u -d -u -d; do
        "$CLIENT" -q "$T" -r "$direction" "$TMP/tree/.:$TMP/there" 2>>"$TMP/messages" &
        copies+=($!)
        STARTED+=($!)
    done
    for copy in "${copies[@]}"; do
        wait "$copy" || fail "round $round: $(cat messages)"
    done
    same_tree tree there
    [ -z "$(partials there)" ] || fail "staged files were left: $(partials there)"
    rm -r there
done
ok 'four copies of one tree into one folder'

# A receiver that is killed can remove nothing; the next copy does.
killed_with_litter()
{
    partials there | grep -q . && kill -KILL "$client"
}

mkdir there
"$CLIENT" -q "$T" -r --limit 4000 -d "$TMP/tree/.:$TMP/there" &
client=$!
STARTED+=("$client")
wait_for 20 killed_with_litter || fail 'no staged file is seen'
wait "$client" 2>/dev/null || true
[ -n "$(partials there)" ] || fail 'there is no litter to remove'
expect_status 0 "$CLIENT" -q "$T" -r -d "$TMP/tree/.:$TMP/there"
same_tree tree there
[ -z "$(partials there)" ] || fail "litter stays: $(partials there)"
ok 'the next copy removes what a killed one left'
