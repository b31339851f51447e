# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What every tests/e2e/test_*.sh starts with:   . "$(dirname "$0")/../support/lib.sh"
#
# Given to the test
#   $SERVER $CLIENT $PROXY $SSH_SESSION  programs of the build in $VSH_BUILD (default build/debug)
#   $TOP $SUPPORT                        the source tree and this folder
#   $TMP                                 private folder, removed at the end (kept with KEEP_TMP=1)
#   $T $SOCKET $SERVER_PID               target, socket path and pid after start_server
#   $OUT $ERR $STATUS                    stdout file, stderr file and status of the last run
# Calls
#   start_server [OPTION...]      a server on $T; its log is $TMP/server.log; returns once it is bound
#   stop_server                   SIGTERM to it, waits for its end, SIGKILL after 15 s
#   start_background CMD...       in the background; $! is its pid; ended by pid at the end
#   wait_for SECONDS CMD...       polls CMD until it succeeds; 1 when the time is over
#   run CMD...                    runs CMD with the output in $OUT and $ERR, never fails; see $STATUS
#   expect_status N CMD...        run, then fail unless the status is N
#   expect_line TEXT [FILE]       fail unless a whole line of FILE (default $OUT) is TEXT
#   expect_match REGEX [FILE]     fail unless FILE (default $ERR) has a line that matches (ERE)
#   expect_refused REGEX CMD...   fail unless the status is 255 and the one line in $ERR matches
#   expect_same FILE FILE         fail unless both hold the same bytes
#   find_running NAME             sets LEFT to the living descendants whose programs match NAME, a pattern (comm: 15 bytes)
#   no_connection                 whether of the servers' processes no other than $SERVER_PID is there
#   memory_tells                  whether the memory that the programs take says anything
#   amount FULL SMALL             prints FULL, or SMALL where every byte costs: with VSH_SMALL
#   install_build [OPTION...]     cmake --install with these options; it writes into the build folder, so
#                                 that two tests must not do it at once
#   need PROGRAM...               skip unless all are installed
#   need_dynamic                  skip where the programs are static: nothing can be loaded before libc
#   build_preload NAME            builds $SUPPORT/NAME.c as $TMP/NAME.so, for LD_PRELOAD; skips where there is no
#                                 compiler or need_dynamic does
#   need_unix                     skip where $T is a vsock address: the test is about unix sockets
#   need_ssh                      skip unless the build has the SSH server and OpenSSH is installed
#   ok NAME, fail MESSAGE, skip REASON     one line per behaviour; end with 1; end with 77
#
# $T is a unix socket, or with VSH_TRANSPORT=vsock, in a machine that has vsock_loopback, a vsock port.
# $FROM begins what the server's log calls a peer from there. $SOCKET is what the peers in Python take:
# the path of the socket, or $T.
# The script runs under `timeout` ($TEST_LIMIT seconds, set before sourcing, default 60) and as a
# child subreaper: a process that it started, however far removed, is still its descendant at the
# end, and one that is left there makes the test fail. On a slow machine or under a sanitizer
# VSH_SLOW=N multiplies every time limit.

set -Eeuo pipefail

SUPPORT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$SUPPORT/../.." && pwd)
VSH_BUILD=${VSH_BUILD:-$TOP/build/debug}
VSH_SLOW=${VSH_SLOW:-1}
VSH_TRANSPORT=${VSH_TRANSPORT:-unix}
TEST_LIMIT=${TEST_LIMIT:-60}
TEST_NAME=$(basename "$0" .sh)

if [ -z "${VSH_GUARDED:-}" ]; then
    export VSH_GUARDED=1
    exec timeout -k 20 "$((TEST_LIMIT * VSH_SLOW))" "$SUPPORT/subreaper.py" "$BASH" "$0" "$@"
fi
unset VSH_GUARDED

SERVER=$VSH_BUILD/src/vsock-shell-server
CLIENT=$VSH_BUILD/src/vsock-shell-client
PROXY=$VSH_BUILD/src/vsock-shell-proxy
SSH_SESSION=$VSH_BUILD/src/vsock-shell-ssh-session
TMP=$(mktemp -d "${TMPDIR:-/tmp}/vsh.XXXXXX")
OUT=$TMP/stdout
ERR=$TMP/stderr
STATUS=0
T=''
SOCKET=''
SERVER_PID=''
STARTED=()
LEFT=()
FROM='unix:uid='
[ "$VSH_TRANSPORT" = unix ] || FROM='vsock:1:'
ALLOW=(--allow local) # what a server on vsock is told about the test's own CID
FAILED_AT=''

