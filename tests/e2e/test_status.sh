#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# vsock-shell-server --status: who is there and what they do, for root and the server's user alone; and
# nothing that a client of it does, or a session says of itself, harms the server.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need python3

CONTROL=$TMP/control
ASK=("$SERVER" --status --control "$CONTROL")
LOG=$TMP/server.log
PEER=$SUPPORT/control_peer.py

sessions_are()
{
    "${ASK[@]}" >"$OUT" 2>"$ERR" && grep -qE ", $1 of 512 sessions" "$OUT"
}

log_has()
{
    grep -qE -e "$1" "$LOG"
}

bad_uses=(
    '--status -d|--status asks a running server'
    '--status -i|--status asks a running server'
    '--json|--json goes with --status'
    "--control $(printf '%0120d' 0)|--control: the path of a socket file has at most 107 bytes"
)
for row in "${bad_uses[@]}"; do
    read -r -a options <<<"${row%%|*}"
    expect_status 2 "$SERVER" "${options[@]}"
    expect_match "${row#*|}"
done
expect_status 1 "${ASK[@]}"
expect_match "no server answers at '$CONTROL': it does not run, or it has another port \(-p\) or place \(--control\)"
XDG_RUNTIME_DIR=$TMP expect_status 1 "$SERVER" --status -p 77
expect_match "no server answers at '.*/vsock-shell/77.control'"
expect_status 1 "$SERVER" --listen "unix:$TMP/never" --control /nonexistent/control
expect_match "control: cannot make the socket '/nonexistent/control': No such file"
ok 'wrong use, no server, a place that cannot be: a sentence each'

# Its queue is full until it takes the first one, half a second after it has said so.
start_background python3 -c 'if True:
    import socket, sys, time
    listener, first = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen(0)
    first.connect(sys.argv[1])
    print("full", flush=True)
    time.sleep(0.5)
    listener.accept()
    with listener.accept()[0] as asker:
        asker.recv(64)
        asker.sendall(b"here\n")' "$TMP/busy" >"$TMP/busy.events"
wait_for 10 grep -qs full "$TMP/busy.events" || fail 'nobody to ask'
expect_status 0 "$SERVER" --status --control "$TMP/busy" </dev/null
expect_line here
ok 'a server that has no time yet is waited for, whatever standard input is'

# The socket is made behind those that are listened on, which start_server waits for.
answers()
{
    "${ASK[@]}" >/dev/null 2>&1
}
start_server --control "$CONTROL" --max-sessions 512
wait_for 10 answers || fail 'the socket was not made'
expect_status 0 "${ASK[@]}"
expect_match "^vsock-shell-server [0-9.]+, process $SERVER_PID, up 0:00:[0-9]+, 0 of 512 sessions$" "$OUT"
[ "$(wc -l <"$OUT")" -eq 1 ] || fail 'sessions where there are none'
[ "$(stat -c %a "$CONTROL")" = 600 ] || fail 'the socket is open to others'
mkfifo "$TMP/fifo"
exec 9<>"$TMP/fifo"
"$CLIENT" "$T" $'cat >/dev/null; : \e[2J' <"$TMP/fifo" 9>&- &
client=$!
STARTED+=("$client")
head -c 300000 /dev/zero >&9
one_busy_session()
{
    sessions_are 1 && grep -qE ' 29[0-9]K ' "$OUT"
}
wait_for 10 one_busy_session || { show_run; fail 'the session is not shown with its bytes'; }
expect_match " +[0-9]+ +0:00:[0-9]+ +29[0-9]K +[0-9.]+K? native +$(id -un) +(unix:uid=|vsock:1:)[^ ]+ +exec cat >/dev/null; : .x1b\[2J$" "$OUT"
! grep -q $'\e' "$OUT" || fail 'an escape character reaches the terminal'
expect_status 0 "${ASK[@]}" --json
"$PEER" check "$OUT" "$SERVER_PID" "$(id -un)" || fail 'the JSON is wrong'
exec 9>&-
wait "$client" || fail 'the command failed'
wait_for 10 sessions_are 0 || fail 'a session is shown that has ended'
ok 'a session: process, age, bytes, mode, user, peer, command; as JSON, too'

