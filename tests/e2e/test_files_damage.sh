#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A bit that flips on the way, and a partial that somebody changed between two tries.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/files_lib.sh
. "$SUPPORT/files_lib.sh"

start_server
start_wire
"$SUPPORT/files_tree.py" big "$TMP/new" 8
printf 'old content' >"$TMP/old"
mkdir "$TMP/to"
TARGET=$TMP/to/file

# damage WAY BYTE CLIENT-ARGUMENT...
damage()
{
    local way=$1 at=$2
    shift 2
    cp "$TMP/old" "$TARGET"
    plan flip "$way" "$at"
    run "$CLIENT" "$WIRE" "$@"
    [ "$STATUS" -ne 0 ] || fail "a flipped bit at $at ($way) was not noticed"
    expect_same "$TMP/old" "$TARGET"
    [ -s "$ERR" ] || fail "no sentence about the flipped bit at $at ($way)"
    [ -z "$(partials "$TMP/to")" ] || fail 'the damaged copy was kept'
}

for at in 1000000 4000001 8388608; do
    damage up "$at" -u "$TMP/new:$TARGET"
    expect_match 'arrived damaged; the target was left as it was'
    [ "$STATUS" -eq 1 ] || fail "status $STATUS"
    damage down "$at" -d "$TMP/new:$TARGET"
    expect_match 'arrived damaged; the target was left as it was'
    [ "$STATUS" -eq 1 ] || fail "status $STATUS"
done
ok 'a bit that flips in the content fails the file'

# The first frames of a tree: HELLO, the request, ENTRY frames with names, modes and link targets.
mkdir "$TMP/tree"
printf x >"$TMP/tree/name"
ln -s target "$TMP/tree/link"
"$CLIENT" "$WIRE" -q -r -u "$TMP/tree:$TMP/up"
length=$(bytes_up)
for ((at = 60; at < length - 12; at += 5)); do
    rm -rf "$TMP/up"
    plan flip up "$at"
    # A flipped length makes the server wait for bytes that never come: 45 s, which others test.
    # Without --foreground a SIGCONT follows, and may take back the SIGSTOP with which a leak checker
    # stops the ending client: that would wait for ever.
    run timeout --foreground 2 "$CLIENT" "$WIRE" -q -r -u "$TMP/tree:$TMP/up"
    if [ "$STATUS" -eq 0 ]; then
        same_tree "$TMP/tree" "$TMP/up"
    fi
done
[ -z "$(find "$TMP" -maxdepth 1 -newer "$TMP/tree" -name 'u?' ! -name up)" ] ||
    fail 'something was stored under another name'
ok 'a bit that flips anywhere else is noticed or does no harm'

partial()
{
    plan cut up 5000000
    run "$CLIENT" "$WIRE" -u "$TMP/new:$TARGET"
    [ "$STATUS" -eq 255 ] || fail "status $STATUS after a cut"
    expect_match 'with --resume goes on from there'
    wait_for 10 has_stats
    wait_for 10 partial_is_free
}

partial_is_free()
{
    flock -n "$(partials "$TMP/to")" true
}

for change in first last longer; do
    cp "$TMP/old" "$TARGET"
    partial
    file=$(partials "$TMP/to")
    size=$(size_of "$file")
    [ "$size" -gt 4000000 ] || fail "a partial of $size bytes only"
    case $change in
    first) printf '\0\1\2\3' | dd of="$file" conv=notrunc status=none ;;
    last) printf '\0\1\2\3' | dd of="$file" conv=notrunc bs=1 seek=$((size - 4)) status=none ;;
    longer) truncate -s $((size + 1000)) "$file" ;;
    esac
    plan pass
    expect_status 0 "$CLIENT" "$WIRE" --resume -u "$TMP/new:$TARGET"
    expect_same "$TMP/new" "$TARGET"
    [ "$(bytes_up)" -gt 8388608 ] || fail "a changed partial ($change) was continued"
    [ -z "$(partials "$TMP/to")" ] || fail 'something stays behind after success'
done
ok 'a partial that was changed is begun anew'

cp "$TMP/old" "$TARGET"
partial
plan pass
expect_status 0 "$CLIENT" "$WIRE" --resume -u "$TMP/new:$TARGET"
[ "$(bytes_up)" -lt 4500000 ] || fail 'an honest partial was not continued'
expect_match 'were there already'
ok 'an honest partial is continued'

partial
plan pass
expect_status 0 "$CLIENT" "$WIRE" --resume -u "$TMP/new:$TARGET"
expect_match '1 skipped'
[ -z "$(partials "$TMP/to")" ] || fail 'a partial that nobody needs stays behind'
ok 'a partial of a file that is whole already is removed'
