#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A half-close is never used, for several VMMs make a reset of it: every call of every program of
# ours on a vsock, in all that they do, as strace sees it. And what both ends ask of their socket.

# shellcheck source=../../support/lib.sh
. "$(dirname "$0")/../../support/lib.sh"
# shellcheck source=../../support/ssh_setup.sh
. "$SUPPORT/ssh_setup.sh"
need strace

# -yy names the kind of a socket. With -D the traced program keeps its pid; -A appends.
# The filter in the kernel lets all other calls run at their speed.
trace=(strace -D -A -f --seccomp-bpf -qq -yy -e 'trace=shutdown,setsockopt')

# traced NAME PROGRAM: writes $TMP/NAME, which runs PROGRAM and its children with $TMP/NAME.trace.
traced()
{
    printf '#!/bin/sh\nexec %s -o %q %q "$@"\n' "${trace[*]}" "$TMP/$1.trace" "$2" >"$TMP/$1"
    chmod +x "$TMP/$1"
}

traced server "$SERVER"
traced client "$CLIENT"
traced proxy "$PROXY"
SERVER=$TMP/server
CLIENT=$TMP/client
PROXY=$TMP/proxy

ssh_start
head -c 300000 /dev/urandom >"$TMP/data"
expect_status 3 "$CLIENT" "$T" 'cat >/dev/null; exit 3' <"$TMP/data"
expect_status 0 "$CLIENT" --protocol 1 "$T" 'cat >/dev/null' </dev/null
expect_status 0 "$CLIENT" -t "$T" true
for protocol in 2 1; do
    expect_status 0 "$CLIENT" -q --protocol "$protocol" "$T" -u "$TMP/data:$TMP/up$protocol"
    expect_status 0 "$CLIENT" -q --protocol "$protocol" "$T" -d "$TMP/up$protocol:$TMP/down$protocol"
    expect_same "$TMP/data" "$TMP/down$protocol"
done
expect_status 255 "$CLIENT" -l no-such-user "$T" true
ok 'the native protocol, traced'

expect_status 3 "${SSH[@]}" t 'cat >/dev/null; exit 3' <"$TMP/data"
expect_status 3 "${SSH[@]}" -o ProxyUseFdpass=no -o "ProxyCommand=$PROXY $T" t 'cat >/dev/null; exit 3' <"$TMP/data"
expect_status 0 "${SCP[@]}" -q "$TMP/data" "t:$TMP/copy"
expect_same "$TMP/data" "$TMP/copy"
# The end of the input of a relay is where a half-close would be.
printf 'SSH-2.0-nobody\r\n' | "$PROXY" "$T" >"$OUT" 2>"$ERR" &
relay=$!
STARTED+=("$relay")
wait_for 20 grep -qa '^SSH-2.0' "$OUT" || fail 'the relay brings no banner'
end_process "$relay"
ok 'SSH with a socket that is handed over, and through a relay, traced'

# strace has no name for what a vsock is: of all sockets of ours it alone is called so.
VSOCK='[0-9]+<(socket|AF_VSOCK|VSOCK):\[[0-9]+\]>'
for side in server client proxy; do
    # 4 MiB as strace shows the 8 bytes of an option of this family.
    expect_match "setsockopt\($VSOCK, AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, \"\\\\0\\\\0@\\\\0\\\\0\\\\0\\\\0\\\\0\", 8\) = 0" "$TMP/$side.trace"
    ! grep -E "shutdown\($VSOCK" "$TMP/$side.trace" >&2 || fail "the $side half-closes a vsock"
done
ok 'shutdown is never called on a vsock; all ask for 4 MiB'

# The kernel's own limit would be 2 s. Ours is the client's, and a little more, so that ours counts.
: >"$TMP/client.trace"
expect_status 0 "$CLIENT" --timeout 90 "$T" true
expect_match "setsockopt\($VSOCK, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT[A-Z_]*, \"(Z|\\[)\\\\0" "$TMP/client.trace"
ok 'the kernel is told the time limit of a connect'
