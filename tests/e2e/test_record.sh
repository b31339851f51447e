#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# --record: what terminals of native sessions show becomes a file that a player takes, whatever the
# bytes are and however the session ends.

TEST_LIMIT=90
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/record.sh
. "$SUPPORT/record.sh"
need_unix
need python3

# The folder is checked before anything starts.
expect_folder_refused()
{
    expect_status 2 "$SERVER" --check --listen "unix:$TMP/none" --record "$1"
    expect_match "^vsock-shell-server: error: --record: .*'$1' $2"
}
touch "$TMP/file"
mkdir -m 700 "$TMP/open" "$TMP/group"
chmod 707 "$TMP/open"
chmod 720 "$TMP/group"
expect_status 2 "$SERVER" --check --record "$TMP/missing"
expect_match "cannot open the folder '$TMP/missing': No such file"
expect_status 2 "$SERVER" --check --record "$TMP/file"
expect_match "cannot open the folder '$TMP/file': Not a directory"
expect_folder_refused "$TMP/open" 'is writable for others than its owner: chmod 700 it'
expect_folder_refused "$TMP/group" 'is writable for others'
if [ "$(id -u)" -eq 0 ]; then
    mkdir -m 700 "$TMP/daemons"
    chown daemon "$TMP/daemons"
    expect_folder_refused "$TMP/daemons" 'belongs to another user'
fi
expect_status 0 "$SERVER" --check --record "$RECORDINGS"
ok 'a folder that others could change is refused at the start'

start_server -v --record "$RECORDINGS"

# A character cut by a pause, bytes that are no UTF-8, every control character, a cut one at the end.
cat >"$TMP/show" <<'END'
#!/bin/sh
stty -opost
printf 'a\303'
until [ -e "$1" ]; do sleep 0.02; done
printf '\244 \377 \342\202x \355\240\200 \360\237\230\200 "\\/ \033[1m\000\001\177\n'
printf 'end \342\202'
END
chmod +x "$TMP/show"

