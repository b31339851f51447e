#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# --record over SSH: a file per terminal, out of reach of the user who logged in.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/ssh_setup.sh
. "$SUPPORT/ssh_setup.sh"
# shellcheck source=../support/record.sh
. "$SUPPORT/record.sh"
need python3

ssh_start --record "$RECORDINGS"

expect_status 0 "${SSH[@]}" -T t 'echo no terminal'
[ "$(count_recordings)" -eq 0 ] || fail 'a session without a terminal was recorded'

expect_status 4 "${SSH[@]}" -tt t 'stty -opost; printf "gr\303\274n \377\n"; exit 4' </dev/null
cp "$OUT" "$TMP/shown"
wait_for_recordings 1
expect_recording '[0-9]+x[0-9]+' 'stty -opost; printf "gr\303\274n \377\n"; exit 4'
expect_shows "$TMP/shown"
[ "$(stat -c %a:%u "$FILE")" = "600:$(id -u)" ] || fail 'others can read the file'
ok 'a command on a terminal'

TERM=screen "$SUPPORT/ssh_tty.py" "${SSH[@]}" t <<'END' || fail 'a shell on a terminal'
send stty -echo; echo re''ady\n
expect ready
size 33 77
send until [ "$(stty size)" = "33 77" ]; do sleep 0.1; done; stty size; read word\n
expect 33 77
send not-shown\n
send exit 3\n
status 3
END
wait_for_recordings 2
expect_recording '[0-9]+x[0-9]+' -
expect_line screen "$TMP/header"
"$CAST" "$FILE" events >"$TMP/events"
expect_line 'r "77x33"' "$TMP/events"
! grep -q not-shown "$FILE" || fail 'input that the terminal does not show was recorded'
ok 'a shell and its new size'

# Two terminals at once on one connection.
MUX=("${SSH[@]}" -o ControlPath="$TMP/mux")
start_background "${MUX[@]}" -N -M t </dev/null 2>"$TMP/mux.log"
wait_for 10 test -S "$TMP/mux" || fail 'no master connection'
for name in one two; do
    start_background "${MUX[@]}" -tt t "echo $name; until [ -e '$TMP/go' ]; do sleep 0.05; done; echo $name" \
        </dev/null >"$TMP/$name.out" 2>&1
    declare "$name=$!"
    wait_for 10 test -s "$TMP/$name.out" || fail "no session $name"
done
touch "$TMP/go"
# shellcheck disable=SC2154
wait "$one" && wait "$two" || fail 'a session of two'
expect_status 0 "${MUX[@]}" -O exit t
wait_for_recordings 4
for name in one two; do
    FILE=$(grep -l "echo $name;" "$RECORDINGS"/*.cast)
    [ -f "$FILE" ] || fail "not one file for session $name"
    expect_shows "$TMP/$name.out"
done
[ "$(find "$RECORDINGS" -name '*[0-9]_2.cast' | wc -l)" -eq 1 ] || fail 'the second file of a connection has no number'
ok 'two terminals of one connection are two files'

# The client is killed while its terminal shows something.
rm -f "$TMP/shown"
"${SSH[@]}" -tt t 'echo $PPID; exec sleep 1000' </dev/null >"$TMP/shown" 2>/dev/null &
client=$!
STARTED+=("$client")
wait_for 10 test -s "$TMP/shown" || fail 'no session to end'
kill -KILL "$client"
wait_for_recordings 5
wait "$client" 2>/dev/null || true
expect_shows "$TMP/shown"
ok 'the file is whole after the sudden end of the client'

need prlimit
# The recorder is asked for more than there is room for.
prlimit --fsize=65536: --pid "$SERVER_PID"
expect_status 255 "${SSH[@]}" -tt t 'stty -opost; seq 1 100000; exec sleep 1000' </dev/null
expect_match 'sessions are recorded here, and the recording of this one cannot go on: File too large' "$OUT"
wait_for_recordings 6
"$CAST" "$FILE" output >"$TMP/output" || fail 'the file is torn'
wait_for 6 no_session_left || fail 'the session goes on'
prlimit --fsize=unlimited: --pid "$SERVER_PID"
ok 'a recording that cannot be written ends the session'

[ "$(id -u)" -eq 0 ] || exit 0
OTHER=daemon
chmod 755 "$TMP"
expect_status 0 "${SSH[@]}" -tt -l "$OTHER" t "id -u; cat $RECORDINGS/*; ls $RECORDINGS; rm -rf $RECORDINGS
    for pid in \$(cat /proc/\$PPID/task/\$PPID/children); do [ \$pid = \$\$ ] || kill -9 \$pid; done 2>&1; echo st''ill" </dev/null
wait_for_recordings 7
[[ $FILE == *_${OTHER}_[0-9]*.cast ]] || fail "the name $FILE is not the user's"
[ "$(stat -c %a:%u "$FILE")" = '600:0' ] || fail 'the file is not root'\''s'
"$CAST" "$FILE" show >"$TMP/header"
expect_line "$OTHER from unix:uid=0:pid=$(sed -nE 's/.*pid-([0-9]+)_.*/\1/p' <<<"$FILE")" "$TMP/header"
"$CAST" "$FILE" output >"$TMP/output"
expect_match "^$(id -u $OTHER)" "$TMP/output"
expect_match 'cat: .*Permission denied' "$TMP/output"
expect_match "ls: .*Permission denied" "$TMP/output"
expect_match "rm: .*Permission denied" "$TMP/output"
expect_match 'not permitted' "$TMP/output"
ok 'the user who logged in can neither read, change nor end it'

expect_status 1 "$CLIENT" -l "$OTHER" -t "$T" "rm -rf '$RECORDINGS'" </dev/null
wait_for_recordings 8
[[ $FILE == *_${OTHER}_[0-9]*.cast ]] || fail "the name $FILE is not the user's"
[ "$(stat -c %a:%u "$FILE")" = '600:0' ] || fail 'the file is not root'\''s'
ok 'nor can a user of the native protocol'
