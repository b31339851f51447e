#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A copy goes on when the socket was full for a moment only: nobody may wait for a wake-up that has
# come already.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

build_preload send_hiccup

hiccup()
{
    LD_PRELOAD=$TMP/send_hiccup.so timeout "$((30 * VSH_SLOW))" "$@"
}

start_server
head -c 67108864 /dev/urandom >"$TMP/data"
expect_status 0 hiccup "$CLIENT" -q "$T" -u "$TMP/data:$TMP/up"
expect_same "$TMP/data" "$TMP/up"
ok 'up'
hiccup "$CLIENT" "$T" sha256sum <"$TMP/data" >"$OUT"
expect_line "$(sha256sum <"$TMP/data")"
ok 'standard input of a command'
stop_server

LD_PRELOAD=$TMP/send_hiccup.so start_server
expect_status 0 timeout "$((30 * VSH_SLOW))" "$CLIENT" -q "$T" -d "$TMP/up:$TMP/down"
expect_same "$TMP/data" "$TMP/down"
ok 'down'
timeout "$((30 * VSH_SLOW))" "$CLIENT" "$T" "cat '$TMP/up'" >"$TMP/out"
expect_same "$TMP/data" "$TMP/out"
ok 'output of a command'
