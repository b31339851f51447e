# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: MIT
#
# What the tests of --record add to lib.sh, sourced behind it.
#
#   $RECORDINGS                   the folder
#   $CAST                         reads a recording: see cast.py
#   $FILE                         the recording looked at, set by the calls
#   count_recordings              how many there are
#   wait_for_recordings N         waits until no connection is left, and there are N; the newest is $FILE
#   find_newest                   $FILE
#   expect_recording SIZE COMMAND the header of $FILE; SIZE is an ERE, COMMAND - is a login shell
#   expect_shows FILE             $FILE shows the bytes of FILE as a terminal would decode them
#   recorder_of PID               prints the pid of the recorder of the connection process PID

RECORDINGS=$TMP/recordings
CAST=$SUPPORT/cast.py
FILE=''
mkdir -m 700 "$RECORDINGS"

count_recordings()
{
    find "$RECORDINGS" -name '*.cast' | wc -l
}

find_newest()
{
    local newest
    newest=$(find "$RECORDINGS" -name '*.cast' -printf '%T@ %p\n' | sort -n | tail -n 1)
    FILE=${newest#* }
}

# The last line of a session may be on its way to the file when the client has ended already, and which
# files a recorder has open it shows to nobody.
recordings_are()
{
    [ "$(count_recordings)" -eq "$1" ] && no_connection
}

wait_for_recordings()
{
    wait_for 10 recordings_are "$1" || fail "$(count_recordings) recordings instead of $1"
    find_newest
}

expect_recording()
{
    "$CAST" "$FILE" show >"$TMP/header" || fail "$FILE is no asciicast"
    sed -n 1p "$TMP/header" | grep -qxE -e "$1" || fail "the size $(sed -n 1p "$TMP/header")"
    sed -n 3p "$TMP/header" | grep -qxF -e "$2" || fail "the command $(sed -n 3p "$TMP/header")"
}

expect_shows()
{
    "$CAST" "$FILE" output >"$TMP/output" || fail "$FILE is no asciicast"
    "$CAST" "$1" decode >"$TMP/decoded"
    expect_same "$TMP/output" "$TMP/decoded"
}

recorder_of()
{
    local pid children
    read -ra children <"/proc/$1/task/$1/children"
    for pid in "${children[@]}"; do
        # The session's process has become another program by now.
        if [ "$(cat "/proc/$pid/comm")" = vsock-shell-ser ]; then
            printf '%s\n' "$pid"
            return 0
        fi
    done
    fail 'no recorder'
}
