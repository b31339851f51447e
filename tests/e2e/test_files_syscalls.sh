#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What a small file costs in system calls, on the end that reads it and on the end that stores it: the
# difference between two trees, without what depends on time or memory.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

need strace

FEW=100
MANY=300
wrapped=$SERVER
# The sanitizer's search for leaks cannot run under strace.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0

make_tree()
{
    local number
    mkdir "$1"
    for ((number = 0; number < $2; number++)); do
        head -c 4096 /dev/urandom >"$1/$number"
    done
}

# traced NAME PROGRAM: $TMP/NAME runs PROGRAM, with its calls in $TMP/NAME.trace
traced()
{
    cat >"$TMP/$1" <<END
#!/bin/sh
exec strace -D -f -qq -o $TMP/$1.trace $2 "\$@"
END
    chmod +x "$TMP/$1"
}

calls()
{
    sed -nE 's/^[0-9]+ +([a-z0-9_]+)\(.*/\1/p' "$TMP/$1.trace" |
        grep -cvE '^(p?poll|recv.*|send.*|read|write|mmap|munmap|mremap|mprotect|madvise|brk|futex|clock_.*|rt_.*)$'
}

# count DIRECTION TREE: the calls of both in $CLIENT_CALLS and $SERVER_CALLS
count()
{
    traced server "$wrapped"
    traced client "$CLIENT"
    SERVER=$TMP/server
    start_server
    expect_status 0 "$TMP/client" "$T" -q -r "$1" "$TMP/$2:$TMP/copy"
    stop_server
    diff -r "$TMP/$2" "$TMP/copy" || fail 'the copy differs'
    rm -r "$TMP/copy"
    CLIENT_CALLS=$(calls client)
    SERVER_CALLS=$(calls server)
}

# expect_calls NAME FEW MANY LIMIT: no more than LIMIT per file, and not so few that nothing was seen
expect_calls()
{
    local tenths=$((($3 - $2) * 10 / (MANY - FEW)))
    printf 'NOTE: %s: %d.%d calls per file\n' "$1" $((tenths / 10)) $((tenths % 10))
    [ "$tenths" -le $(($4 * 10 + 3)) ] || fail "$1: more than $4 calls per file"
    [ "$tenths" -ge 40 ] || fail "$1: the trace does not show the files"
}

make_tree "$TMP/few" "$FEW"
make_tree "$TMP/many" "$MANY"
for direction in -u -d; do
    count "$direction" few
    few_client=$CLIENT_CALLS
    few_server=$SERVER_CALLS
    count "$direction" many
    # Sender: open, stat, read, stat, close. Receiver: open, write, mode, time, close, rename.
    limits=(5 6)
    [ "$direction" = -u ] || limits=(6 5)
    expect_calls "$direction client" "$few_client" "$CLIENT_CALLS" "${limits[0]}"
    expect_calls "$direction server" "$few_server" "$SERVER_CALLS" "${limits[1]}"
done
ok 'a small file costs five calls to read and six to store'
