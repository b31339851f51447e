#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What a person is told when a connection cannot be made: one sentence with the address, the cause
# and a cure; and what --wait, --timeout and names do. No vsock is touched: a library in front of
# libc answers for it.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

# A static program would not load the fake, and speak to real machines.
build_preload fake_vsock

# with_vsock WHERE ERRNO CMD...
with_vsock()
{
    local at=$1 error=$2
    shift 2
    env LD_PRELOAD="$TMP/fake_vsock.so" FAKE_VSOCK_AT="$at" FAKE_VSOCK_ERRNO="$error" "$@"
}

run with_vsock socket EAFNOSUPPORT "$CLIENT" 77 true
grep -q 'cannot connect' "$ERR" || fail "the client does not take a preloaded library, or says: $(cat "$ERR")"

while IFS='|' read -r target at error wanted; do
    expect_refused "cannot connect to vsock:$target:5000: .*$wanted" \
        with_vsock "$at" "$error" "$CLIENT" "$target" true </dev/null
done <<'END'
77|connect|ENODEV|no running VM has this CID
2|connect|ENODEV|guest-cid=N
1|connect|ENODEV|modprobe vsock_loopback
77|later|ECONNRESET|nobody listens on this port: start vsock-shell-server
77|later|ETIMEDOUT|still booting \(--wait N
77|later|EHOSTUNREACH|cannot be reached
77|connect|ENETUNREACH|a VM reaches only the host
77|connect|EADDRNOTAVAIL|local CID
77|socket|EAFNOSUPPORT|modprobe vhost_vsock
77|socket|EPERM|seccomp
77|connect|EACCES|security module
END
ok 'every errno of a vsock connect is a sentence with a cure'

expect_refused 'vsock:77:6000: .*nobody listens' with_vsock later ECONNRESET "$CLIENT" -p 6000 77 true
ok 'the sentence names the port that was asked for'

expect_refused 'still booting' with_vsock never 0 "$CLIENT" --timeout 0.3 77 true
ok 'a VM that never answers is given up at --timeout'

expect_refused 'no running VM' with_vsock connect ENODEV "$CLIENT" --wait 0.5 77 true
ok '--wait ends by itself'

expect_refused "unix:$TMP/none: there is no such socket" "$CLIENT" "unix:$TMP/none" true
: >"$TMP/file"
expect_refused 'nobody listens on it' "$CLIENT" "unix:$TMP/file" true
expect_refused 'is no folder' "$CLIENT" "unix:$TMP/file/x" true
if [ "$(id -u)" -ne 0 ]; then
    mkdir -m 0 "$TMP/closed"
    expect_refused 'permission denied' "$CLIENT" "unix:$TMP/closed/x" true
fi
ok 'a unix socket that is not there, not served or not allowed'

while IFS='|' read -r target wanted; do
    run "$CLIENT" "$target" true </dev/null
    [ "$STATUS" -eq 255 ] || [ "$STATUS" -eq 2 ] || fail "$target gave status $STATUS"
    expect_match "$wanted"
    [ "$(wc -l <"$ERR")" -eq 1 ] || fail "the message is not one line: $(cat "$ERR")"
done <<'END'
3:5000|"3:5000" is no address: .*vsock:3:5000
+3|"\+3" is no address
vsock:x|CID must be a number from 0 to 4294967294
vsock:3:4294967295|port must be a number from 0 to 4294967294
4294967296|CID must be
any|for listening only
unix:x|must begin with
unix:|has no path
no-such-vm|nothing knows the name "no-such-vm".*hosts
no-such-vm.vsock|nothing knows the name "no-such-vm"
END
ok 'a bad address is quoted, with the accepted form'

start_server -v
expect_status 3 "$CLIENT" "$T" 'exit 3'
mkdir -p "$HOME/.config/vsock-shell"
printf 'here %s # comment\nbad one two three\n' "$T" >"$HOME/.config/vsock-shell/hosts"
expect_status 4 "$CLIENT" here 'exit 4'
expect_status 5 "$CLIENT" here.vsock 'exit 5'
expect_status 6 "$CLIENT" "unix%$SOCKET.vsock" 'exit 6'
expect_refused 'hosts, line 2: more than 3 words; a line is' "$CLIENT" bad true
ok 'names of the hosts file, with and without .vsock'

run "$SERVER" --listen "$T"
[ "$STATUS" -ne 0 ] || fail 'a second server took a live socket'
expect_match "cannot listen on $T: a server listens there already"
expect_status 7 "$CLIENT" "$T" 'exit 7'
run "$SERVER" --listen "unix:$TMP/no/s"
expect_match 'the folder does not exist'
run with_vsock bind EADDRINUSE "$SERVER" -p 7000
expect_match 'cannot listen on vsock:any:7000: another program listens on this port'
run with_vsock bind EACCES "$SERVER" -p 80
expect_match 'below 1024'
run with_vsock socket EAFNOSUPPORT "$SERVER"
expect_match 'modprobe vhost_vsock'
ok 'a server that cannot listen says why and what to do'

kill -KILL "$SERVER_PID"
wait_for 10 is_gone "$SERVER_PID" || fail 'the server outlived SIGKILL'
[ -S "$SOCKET" ] || fail 'the stale socket is not there: nothing is tested'
expect_refused 'nobody listens on it' "$CLIENT" "$T" true
T2=$T
"$CLIENT" --wait 20 "$T2" 'exit 8' </dev/null 2>"$TMP/waited" &
WAITER=$!
STARTED+=("$WAITER")
sleep 0.3
"$SERVER" --listen "$T2" </dev/null >>"$TMP/server.log" 2>&1 &
STARTED+=("$!")
STATUS=0
wait "$WAITER" || STATUS=$?
[ "$STATUS" -eq 8 ] || fail "--wait ended with $STATUS: $(cat "$TMP/waited")"
ok 'a stale socket is replaced, and --wait finds the server that comes up'
