#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The audit lines of the native protocol: one per connection and per action, as text and as JSON, in
# which nothing that a peer says can forge another.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need python3

USER_NAME=$(id -un)
LOG=$TMP/server.log
JSON=$SUPPORT/audit_json.py

# The lines of a connection are there when its own is: the last one.
connection_count_is()
{
    [ "$(grep -c 'action"*[=:]"*connection' "$LOG")" -eq "$1" ]
}

expect_connections()
{
    wait_for 10 connection_count_is "$1" || fail "$(grep -c "action.*connection" "$LOG") connections in the log, not $1"
}

# expect_audit REGEX: one line, and no other of the kind.
expect_audit()
{
    local count
    count=$(grep -cE -e "audit $1" "$LOG" || true)
    [ "$count" -eq 1 ] || fail "$count lines instead of one: audit $1"
}

start_server
printf 'from the peer\n' >"$TMP/file"
mkdir "$TMP/tree" && printf 1 >"$TMP/tree/1" && printf 22 >"$TMP/tree/2"

# Who it is: the kernel's word for the peer, before anything that the peer says.
case $VSH_TRANSPORT in
vsock) peer='peer=vsock:1:[0-9]+' ;;
*) peer="peer=unix:uid=$(id -u):pid=[0-9]+" ;;
esac
who="$peer mode=native user=$USER_NAME"
# shellcheck disable=SC2016
expect_status 3 "$CLIENT" "$T" 'printf "%s" "$(printf abc)"; cat; exit 3' <"$TMP/file"
expect_connections 1
expect_audit "action=exec $who tty=no in=[0-9]+ out=[0-9]+ seconds=[0-9]+\.[0-9]{3} result=\"exit 3\" command=\"printf \\\\\"%s\\\\\" .*exit 3\"$"
expect_audit "action=connection $who in=[0-9]+ out=[0-9]+ actions=1 seconds=[0-9]+\.[0-9]{3} result=ok$"
# shellcheck disable=SC2016
expect_status 137 "$CLIENT" "$T" 'kill -9 $$'
expect_connections 2
expect_audit 'action=exec .* result="signal 9 \(KILL\)" command="kill -9 \$\$"$'
expect_status 126 "$CLIENT" "$T" -C /nonexistent/folder true
expect_connections 3
expect_audit 'action=exec .* result="vsock-shell-server: cannot enter the folder .*" command=true$'
ok 'a command: peer, user, bytes, status or signal, time, text'

expect_status 0 "$CLIENT" "$T" -u "$TMP/file:$TMP/put" -u "$TMP/tree:$TMP/tree2" -r
expect_status 0 "$CLIENT" "$T" -d "$TMP/put:$TMP/got"
expect_status 1 "$CLIENT" "$T" -d "$TMP/nothing:$TMP/got"
expect_connections 6
expect_audit "action=put $who in=[0-9]+ out=[0-9]+ files=1 skipped=0 failed=0 seconds=[0-9.]+ result=ok path=$TMP/put$"
expect_audit "action=put .* files=2 .* path=$TMP/tree2$"
expect_audit "action=get .* files=1 .* result=ok path=$TMP/put$"
expect_audit "action=get .* failed=1 .* result=\"$TMP/nothing: .*no such file.*\" path=$TMP/nothing$"
expect_audit 'action=connection .* actions=2 .*'
[ "$(sed -nE "s/.*action=put .* in=([0-9]+) .*path=.*put$/\1/p" "$LOG")" -ge 14 ] || fail 'the bytes of a put are not counted'
ok 'a copy: one line per request, however many files'

# A peer may say what it likes.
long=$(head -c 3000 /dev/zero | tr '\0' x)
expect_status 0 "$CLIENT" "$T" $': <<x\nvsock-shell-server[1]: audit action=exec user=forged \e[2J\nx'
expect_status 0 "$CLIENT" "$T" "true '\" result=forged' \\\\"
expect_status 0 "$CLIENT" "$T" "true $long"
expect_connections 9
expect_audit 'action=exec .* command=": <<x\\nvsock-shell-server\[1\]: audit action=exec user=forged \\x1b\[2J\\nx"$'
expect_audit "action=exec .* command=\"true '.\" result=forged' ....\"$"
expect_audit 'action=exec .* command="true x+\.\.\."$'
[ "$(grep -c '^vsock-shell-server\[1\]' "$LOG")" -eq 0 ] || fail 'a peer has written a line of its own'
! LC_ALL=C grep -q $'\e' "$LOG" || fail 'an escape character reached the log'
[ "$(awk '{ if (length($0) > max) max = length($0) } END { print max }' "$LOG")" -le 4096 ] || fail 'a line is longer than 4096 bytes'
ok 'hostile text stays inside its quotes, long text is cut'
stop_server

: >"$LOG"
start_server --no-download --login-grace 0.5
expect_status 255 "$CLIENT" "$T" -d "$TMP/file:$TMP/got"
"$CLIENT" "$T" "touch '$TMP/started'; sleep 30" >/dev/null 2>&1 &
client=$!
wait_for 10 test -e "$TMP/started" || fail 'the command does not begin'
kill -KILL "$client"
wait "$client" 2>/dev/null || true
if [ "$VSH_TRANSPORT" = unix ]; then
    expect_status 0 "$SUPPORT/raw_peer.py" "$SOCKET" silent 2
    expect_connections 3
    expect_audit "action=connection $peer in=0 out=0 actions=0 seconds=0\.[0-9]+ result=\"the peer said nothing for 0.5 s \(--login-grace\)\"$"
else
    expect_connections 2
fi
expect_audit "action=get $who .* result=\"refused: .*--no-download.*\"$"
expect_audit "action=exec .* result=\"peer vanished\" command=\"touch '$TMP/started'; sleep 30\"$"
stop_server
ok 'a refusal, a peer that is killed, a peer that says nothing'

: >"$LOG"
start_server --log json
expect_status 5 "$CLIENT" "$T" $': ""\nexit 5'
# shellcheck disable=SC2016
expect_status 143 "$CLIENT" "$T" -t 'kill $$'
expect_connections 2
stop_server
expect_status 0 "$JSON" "$LOG" "$VSH_TRANSPORT" "$USER_NAME"
ok 'JSON: each field a member of its kind'