# Nothing of the person who runs the tests may change their result.
umask 022
export LC_ALL=C.UTF-8 TERM=xterm HOME=$TMP/home
unset XDG_CONFIG_HOME LISTEN_FDS LISTEN_PID NOTIFY_SOCKET
mkdir "$HOME"

# A sanitizer's report must not drown in an output that nobody reads: a file of it fails the test.
export ASAN_OPTIONS="log_path=$TMP/sanitizer:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="log_path=$TMP/sanitizer:print_stacktrace=1:${UBSAN_OPTIONS:-}"

ok()
{
    printf 'ok - %s\n' "$1"
}

fail()
{
    printf '%s: FAILED: %s\n' "$TEST_NAME" "$1" >&2
    exit 1
}

skip()
{
    printf 'SKIP: %s\n' "$1"
    exit 77
}

amount()
{
    [ -z "${VSH_SMALL:-}" ] || shift
    printf '%s\n' "$1"
}

install_build()
{
    flock "$VSH_BUILD/install.lock" cmake --install "$VSH_BUILD" "$@"
}

# Not with a sanitizer, which keeps what was freed.
memory_tells()
{
    ! grep -q __asan_init "$SERVER"
}

need()
{
    local program
    for program; do
        command -v "$program" >/dev/null || skip "$program is not installed"
    done
}

need_unix()
{
    [ "$VSH_TRANSPORT" = unix ] || skip 'about unix sockets'
}

need_dynamic()
{
    need readelf
    readelf -l "$CLIENT" | grep -q INTERP || skip 'these programs are static'
}

build_preload()
{
    need cc
    need_dynamic
    cc -D_GNU_SOURCE -shared -fPIC -o "$TMP/$1.so" "$SUPPORT/$1.c" || fail "$1.c does not compile"
    # A sanitizer's library wants to be the first one; here it may be the second.
    export ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0
}

need_ssh()
{
    [ -x "$SSH_SESSION" ] || skip 'built without SSH'
    need ssh
}

wait_for()
{
    local end=$((${EPOCHREALTIME/[.,]/} + $1 * VSH_SLOW * 1000000))
    shift
    until "$@"; do
        [ "${EPOCHREALTIME/[.,]/}" -lt "$end" ] || return 1
        sleep 0.05
    done
}

start_background()
{
    "$@" &
    STARTED+=("$!")
}

is_gone()
{
    local line
    { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 0
    [[ $line == *') Z '* ]]
}

# The socket file is there from bind on, a connection is taken from listen on (flag 10000).
unix_listens()
{
    grep -q " 00010000 .* $1\$" /proc/net/unix
}

# No list of the system names vsock listeners; the server writes its pid file when it has bound.
server_is_up()
{
    case $VSH_TRANSPORT in
    vsock) [ -s "$TMP/server.pid" ] || is_gone "$SERVER_PID" ;;
    *) unix_listens "$SOCKET" || is_gone "$SERVER_PID" ;;
    esac
}

start_server()
{
    local port listen=()
    SOCKET=$TMP/sock
    rm -f "$SOCKET" "$TMP/server.pid"
    case $VSH_TRANSPORT in
    vsock)
        port=$((20000 + RANDOM))
        T=vsock:1:$port
        SOCKET=$T
        listen=(--listen "vsock:any:$port" --pid-file "$TMP/server.pid" "${ALLOW[@]}"
            --login-grace "$((20 * VSH_SLOW))")
        ;;
    *)
        T=unix:$SOCKET
        listen=(--listen "$T")
        ;;
    esac
    "$SERVER" "${listen[@]}" "$@" </dev/null >>"$TMP/server.log" 2>&1 &
    SERVER_PID=$!
    STARTED+=("$SERVER_PID")
    wait_for 10 server_is_up || fail "the server did not listen on $T within 10 s"
    ! is_gone "$SERVER_PID" || fail "the server ended at once: $(tail -n 3 "$TMP/server.log")"
}

