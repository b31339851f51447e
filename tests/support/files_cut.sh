# shellcheck shell=bash disable=SC2034,SC2153
# SPDX-License-Identifier: MIT
#
# For test_files_cut_*.sh, after files_lib.sh. The connection breaks at $CUTS random points of a copy of
# 200 MiB: by the wire, by SIGKILL of the client, by SIGKILL of the session. After each the target is the
# old file or the whole new one, and --resume sends no more than the rest and a block.
#
#   direction up|down CLIENT-ARGUMENT...    where the content flows, and the copy of $TMP/new to $TARGET

SIZE=$((200 * 1024 * 1024))
BLOCK=$((256 * 1024))
CUTS=50
[ "$VSH_SLOW" -eq 1 ] || CUTS=20 # all of them with the plain build
RANDOM=${SEED:-$$}
printf 'NOTE: SEED=%s gives the same points again\n' "${SEED:-$$}"

start_server
start_wire
"$SUPPORT/files_tree.py" big "$TMP/new" 200
printf 'old content' >"$TMP/old"
mkdir "$TMP/to"
TARGET=$TMP/to/file

stalled_or_over()
{
    [ -e "$TMP/state/stalled" ] || has_stats
}

# The connection processes of the server, by their parent.
session_pids()
{
    local file line rest
    for file in /proc/[0-9]*/stat; do
        { read -r line <"$file"; } 2>/dev/null || continue
        rest=${line##*) }
        read -r _ up _ <<<"$rest"
        [ "$up" != "$SERVER_PID" ] || printf '%s\n' "${line%% *}"
    done
}

no_session()
{
    [ -z "$(session_pids)" ]
}

# break_at HOW WAY BYTES CLIENT-ARGUMENT...
break_at()
{
    local how=$1 way=$2 at=$3 client pids
    shift 3
    if [ "$how" = wire ]; then
        plan cut "$way" "$at"
        run "$CLIENT" "$WIRE" "$@"
        return
    fi
    plan stall "$way" "$at"
    "$CLIENT" "$WIRE" "$@" >"$OUT" 2>"$ERR" &
    client=$!
    wait_for 20 stalled_or_over || fail 'the wire does not stall'
    if [ "$how" = client ]; then
        kill -KILL "$client" 2>/dev/null || true
    else
        mapfile -t pids < <(session_pids)
        [ ${#pids[@]} -eq 0 ] || kill -KILL "${pids[@]}" 2>/dev/null || true
    fi
    STATUS=0
    wait "$client" 2>/dev/null || STATUS=$?
}

# One try that breaks, with what must hold after it.
check_break()
{
    local left
    wait_for 20 has_stats || fail 'the connection does not end'
    wait_for 20 no_session || fail 'the session does not end'
    if [ "$STATUS" -eq 0 ]; then
        expect_same "$TMP/new" "$TARGET"
        return 1
    fi
    if ! cmp -s "$TMP/old" "$TARGET" && ! cmp -s "$TMP/new" "$TARGET"; then
        fail "after a break at $1 ($2) the target is neither old nor new"
    fi
    mapfile -t left < <(partials "$TMP/to")
    [ ${#left[@]} -le 1 ] || fail "more than one partial: ${left[*]}"
}

# direction WAY CLIENT-ARGUMENT...
direction()
{
    local way=$1 cuts=0 rest partial sent hows=(wire client session)
    shift
    while [ "$cuts" -lt "$CUTS" ]; do
        cp "$TMP/old" "$TARGET"
        # Some breaks in a row on one copy, then it is left to finish.
        for _ in 1 2 3 4 5; do
            partial=$(size_of "$(partials "$TMP/to" | head -n 1)")
            rest=$((SIZE - partial))
            break_at "${hows[cuts % 3]}" "$way" $((1 + (RANDOM * 32768 + RANDOM) % rest / (1 + cuts % 4))) "$@"
            cuts=$((cuts + 1))
            check_break "$cuts" "${hows[(cuts - 1) % 3]}" || break
        done
        partial=$(size_of "$(partials "$TMP/to" | head -n 1)")
        [ "$partial" -ge "$BLOCK" ] || partial=0
        plan pass
        expect_status 0 "$CLIENT" "$WIRE" "$@"
        if [ "$way" = up ]; then
            sent=$(bytes_up)
        else
            sent=$(bytes_down)
        fi
        [ "$sent" -le $((SIZE - partial + BLOCK)) ] ||
            fail "$sent bytes were sent although $partial of $SIZE were there"
        expect_same "$TMP/new" "$TARGET"
        [ -z "$(partials "$TMP/to")" ] || fail 'something stays behind after success'
    done
    ok "$cuts breaks on the way $way"
}