has_cut_character()
{
    grep -qs '"a"\]$' "$RECORDINGS"/*.cast
}

start_background "$CLIENT" -t "$T" "$TMP/show '$TMP/go'" </dev/null >"$TMP/shown" 2>&1
client=$!
wait_for 10 has_cut_character || fail 'what comes before a cut character is held back'
touch "$TMP/go"
wait "$client" || fail 'the recorded command failed'
wait_for_recordings 1
"$CAST" "$FILE" events >"$TMP/events" || fail 'the recording is no asciicast'
expect_line 'o "a"' "$TMP/events"
expect_match '^o "\\u00e4 \\ufffd \\ufffdx \\ufffd\\ufffd\\ufffd \\ud83d\\ude00 ' "$TMP/events"
tail -n 1 "$TMP/events" | grep -q 'ufffd"$' || fail 'the cut character at the end is lost'
expect_shows "$TMP/shown"
ok 'characters are kept whole, other bytes are replaced, all is escaped'

"$CAST" "$FILE" show >"$TMP/header"
printf '%s\n' 80x24 "$(id -un) from unix:uid=$(id -u):pid=$client" "$TMP/show '$TMP/go'" >"$TMP/wanted"
head -n 3 "$TMP/header" >"$TMP/head"
expect_same "$TMP/wanted" "$TMP/head"
expect_line xterm "$TMP/header"
[[ $(basename "$FILE") =~ ^[0-9]{8}T[0-9]{6}Z_unix\.uid-$(id -u)\.pid-${client}_$(id -un)_[0-9]+\.cast$ ]] ||
    fail "the name $FILE"
[ "$(stat -c %a:%u "$FILE")" = "600:$(id -u)" ] || fail 'others can read the file'
if command -v asciinema >/dev/null && command -v script >/dev/null; then
    # It reads the keyboard, so it wants a terminal.
    expect_status 0 script -qec "stty -opost; asciinema cat '$FILE'" "$TMP/typescript" </dev/null
    "$CAST" "$FILE" output >"$TMP/output"
    expect_same "$TMP/output" "$OUT"
fi
ok 'header, name and mode of the file'

expect_status 0 "$CLIENT" -T "$T" 'echo no terminal'
expect_status 0 "$CLIENT" "$T" 'exit 0'
[ "$(count_recordings)" -eq 1 ] || fail 'a session without a terminal was recorded'
ok 'a session without a terminal is not recorded'

expect_status 0 "$SUPPORT/raw_peer.py" "$SOCKET" v1-shell
wait_for_recordings 2
expect_recording 111x42 -
"$CAST" "$FILE" output >"$TMP/output"
expect_match 'in-42' "$TMP/output"
expect_status 0 "$SUPPORT/raw_peer.py" "$SOCKET" v1-command
wait_for_recordings 3
"$CAST" "$FILE" show >/dev/null || fail 'a v1 command'
ok 'protocol version 1'

"$SUPPORT/ssh_tty.py" "$CLIENT" "$T" <<'END' || fail 'a shell on a terminal'
send PS1=; stty -echo; echo re''ady\n
expect ready
size 33 77
send stty size; echo sec''ret >/dev/null; read word\n
expect 33 77
send not-shown\n
send exit 3\n
status 3
END
wait_for_recordings 4
expect_recording '[0-9]+x[0-9]+' -
"$CAST" "$FILE" events >"$TMP/events"
expect_line 'r "77x33"' "$TMP/events"
"$CAST" "$FILE" output >"$TMP/output"
expect_match 33\ 77 "$TMP/output"
! grep -q not-shown "$FILE" || fail 'input that the terminal does not show was recorded'
ok 'a shell, its new size, and nothing of what is typed blindly'

expect_status 127 "$CLIENT" -t "$T" -- "$TMP/not-there"
wait_for_recordings 5
ok 'a command that is not found'

# The recorder stands still: output waits, and nothing is lost.
rm -f "$TMP/shown"
mkfifo "$TMP/fifo"
"$CLIENT" -t "$T" 'echo $PPID; stty -opost; read go; seq 1 200000' <"$TMP/fifo" >"$TMP/shown" 2>&1 &
client=$!
STARTED+=("$client")
exec 8>"$TMP/fifo"
wait_for 10 test -s "$TMP/shown" || fail 'no session to hold up'
recorder=$(recorder_of "$(head -n 1 "$TMP/shown" | tr -d '\r')")
kill -STOP "$recorder"
# A service manager may tell every process to end; the recorder ends with its session.
kill -TERM "$recorder"
echo >&8
sleep 1
size=$(stat -c %s "$TMP/shown")
[ "$size" -lt 1200000 ] || fail 'output overtakes the recording'
kill -CONT "$recorder"
wait "$client" || fail 'the session that was held up failed'
exec 8>&-
wait_for_recordings 6
expect_shows "$TMP/shown"
seq 1 200000 | tail -n 1000 | cmp - <(tail -n 1000 "$TMP/shown") || fail 'output is lost'
ok 'a recorder that stands still holds up output and loses none'

# Each of these ends a session that has just shown something.
for end in client connection server; do
    rm -f "$TMP/shown"
    before=$(count_recordings)
    "$CLIENT" -t "$T" 'echo $PPID; exec sleep 1000' </dev/null >"$TMP/shown" 2>/dev/null &
    client=$!
    STARTED+=("$client")
    wait_for 10 test -s "$TMP/shown" || fail 'no session to end'
    connection=$(head -n 1 "$TMP/shown" | tr -d '\r')
    recorder=$(recorder_of "$connection")
    case $end in
    client) kill -KILL "$client" ;;
    connection) kill -KILL "$connection" ;;
    server) stop_server ;;
    esac
    wait "$client" 2>/dev/null || true
    wait_for 10 is_gone "$recorder" || fail "the recorder outlives the $end"
    [ "$(count_recordings)" -eq $((before + 1)) ] || fail 'not one file'
    find_newest
    "$CAST" "$FILE" output >"$TMP/output" || fail 'the file is torn'
    expect_match "^$connection" "$TMP/output"
done
ok 'the file is whole after the sudden end of client, connection or server'

# No more room: what was written stays, and the session does not go on.
need prlimit
start_server -v --record "$RECORDINGS"
ROOM=262144
prlimit --fsize=$ROOM: --pid "$SERVER_PID"
before=$(count_recordings)
expect_status 255 "$CLIENT" -t "$T" 'stty -opost; seq 1 100000; sleep 1000'
expect_match 'sessions are recorded here \(--record\), and the recording of this one cannot go on: File too large'
expect_match "cannot write '.*': File too large" "$TMP/server.log"
[ "$(grep -c 'cannot write ' "$TMP/server.log")" -eq 1 ] || fail 'it is not said once'
[ "$(count_recordings)" -eq $((before + 1)) ] || fail 'not one file'
find_newest
"$CAST" "$FILE" output >"$TMP/output" || fail 'the file is torn'
# What does not fit is one event: up to 32 KiB of lines, each of them a byte longer in there.
[ "$(stat -c %s "$FILE")" -gt $((ROOM - 49152)) ] || fail 'less was written than there was room for'
cmp -n "$(stat -c %s "$TMP/output")" "$TMP/output" <(seq 1 100000 2>/dev/null) || fail 'the file is not what was shown'
expect_status 0 "$CLIENT" -T "$T" true
rm -r "$RECORDINGS"
expect_status 126 "$CLIENT" -t "$T" "touch '$TMP/ran'"
expect_match 'sessions are recorded here \(--record\), and there is no recording of .*: No such file' "$OUT"
[ ! -e "$TMP/ran" ] || fail 'a command ran unrecorded'
expect_status 0 "$SUPPORT/raw_peer.py" "$SOCKET" v1-command
expect_match 'there is no recording of' "$OUT"
ok 'a session that cannot be recorded is refused, or ends'