# SIGTERM, 15 s of patience, SIGKILL. For a pid that this script started.
end_process()
{
    kill -TERM "$1" 2>/dev/null || return 0
    wait_for 15 is_gone "$1" || kill -KILL "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

stop_server()
{
    [ -n "$SERVER_PID" ] || return 0
    end_process "$SERVER_PID"
    SERVER_PID=''
}

run()
{
    STATUS=0
    "$@" >"$OUT" 2>"$ERR" || STATUS=$?
}

show_run()
{
    printf -- '--- stdout\n%s\n--- stderr\n%s\n---\n' "$(tail -n 15 "$OUT" | tr -d '\0')" \
        "$(tail -n 15 "$ERR" | tr -d '\0')" >&2
}

expect_status()
{
    local wanted=$1
    shift
    run "$@"
    [ "$STATUS" -eq "$wanted" ] && return 0
    show_run
    fail "status $STATUS instead of $wanted: $*"
}

expect_line()
{
    grep -qxF -e "$1" "${2:-$OUT}" && return 0
    show_run
    fail "no line '$1' in ${2:-the output}"
}

expect_match()
{
    grep -qaE -e "$1" "${2:-$ERR}" && return 0
    show_run
    fail "nothing matches '$1' in ${2:-the messages}"
}

expect_refused()
{
    local wanted=$1
    shift
    expect_status 255 "$@"
    expect_match "$wanted"
    [ "$(wc -l <"$ERR")" -eq 1 ] || fail "the message is not one line: $(cat "$ERR")"
}

expect_same()
{
    cmp -- "$1" "$2" >&2 || fail "$1 and $2 differ"
}

# Sets LEFT to the living descendants of this script.
find_descendants()
{
    local file line pid up state
    local -A parent=()
    LEFT=()
    for file in /proc/[0-9]*/stat; do
        { read -r line <"$file"; } 2>/dev/null || continue
        pid=${line%% *}
        line=${line##*) }
        read -r state up _ <<<"$line"
        [ "$state" = Z ] || parent[$pid]=$up
    done
    for pid in "${!parent[@]}"; do
        up=${parent[$pid]}
        while [ "$up" != "$$" ] && [ -n "${parent[$up]:-}" ]; do
            up=${parent[$up]}
        done
        if [ "$up" = "$$" ]; then
            LEFT+=("$pid")
        fi
    done
}

find_running()
{
    local pid found=()
    find_descendants
    for pid in "${LEFT[@]}"; do
        # shellcheck disable=SC2053
        [[ $(cat "/proc/$pid/comm" 2>/dev/null) != $1 ]] || found+=("$pid")
    done
    LEFT=("${found[@]}")
}

no_connection()
{
    find_running 'vsock-shell-s*'
    [ "${LEFT[*]}" = "$SERVER_PID" ] || [ ${#LEFT[@]} -eq 0 ]
}

nothing_left()
{
    find_descendants
    [ ${#LEFT[@]} -eq 0 ]
}

describe_left()
{
    local pid
    for pid in "${LEFT[@]}"; do
        printf '  %s: %s\n' "$pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline")"
    done
}

finish()
{
    local status=$? pid
    # A child that a signal meets between fork and exec still has our traps.
    [ "$BASHPID" = "$$" ] || exit "$status"
    trap - EXIT ERR
    trap '' TERM INT
    set +e
    for pid in "${STARTED[@]}"; do
        end_process "$pid"
    done
    if ! wait_for 6 nothing_left; then
        printf '%s: processes were left behind:\n' "$TEST_NAME" >&2
        describe_left >&2
        kill -KILL "${LEFT[@]}" 2>/dev/null
        [ "$status" -ne 0 ] || status=1
    fi
    if compgen -G "$TMP/sanitizer.*" >/dev/null; then
        head -n 30 "$TMP"/sanitizer.* >&2
        [ "$status" -ne 0 ] || status=1
    fi
    if [ "$status" -ne 0 ] && [ "$status" -ne 77 ]; then
        [ -z "$FAILED_AT" ] || printf '%s: stopped at %s\n' "$TEST_NAME" "$FAILED_AT" >&2
        if [ -s "$TMP/server.log" ]; then
            printf -- '--- server.log\n%s\n---\n' "$(tail -n 20 "$TMP/server.log")" >&2
        fi
    fi
    if [ -n "${KEEP_TMP:-}" ]; then
        printf '%s: files kept in %s\n' "$TEST_NAME" "$TMP" >&2
    else
        rm -rf "$TMP"
    fi
    exit "$status"
}

trap finish EXIT
trap 'FAILED_AT="line $LINENO: $BASH_COMMAND"' ERR
trap '[ "$BASHPID" != "$$" ] || printf "%s: over its time limit\n" "$TEST_NAME" >&2; exit 124' TERM
trap 'exit 130' INT
