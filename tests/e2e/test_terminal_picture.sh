#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The README's picture shows what these programs do: a run of today ends in the same screen.

TEST_LIMIT=120
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_unix
need_ssh
need python3 ssh-keygen scp cmp

picture=$TOP/contrib/terminal-picture.py

# How long the copy took is the machine's.
screen_of()
{
    "$picture" --text -o "$1" | sed -E 's/in [0-9.]+ s, [0-9.]+ [KM]iB/in some time, so many/'
}

expect_status 0 "$picture" -b "$VSH_BUILD" -o "$TMP/today.svg"
screen_of "$TMP/today.svg" >"$TMP/today"
screen_of "$TOP/contrib/terminal.svg" >"$TMP/shown"
diff "$TMP/shown" "$TMP/today" >&2 ||
    fail 'contrib/terminal.svg shows another run (<) than the programs make (>): run contrib/terminal-picture.py'
ok 'a run ends in the screen of the picture'

expect_status 0 python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$TMP/today.svg"
for word in "${TMPDIR:-/tmp}" "$TOP" @; do
    ! grep -F -e "$word" "$TMP/today" || fail "the picture tells of this machine: $word"
done
grep -qE 'class="f".*\[=+&gt; *\] +[0-9]+%' "$TMP/today.svg" || fail 'the progress bar does not move'
ok 'it is XML, moves, and names nothing of this machine'

cp "$TMP/today.svg" "$TMP/again.svg"
touch -d 2001-01-01 "$TMP/again.svg"
expect_status 0 "$picture" -b "$VSH_BUILD" -o "$TMP/again.svg"
[ "$(stat -c %y "$TMP/again.svg" | cut -c 1-4)" = 2001 ] || fail 'the same screen made a new picture'
ok 'a picture that is right stays as it is'
