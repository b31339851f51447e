#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What can go wrong with single files: one sentence each with path and cause, exit status 1, the other
# files arrive, and no staged file is left.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/files_lib.sh
. "$SUPPORT/files_lib.sh"

start_server
cd "$TMP"
mkdir tree there
printf 'first\n' >tree/first
printf 'last\n' >tree/last
head -c 3M /dev/urandom >tree/victim

# others_arrived FOLDER REGEX [UNIT]: the run failed for one file alone.
others_arrived()
{
    [ "$STATUS" -eq 1 ] || fail "status $STATUS instead of 1"
    expect_match "victim'?: .*$2"
    [ "$(grep -c 'error:' "$ERR")" -eq 1 ] || fail "not one sentence: $(cat "$ERR")"
    expect_match '1 failed'
    expect_same tree/first "$1/first"
    expect_same tree/last "$1/last"
    [ -z "$(partials "$1")" ] || fail "a staged file is left after $2"
}

both_ways()
{
    run "$CLIENT" "$T" -r -u "$TMP/tree/.:$1"
    others_arrived "$1" "$2"
    run "$CLIENT" "$T" -r -d "$TMP/tree/.:$1"
    others_arrived "$1" "$2"
}

mkdir -p there/isdir/victim
both_ways "$TMP/there/isdir" 'it is a folder'
mkdir there/fifo
mkfifo there/fifo/victim
both_ways "$TMP/there/fifo" 'it is a device, a pipe or a socket'
ok 'a folder or a device in the place of the target'

for pair in "file/x:not a folder" "absent/x:no such file or folder" "loop/x:loop of links" \
    "$(printf 'n%.0s' {1..300}):too long"; do
    ln -sfn loop there/loop
    printf x >there/file
    expect_status 1 "$CLIENT" "$T" -u "tree/first:$TMP/there/${pair%%:*}"
    expect_match "${pair#*:}"
    expect_status 1 "$CLIENT" "$T" -d "$TMP/tree/first:there/${pair%%:*}"
    expect_match "${pair#*:}"
    expect_status 1 "$CLIENT" "$T" -d "$TMP/there/${pair%%:*}:$TMP/there/out"
    expect_match "${pair#*:}"
done
ok 'ENOTDIR, ENOENT, ELOOP, ENAMETOOLONG'

if [ "$(id -u)" -eq 0 ]; then
    mkdir small
    if mount -t tmpfs -o size=2m,mode=755 vsh-test small 2>/dev/null; then
        STATUS=0
        run "$CLIENT" "$T" -r -u "$TMP/tree/.:$TMP/small"
        reached=$STATUS
        left=$(partials small)
        others=$(cat small/first small/last | tr '\n' ' ')
        run "$CLIENT" "$T" -r -d "$TMP/tree/.:$TMP/small"
        cp "$ERR" "$TMP/enospc"
        umount small
        [ "$reached" -eq 1 ] && [ "$STATUS" -eq 1 ] || fail "status $reached and $STATUS on a full disk"
        [ -z "$left" ] || fail "a full disk keeps $left"
        [ "$others" = 'first last ' ] || fail 'the small files did not arrive on the full disk'
        expect_match "victim'?: cannot write it: no space left on the device" "$TMP/enospc"
        ok 'ENOSPC'
    else
        printf 'NOTE: no tmpfs can be mounted here: ENOSPC is left to the unit tests\n'
    fi
    chmod 755 "$TMP"
    mkdir there/locked there/open
    chmod 777 there/open
    chmod 600 tree/victim
    stop_server
    start_server --user nobody --allow-uid any
    run "$CLIENT" "$T" -r -d "$TMP/tree/.:there/open"
    others_arrived there/open 'cannot open it: permission denied'
    expect_status 1 "$CLIENT" "$T" -u "tree/first:$TMP/there/locked/x"
    expect_match "there/locked/x'?: cannot create the file: permission denied"
    chmod 644 tree/victim
    ok 'EACCES'
    stop_server
    start_server
else
    printf 'NOTE: not root: EACCES and ENOSPC are left to the unit tests\n'
fi

# The source changes while it is read: a slow copy, and a writer.
mkdir there/changed
head -c 1M /dev/urandom >tree/victim
change_it()
{
    sleep 0.5
    printf 'more' >>tree/victim
}
change_it &
run "$CLIENT" "$T" --limit 1M -r -u "$TMP/tree/.:$TMP/there/changed"
wait $!
others_arrived there/changed 'it changed while it was read'
[ ! -e there/changed/victim ] || fail 'half a file was published'
ok 'a source that grows while it is read'

mkdir there/gone
remove_it()
{
    sleep 0.5
    rm -rf there/gone
}
remove_it &
run "$CLIENT" "$T" --limit 1M -u "$TMP/tree/victim:$TMP/there/gone"
wait $!
[ "$STATUS" -eq 1 ] || fail "status $STATUS"
expect_match 'there/gone/victim.*no such file or folder'
ok 'a target folder that is removed meanwhile'
