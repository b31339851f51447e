#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A tree on a slow file system: looking at it holds up neither the request nor the user's signal.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

need python3
build_preload slow_stat
SLOWLY=(env "LD_PRELOAD=$TMP/slow_stat.so")

make_files()
{
    local number
    mkdir "$1"
    for ((number = 0; number < $2; number++)); do
        printf x >"$1/$number"
    done
}

# 260 files take 1.3 s to look at, the server waits 1 s for the request.
start_server --login-grace "$VSH_SLOW"
make_files "$TMP/some" $((260 * VSH_SLOW))
expect_status 0 "${SLOWLY[@]}" "$CLIENT" "$T" -r -u "$TMP/some:$TMP/copy"
diff -r "$TMP/some" "$TMP/copy" || fail 'the copies differ'
ok 'the request does not wait for the tree'

# 1600 files are 8 s; the signal must be heard in 5.
make_files "$TMP/many" $((1600 * VSH_SLOW))
expect_status 130 "$SUPPORT/stalled.py" held INT "$(command -v env)" "${SLOWLY[@]:1}" "$CLIENT" "$T" -r -u \
    "$TMP/many:$TMP/other"
ok 'a signal does not wait for the tree'
