#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What each option changes about a copy, names and destinations, standard input and output.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/files_lib.sh
. "$SUPPORT/files_lib.sh"

start_server
cd "$TMP"
mkdir there
printf 'content\n' >file

expect_status 0 "$CLIENT" "$T" -u "file:$TMP/there"
expect_same file there/file
expect_status 0 "$CLIENT" "$T" -u "file:$TMP/there/other name"
expect_same file 'there/other name'
# Relative there is relative to the home folder of the user, which is none of this test's business.
home=$(getent passwd "$(id -u)" | cut -d: -f6)
relative=$(realpath --relative-to="$home" "$TMP/there")
expect_status 0 "$CLIENT" "$T" -u "file:$relative/relative"
expect_same file there/relative
expect_status 0 "$CLIENT" "$T" -d "$relative/relative:."
expect_same file relative
# shellcheck disable=SC2088  # the client expands it
expect_status 0 "$CLIENT" "$T" -d "~/$relative/relative:tilde"
expect_same file tilde
# The time limit is far below the 15 s after which a ping wakes whoever waits for nothing.
expect_status 0 timeout "$((8 * VSH_SLOW))" \
    "$CLIENT" -u "file:$TMP/there/one" "$T" -d "$TMP/there/file:two" -u "file:$TMP/there/three"
expect_same file there/one
expect_same file two
expect_same file there/three
expect_match '3 files, 24 B in'
ok 'several copies in one call, folders and names as destination'

printf x >'-odd name'$'\n\xff'
expect_status 0 "$CLIENT" "$T" -u "-odd name"$'\n\xff'":$TMP/there"
expect_same '-odd name'$'\n\xff' "$TMP/there/-odd name"$'\n\xff'
expect_status 0 "$CLIENT" "$T" -u "file:$TMP/there/with:colon" --timeout 5
expect_same file there/with:colon
expect_status 0 "$CLIENT" "$T" -d "$TMP/there/with\\:colon:colon"
expect_same file colon
ok 'odd names'

expect_status 0 "$CLIENT" "$T" -u "-:$TMP/there/stream" < <(printf 'one '; sleep 0.3; printf 'two')
[ "$(cat there/stream)" = 'one two' ] || fail 'standard input did not arrive'
[ "$(stat -c %a there/stream)" = 644 ] || fail 'the mode is not that of the umask'
expect_status 0 "$CLIENT" "$T" -d "$TMP/there/stream:-"
[ "$(cat "$OUT")" = 'one two' ] || fail 'standard output is not the file'
head -c 5M /dev/urandom >random
"$CLIENT" "$T" -q -d "$TMP/random:-" | (sleep 0.3; cat) | cmp - random || fail 'a slow reader gets something else'
"$CLIENT" "$T" -q -d "$TMP/random:-" | "$CLIENT" "$T" -q -u "-:$TMP/there/random"
expect_same random there/random
run bash -c "'$CLIENT' '$T' -d '$TMP/random:-' | head -c 10 >/dev/null; exit \${PIPESTATUS[0]}"
[ "$STATUS" -eq 1 ] || fail "status $STATUS when the reader goes"
expect_match 'its reader has gone'
expect_status 0 "$CLIENT" "$T" -d "/proc/version:version"
expect_same /proc/version version
ok 'standard input and output, and files of the kernel'

mkdir -p tree/sub
printf 'a\n' >tree/a
printf 'b\n' >tree/sub/b.o
ln -s a tree/link
mkfifo tree/pipe
expect_status 1 "$CLIENT" "$T" -u "tree:$TMP/there/t1"
expect_match "'tree': cannot copy it without -r"
[ ! -e there/t1 ] || fail 'a folder was copied without -r'
expect_status 0 "$CLIENT" "$T" -r -u "tree:$TMP/there/t1"
expect_match "'tree/pipe': skipped: it is a device, a pipe or a socket"
[ "$(readlink there/t1/link)" = a ] || fail 'the link is no link'
expect_status 0 "$CLIENT" "$T" -r -d "$TMP/there/t1:t1"
same_tree there/t1 t1
expect_status 0 "$CLIENT" "$T" -r -L -u "tree:$TMP/there/t2" --exclude '*.o' --exclude pipe
[ -f there/t2/link ] && [ ! -L there/t2/link ] || fail 'the link was not followed'
[ -d there/t2/sub ] && [ ! -e there/t2/sub/b.o ] || fail 'an excluded file was sent'
expect_status 0 "$CLIENT" "$T" -r -d "$TMP/there/t1:t3" --exclude sub
[ ! -e t3/sub ] || fail 'an excluded folder was sent'
ok '-r, -L, --exclude, and a line for a special file'

printf 'new\n' >tree/a
expect_status 0 "$CLIENT" "$T" -r --no-clobber -u "tree/.:$TMP/there/t1"
[ "$(cat there/t1/a)" = a ] || fail 'a file was replaced in spite of --no-clobber'
expect_match 'skipped'
expect_status 0 "$CLIENT" "$T" -r --sync -u "tree/.:$TMP/there/t1"
[ "$(cat there/t1/a)" = new ] || fail 'a file was not replaced'
find there >before
expect_status 0 "$CLIENT" "$T" -r --dry-run -u "tree:$TMP/there/t9"
expect_match 'tree/sub/b.o' "$OUT"
find there >after
expect_same before after
expect_status 0 "$CLIENT" "$T" -r --dry-run -d "$TMP/there/t1:t9"
[ ! -e t9 ] || fail 'a dry run made something'
ok '--no-clobber, --sync, --dry-run'

start=${EPOCHREALTIME/[.,]/}
expect_status 0 "$CLIENT" "$T" --limit 5M -d "$TMP/random:limited"
[ $((${EPOCHREALTIME/[.,]/} - start)) -gt 700000 ] || fail '5 MiB at 5 MiB/s took no second'
expect_same random limited
ok '--limit is an upper bound'

expect_status 0 "$CLIENT" "$T" -q -u "file:$TMP/there"
[ ! -s "$ERR" ] && [ ! -s "$OUT" ] || fail '-q says something'
run "$CLIENT" "$T" --json -r -u "tree:$TMP/there/json" -d "$TMP/absent:json"
[ "$STATUS" -eq 1 ] || fail "status $STATUS"
"$SUPPORT/files_json.py" <"$OUT" || fail 'what --json says is not as it should be'
ok '-q and --json'