# Clients that ask nothing, or nonsense, or more than is asked for.
for request in 'nonsense\n' 'a request of more than sixteen bytes' '' 'status' 'jsonstatus\n'; do
    expect_status 0 "$PEER" ask "$CONTROL" "$request"
    [ ! -s "$OUT" ] || fail "an answer to '$request'"
done
start_background "$PEER" silent "$CONTROL" 5
wait_for 10 test -e "$CONTROL.connected" || fail 'the silent clients do not connect'
expect_status 0 "$CLIENT" "$T" true
expect_status 0 "${ASK[@]}"
expect_match ', 0 of 512 sessions' "$OUT"
ok 'clients that say nothing hold up neither the server nor each other'

# A session that is killed cannot keep its lines out of the log.
# shellcheck disable=SC2016
run "$CLIENT" "$T" 'kill -KILL $PPID; sleep 1'
wait_for 10 log_has 'audit action=connection .*was ended by signal 9' || fail 'no line for a killed session'
expect_match "audit action=exec peer=[^ ]+ mode=native user=$(id -un) in=0 out=0 seconds=[0-9.]+ result=\"the session's process [0-9]+ was ended by signal 9 \(Killed\)\" command=\"kill -KILL .*sleep 1\"$" "$LOG"
ok 'the audit lines of a session that was killed are written by the listener'

end_process "$SERVER_PID"
[ ! -e "$CONTROL" ] || fail 'the socket is left'
start_server --control "$CONTROL"
wait_for 10 answers || fail 'the socket was not made again'
kill -KILL "$SERVER_PID"
wait "$SERVER_PID" 2>/dev/null || true
[ -S "$CONTROL" ] || fail 'nothing is left to replace'
expect_status 1 "${ASK[@]}"
expect_match 'no server answers'
rm -f "$SOCKET"
start_server --control "$CONTROL"
wait_for 10 answers || fail 'the socket of a dead server was not replaced'
expect_status 0 "${ASK[@]}"
expect_status 1 "$SERVER" --listen "unix:$TMP/second" --control "$CONTROL"
expect_match "cannot make the socket '$CONTROL': Address already in use"
expect_status 0 "${ASK[@]}"
ok 'a socket that a dead server left is replaced, one that is served is not'

if [ -x "$SSH_SESSION" ] && command -v setpriv >/dev/null && [ "$(id -u)" -eq 0 ]; then
    chmod 755 "$TMP"
    chmod 666 "$CONTROL"
    cp "$SERVER" "$TMP/server"
    expect_status 1 setpriv --reuid=65534 --regid=65534 --clear-groups "$TMP/server" --status --control "$CONTROL"
    expect_match "only root and the server's own user may"
    [ ! -s "$OUT" ] || fail 'a stranger has got an answer'
    expect_match 'status: refused uid 65534' "$LOG"
    ok 'a stranger gets no answer, whatever the mode of the file'
fi
stop_server

if [ -x "$SSH_SESSION" ] && command -v ssh >/dev/null && [ "$VSH_TRANSPORT" = unix ]; then
    # shellcheck source=../support/ssh_setup.sh
    . "$SUPPORT/ssh_setup.sh"
    ssh_start --control "$CONTROL"
    rm -f "$TMP/fifo" && mkfifo "$TMP/fifo"
    exec 9<>"$TMP/fifo"
    "${SSH[@]}" t 'cat' <"$TMP/fifo" >/dev/null 9>&- &
    client=$!
    STARTED+=("$client")
    ssh_is_shown()
    {
        sessions_are 1 && grep -qE " ssh +$SSH_USER +unix:uid=[^ ]+ +exec cat$" "$OUT"
    }
    wait_for 10 ssh_is_shown || { show_run; fail 'an SSH session is not shown'; }
    # Its page is its own alone, and closed in what it starts.
    # shellcheck disable=SC2012
    expect_status 0 "${SSH[@]}" t 'ls -l /proc/self/fd'
    ! grep -q memfd "$OUT" || fail 'a command inherits the page of the session'
    exec 9>&-
    wait "$client" || fail 'cat failed'
    ok 'an SSH session'
fi
