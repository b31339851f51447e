#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Forwards over SSH: -L, -D, -W, -J, -R with a port and without, -A; what is refused.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/ssh_setup.sh
. "$SUPPORT/ssh_setup.sh"

need python3 ssh-agent ssh-add
ssh_start
ECHO=$SUPPORT/ssh_echo.py
start_background "$ECHO" serve "$TMP/port"
wait_for 10 test -s "$TMP/port" || fail 'the echo server did not start'
PORT=$(cat "$TMP/port")
head -c "$(amount 5000000 300000)" /dev/urandom >"$TMP/data"

# A port that nobody uses now.
free_port()
{
    python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Somebody listens on the port, and on 127.0.0.1 alone.
listens()
{
    grep -qi "0100007F:$(printf %04X "$1") 00000000:0000 0A" /proc/net/tcp
}

# forward OPTION...: a client that only forwards, in the background
forward()
{
    "${SSH[@]}" -N -o ExitOnForwardFailure=yes "$@" t 2>"$TMP/forward.err" &
    FORWARD=$!
    STARTED+=("$FORWARD")
}

through()
{
    "$ECHO" send "$1" "$TMP/data" >"$TMP/back" || fail "nothing comes back through port $1"
    expect_same "$TMP/data" "$TMP/back"
}

local=$(free_port)
forward -L "$local:127.0.0.1:$PORT"
wait_for 10 listens "$local"
through "$local"
pids=()
for _ in {1..10}; do
    "$ECHO" send "$local" "$TMP/data" | cmp - "$TMP/data" &
    pids+=($!)
done
for pid in "${pids[@]}"; do
    wait "$pid" || fail 'one of ten connections lost bytes'
done
end_process "$FORWARD"
ok '-L, ten connections at once'

local=$(free_port)
forward -L "$local:localhost:$PORT" -L "$((local + 1)):127.0.0.1:1"
wait_for 10 listens "$local"
through "$local"
"$ECHO" refused "$((local + 1))" || fail 'a refused connection stays open'
through "$local"
end_process "$FORWARD"
ok '-L by name, and to a port where nobody listens'

if command -v curl >/dev/null; then
    local=$(free_port)
    forward -D "$local"
    wait_for 10 listens "$local"
    web=$(free_port)
    start_background python3 -m http.server -b 127.0.0.1 -d "$TMP" "$web" >"$TMP/http.log" 2>&1
    wait_for 10 listens "$web"
    expect_status 0 curl -sS -x "socks5h://127.0.0.1:$local" -o "$TMP/back" "http://localhost:$web/data"
    expect_same "$TMP/data" "$TMP/back"
    end_process "$FORWARD"
    ok '-D'
fi

expect_status 0 timeout 30 "${SSH[@]}" -W "127.0.0.1:$PORT" t <"$TMP/data"
expect_same "$TMP/data" "$OUT"
run "${SSH[@]}" -W 127.0.0.1:1 t </dev/null
[ "$STATUS" -ne 0 ] || fail '-W to nowhere'
run "${SSH[@]}" -W no-such-host.invalid:1 t </dev/null
[ "$STATUS" -ne 0 ] || fail '-W to an unknown host'
ok '-W, and its refusals'

# The VM as a jump host to itself: the second hop's ProxyCommand is ssh -W through the first.
ssh_start_tcp "$TMP/jump.port"
cat >>"$TMP/ssh_config" <<END
Host behind
    HostName 127.0.0.1
    Port $(cat "$TMP/jump.port")
    User $SSH_USER
    ProxyJump t
    HostKeyAlias t
END
expect_status 0 "${SSH[@]}" behind 'echo jumped'
expect_line jumped
ok '-J through the VM'

remote=$(free_port)
forward -R "$remote:127.0.0.1:$PORT"
wait_for 10 listens "$remote"
through "$remote"
end_process "$FORWARD"
wait_for 5 no_session_left
! listens "$remote" || fail 'the remote listener outlives its session'
ok '-R with a port'

"${SSH[@]}" -M -S "$TMP/control" -f -N t
shared=(ssh -F "$TMP/ssh_config" -S "$TMP/control")
remote=$("${shared[@]}" -O forward -R "0:127.0.0.1:$PORT" t)
[[ $remote =~ ^[0-9]+$ ]] || fail "port 0 became '$remote'"
through "$remote"
"${shared[@]}" -O cancel -R "$remote:127.0.0.1:$PORT" t 2>/dev/null ||
    "${shared[@]}" -O cancel -R "0:127.0.0.1:$PORT" t
"${shared[@]}" -O exit t 2>/dev/null
ok '-R with port 0'

"${SSH[@]}" -M -S "$TMP/control" -f -N t
remote=$(free_port)
"${shared[@]}" -O forward -R "$remote:127.0.0.1:$PORT" t
through "$remote"
"${shared[@]}" -O cancel -R "$remote:127.0.0.1:$PORT" t
"${shared[@]}" t true
wait_for 5 eval "! listens $remote" || fail 'a cancelled forward still listens'
"${shared[@]}" -O exit t 2>/dev/null
ok '-R cancelled'

eval "$(ssh-agent -s)" >/dev/null
STARTED+=("$SSH_AGENT_PID")
ssh-add -q "$SSH_KEY"
expect_status 0 "${SSH[@]}" -A -o "IdentityAgent=$SSH_AUTH_SOCK" t \
    'ssh-add -l; stat -c "%a %U" "$(dirname "$SSH_AUTH_SOCK")"; echo "$SSH_AUTH_SOCK"'
expect_match "^256 .* test \(ED25519\)\$" "$OUT"
expect_line "700 $SSH_USER"
path=$(tail -n 1 "$OUT")
wait_for 5 eval "[ ! -e '$path' ]" || fail "$path is left"
expect_status 0 "${SSH[@]}" t 'echo "agent: $SSH_AUTH_SOCK."'
expect_line 'agent: .'
ok '-A'

# Out of descriptors for a moment, and nothing else that would wake the session: it looks again by itself.
if command -v prlimit >/dev/null; then
    remote=$(free_port)
    forward -R "$remote:127.0.0.1:$PORT"
    wait_for 10 listens "$remote"
    find_running vsock-shell-ssh
    session=${LEFT[-1]}
    soft=$(awk '/Max open files/ { print $4 }' "/proc/$session/limits")
    open=("/proc/$session/fd"/*)
    prlimit --pid "$session" --nofile="${#open[@]}:"
    "$ECHO" send "$remote" "$TMP/data" >"$TMP/back" &
    send=$!
    STARTED+=("$send")
    wait_for 10 grep -q 'cannot accept a connection to forward' "$TMP/server.log" || fail 'no shortage'
    prlimit --pid "$session" --nofile="$soft:"
    wait_for 10 is_gone "$send" || fail 'a connection that came in a shortage is never taken'
    expect_same "$TMP/data" "$TMP/back"
    end_process "$FORWARD"
    ok '-R goes on after a shortage of descriptors'
fi

local=$(free_port)
run "${SSH[@]}" -o ExitOnForwardFailure=yes -R "$TMP/remote.sock:127.0.0.1:$PORT" t true
[ "$STATUS" -ne 0 ] || fail 'a unix socket was forwarded'
forward -L "$local:$TMP/nowhere.sock"
wait_for 10 listens "$local"
"$ECHO" refused "$local" || fail 'a unix socket was forwarded'
end_process "$FORWARD"
ok 'unix sockets are refused cleanly'
stop_server

ssh_start --no-forward
run "${SSH[@]}" -o ExitOnForwardFailure=yes -R "0:127.0.0.1:$PORT" t true
[ "$STATUS" -ne 0 ] || fail '--no-forward let -R through'
run "${SSH[@]}" -W "127.0.0.1:$PORT" t </dev/null
[ "$STATUS" -ne 0 ] || fail '--no-forward let -W through'
expect_status 0 "${SSH[@]}" -A -o "IdentityAgent=$SSH_AUTH_SOCK" t 'echo "agent: $SSH_AUTH_SOCK."'
expect_line 'agent: .'
expect_match "action=forward .* user=$SSH_USER .*refused: .*--no-forward" "$TMP/server.log"
ok '--no-forward'
