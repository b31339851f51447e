#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The audit lines of SSH: the same as the native protocol's, and those of sftp, forwards and refused
# logins.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/ssh_setup.sh
. "$SUPPORT/ssh_setup.sh"
need python3 sftp scp
need_unix

LOG=$TMP/server.log
who="peer=unix:uid=$(id -u):pid=[0-9]+ mode=ssh user=$SSH_USER"

expect_audit()
{
    local count
    count=$(grep -cE -e "audit $1" "$LOG" || true)
    [ "$count" -eq 1 ] || fail "$count lines instead of one: audit $1"
}

connection_count_is()
{
    [ "$(grep -c 'audit action=connection' "$LOG")" -eq "$1" ]
}

expect_connections()
{
    wait_for 10 connection_count_is "$1" || fail "not $1 connections in the log"
}

ssh_start
expect_status 3 "${SSH[@]}" t 'echo "a b"; exit 3'
# shellcheck disable=SC2016
expect_status 255 "${SSH[@]}" -tt t 'kill -KILL $$'
expect_status 0 "${SSH[@]}" t < <(printf 'true\n')
expect_connections 3
expect_audit "action=exec $who tty=no in=0 out=4 seconds=[0-9.]+ result=\"exit 3\" command=\"echo .*exit 3\"$"
expect_audit 'action=exec .* tty=yes .* result="signal 9 \(KILL\)" command="kill -KILL \$\$"$'
expect_audit "action=shell $who tty=no in=5 .* result=\"exit 0\"$"
[ "$(grep -cE "audit action=connection $who in=[0-9]+ out=[0-9]+ actions=1 seconds=[0-9.]+ result=ok$" "$LOG")" -eq 3 ] ||
    fail 'not a line per connection'
ok 'commands and a shell'

printf 'sixteen bytes...' >"$TMP/file"
printf '%s\n' "put $TMP/file $TMP/one" "-put $TMP/file /nonexistent/two" "rename $TMP/one '$TMP/an other'" "mkdir $TMP/made" \
    "get '$TMP/an other' $TMP/back" "rm '$TMP/an other'" >"$TMP/batch"
expect_status 0 "${SFTP[@]}" -b "$TMP/batch" t
expect_connections 4
expect_audit "action=sftp $who in=16 out=16 files=2 changes=3 seconds=[0-9.]+ result=ok$"
expect_audit "action=sftp-file .* in=16 out=0 .* result=ok path=$TMP/one$"
expect_audit "action=sftp-file .* in=0 out=16 .* path=\"$TMP/an other\"$"
expect_audit 'action=sftp-open .* result="No such file or directory" path=/nonexistent/two$'
expect_audit "action=sftp-rename .* path=\"$TMP/one '$TMP/an other'\"$"
expect_audit "action=sftp-mkdir .* result=ok path=$TMP/made$"
expect_audit "action=sftp-remove .* path=\"$TMP/an other\"$"
stop_server
ok 'sftp: one line for the session, and with -v one per file and change'

: >"$LOG"
ssh_start --no-pty --no-upload
expect_status 255 "${SSH[@]}" -tt t true
printf '%s\n' "-put $TMP/file $TMP/refused" >"$TMP/batch"
expect_status 0 "${SFTP[@]}" -b "$TMP/batch" t
run "${SSH[@]}" -W 127.0.0.1:1 t
run "${SSH[@]}" -l no-such-user t true
expect_connections 4
expect_audit "action=pty $who .* result=\"refused: .*--no-pty.*\"$"
expect_audit "action=sftp-open .* result=\"refused: .*--no-upload.*\" path=$TMP/refused$"
expect_audit "action=forward $who in=0 out=0 .* result=\"cannot connect\" target=127.0.0.1:1$"
expect_audit 'action=connection peer=[^ ]+ mode=ssh login=no-such-user in=[0-9]+ out=[0-9]+ actions=0 refused=1 .* result="the peer left before it had logged in.*"$'
ok 'what is refused, a forward that leads nowhere, a login that fails'

"$SUPPORT/ssh_echo.py" serve "$TMP/port" &
STARTED+=("$!")
wait_for 10 test -s "$TMP/port" || fail 'the echo server did not start'
printf 'through' >"$TMP/word"
expect_status 0 timeout 20 "${SSH[@]}" -W "127.0.0.1:$(cat "$TMP/port")" t <"$TMP/word"
expect_connections 5
expect_audit "action=forward $who in=7 out=7 .* result=ok target=127.0.0.1:$(cat "$TMP/port")$"
"${SSH[@]}" t "touch '$TMP/started'; sleep 30" >/dev/null 2>&1 &
client=$!
wait_for 10 test -e "$TMP/started" || fail 'the command does not begin'
kill -KILL "$client"
wait "$client" 2>/dev/null || true
expect_connections 6
expect_audit "action=exec .* result=\"peer vanished\" command=\"touch .*"
ok 'a forward with its bytes; a client that is killed'
stop_server

# A server that nobody has asked for details, and people who try keys.
: >"$LOG"
start_server --ssh --host-key "$TMP/host_key" --shell /bin/sh
for key in "$TMP/wrong1" "$TMP/wrong2"; do
    ssh-keygen -q -t ed25519 -N '' -f "$key"
done
TRY=("${SSH[@]}" -i "$TMP/wrong1" -i "$TMP/wrong2")
expect_status 255 "${TRY[@]}" -o 'User="x result=ok"' keyless true
expect_status 255 ssh -F "$TMP/ssh_config" -o PubkeyAuthentication=no t true
expect_status 0 "${TRY[@]}" t true
expect_connections 3
nobody='peer=[^ ]+ mode=ssh login='
why='result="the peer left before it had logged in.*"'
expect_audit "action=connection ${nobody}\"x result=ok\" in=[0-9]+ out=[0-9]+ actions=0 refused=2 seconds=[0-9.]+ $why$"
expect_audit "action=connection $nobody$SSH_USER in=[0-9]+ out=[0-9]+ actions=0 refused=0 .* $why$"
expect_audit "action=connection $who in=[0-9]+ out=[0-9]+ actions=1 seconds=[0-9.]+ result=ok$"
status=77
for python in /usr/bin/python3 python3; do
    [ "$status" -ne 77 ] || {
        status=0
        "$python" -W ignore "$SUPPORT/ssh_broken.py" names "$SOCKET" "$TMP/wrong1" root '' root guest || status=$?
    }
done
if [ "$status" -ne 77 ]; then
    [ "$status" -eq 0 ] || fail 'somebody who asks for several users'
    expect_connections 4
    expect_audit "action=connection ${nobody}guest in=.* refused=4 .* $why$"
    for change in "'' after 'root'" "'root' after ''" "'guest' after 'root'"; do
        expect_match "ssh unix:[^ ]*: the peer asks for user $change\$" "$LOG"
    done
fi
ok 'without -v: whom a peer asked to be, and how often it was refused'
