#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A hostile server against the client, and a hostile client against a server with --root: nothing is
# written outside the destination, memory stays bounded, and it is said what was refused.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/files_lib.sh
. "$SUPPORT/files_lib.sh"

HOSTILE=$SUPPORT/files_hostile.py

# Scenario, and what is said of it.
SCENARIOS=(
    'dotdot|an entry "\.\./x", which is no plain name: refused'
    'absolute|an entry "/x", which is no plain name: refused'
    'slash|an entry "a/x", which is no plain name: refused'
    'nul|an entry "a\?x", which is no plain name: refused'
    'empty|an entry "", which is no plain name: refused'
    'dot|an entry "\.", which is no plain name: refused'
    'dotdot-folder|an entry "\.\.", which is no plain name: refused'
    'absolute-folder|an entry "/", which is no plain name: refused'
    'long-name|which is no plain name: refused'
    'link-then-file|cannot create the folder: .*not a folder'
    'second-source|sent "more", which nobody asked for: refused'
    'leave-too-often|unexpected frame 0x34'
    'too-many-bytes|more than the 3 bytes that it announced: refused'
    'too-few-bytes|5 of the 30 bytes that it announced: refused'
    'false-digest|arrived damaged'
    'false-check|unexpected frame 0x33'
    'huge-hole|unexpected frame 0x36'
    'too-deep|deeper than 256 folders'
    'many-entries|cannot create the folder: .*not a folder'
    'special-frames|unexpected frame 0x3b'
)

# The folder that copies go to, and what lies beside it.
reset()
{
    rm -rf "$TMP/box"
    mkdir -p "$TMP/box/root/in" "$TMP/box/outside"
    printf 'mine\n' >"$TMP/box/outside/mine"
}

expect_untouched()
{
    [ "$(find "$TMP/box" -maxdepth 1 -mindepth 1 -printf '%f ' | tr ' ' '\n' | sort | xargs)" = 'outside root' ] ||
        fail "$1: something new lies beside the destination"
    [ "$(ls -A "$TMP/box/outside")" = mine ] && [ "$(cat "$TMP/box/outside/mine")" = mine ] ||
        fail "$1: something was written outside the destination"
    [ "$(ls -A "$TMP/box/root")" = in ] || fail "$1: something new lies beside the folder"
    [ -z "$(partials "$TMP/box")" ] || fail "$1: a staged file was left"
    [ ! -e /x ] || fail "$1: /x was made"
}

hostile_is_up()
{
    unix_listens "$TMP/hostile"
}

# download SCENARIO STATUS: the client asks a hostile server for /srv/tree.
download()
{
    rm -f "$TMP/hostile"
    start_background "$HOSTILE" serve "$TMP/hostile" "$1"
    wait_for 10 hostile_is_up || fail 'the hostile server does not listen'
    expect_status "$2" "$CLIENT" "unix:$TMP/hostile" -r -d "/srv/tree:$TMP/box/root/in"
}

reset
download honest 0
[ "$(cat "$TMP/box/root/in/tree/good")" = hello ] || fail 'an honest copy does not arrive'
expect_untouched honest
for pair in "${SCENARIOS[@]}" 'another-name|sent "\.ssh", which nobody asked for: refused'; do
    scenario=${pair%%|*}
    reset
    case $scenario in
    link-then-file | false-digest | many-entries) download "$scenario" 1 ;;
    *) download "$scenario" 255 ;;
    esac
    expect_match "${pair#*|}"
    [ "$(wc -l <"$ERR")" -le 10 ] || fail "$scenario: $(wc -l <"$ERR") lines for one refusal"
    expect_untouched "$scenario"
done
ok 'a client refuses what a hostile server sends'

reset
download file-through-link 0
expect_untouched file-through-link
[ ! -L "$TMP/box/root/in/tree/way" ] || fail 'the link is still there'
ok 'a client replaces a link instead of writing through it'

# Bounded memory: the peak of a client that is sent 100000 entries.
reset
rm -f "$TMP/hostile"
start_background "$HOSTILE" serve "$TMP/hostile" many-entries
wait_for 10 hostile_is_up || fail 'the hostile server does not listen'
peak=$("$SUPPORT/files_peak.py" "$CLIENT" "unix:$TMP/hostile" -q -r -d "/srv/tree:$TMP/box/root/in" \
    2>"$ERR") || true
[ "$peak" -lt 11000 ] || fail "the client took $peak KiB for entries that it refused"
ok "100000 refused entries: a peak of $peak KiB"

reset
start_server --root "$TMP/box/root"
for pair in "${SCENARIOS[@]}"; do
    reset_root=$TMP/box/root/in
    rm -rf "$reset_root"
    mkdir "$reset_root"
    "$HOSTILE" upload "$SOCKET" in "${pair%%|*}" >"$OUT" 2>"$ERR"
    expect_match "${pair#*|}" "$OUT"
    expect_untouched "${pair%%|*}"
done
ok 'a server refuses what a hostile client sends'

ln -s ../outside "$TMP/box/root/way"
ln -s "$TMP/box/outside" "$TMP/box/root/absolute"
for path in ../outside ../x way way/x absolute absolute/x in/../../x in/../../outside/x ..; do
    "$HOSTILE" upload-path "$SOCKET" "$path" >"$OUT" 2>"$ERR"
    expect_match 'PROBLEM' "$OUT"
done
for path in ../outside/mine way/mine absolute/mine in/../../outside/mine; do
    "$HOSTILE" get "$SOCKET" "$path" 0 >"$OUT" 2>"$ERR"
    expect_match '^PROBLEM' "$OUT"
    ! grep -q '^DATA' "$OUT" || fail "$path was sent"
done
"$HOSTILE" get "$SOCKET" . 3 >"$OUT" 2>"$ERR" # recursive, following links
! grep -q '^DATA' "$OUT" || fail 'links led out of the root'
rm "$TMP/box/root/way" "$TMP/box/root/absolute"
expect_untouched paths
ok 'no path leads out of --root'
