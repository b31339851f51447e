# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: MIT
#
# For the tests of file copies, after lib.sh:   . "$SUPPORT/files_lib.sh"
#
#   start_wire            files_proxy.py in front of the server of start_server: its target is $WIRE
#   plan ACTION [WAY N]   what it does to the next connection (see files_proxy.py)
#   bytes_up, bytes_down, turns     of the last connection that is over
#   partials DIR          the names of staged files in DIR
#   size_of FILE          its length in bytes, 0 when there is none
#   same_tree DIR DIR     fail unless both are equal in everything that a copy keeps

WIRE=''

wire_is_up()
{
    unix_listens "$TMP/wire"
}

start_wire()
{
    mkdir "$TMP/state"
    plan pass
    start_background "$SUPPORT/files_proxy.py" "$TMP/wire" "$SOCKET" "$TMP/state"
    wait_for 10 wire_is_up || fail 'the proxy does not listen'
    WIRE=unix:$TMP/wire
}

plan()
{
    rm -f "$TMP/state/stats" "$TMP/state/stalled"
    printf '%s\n' "$*" >"$TMP/state/plan"
}

has_stats()
{
    [ -e "$TMP/state/stats" ]
}

stat_word()
{
    local words
    wait_for 20 has_stats || fail 'the connection does not end'
    read -ra words <"$TMP/state/stats"
    printf '%s\n' "${words[$1]}"
}

bytes_up()
{
    stat_word 0
}

bytes_down()
{
    stat_word 1
}

turns()
{
    stat_word 2
}

partials()
{
    find "$1" -name '.*.vsh-*'
}

size_of()
{
    stat -c %s -- "$1" 2>/dev/null || echo 0
}

same_tree()
{
    "$SUPPORT/files_tree.py" compare "$1" "$2" >&2 || fail "$1 and $2 differ"
}
