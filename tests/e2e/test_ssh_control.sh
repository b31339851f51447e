#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# One connection for long and for many: ControlMaster, rekeying, keepalives, clients that are killed.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/ssh_setup.sh
. "$SUPPORT/ssh_setup.sh"

ssh_start
SHARED=(ssh -S "$TMP/control" -F "$TMP/ssh_config" t)

"${SSH[@]}" -M -S "$TMP/control" -f -N t
head -c 1000000 /dev/urandom >"$TMP/data"
pids=()
for i in {1..20}; do
    "${SHARED[@]}" "cat; echo $i >&2; exit $i" <"$TMP/data" >"$TMP/out.$i" 2>"$TMP/err.$i" &
    pids+=($!)
done
for i in {1..20}; do
    status=0
    wait "${pids[i - 1]}" || status=$?
    [ "$status" -eq "$i" ] || fail "session $i came back with $status"
    expect_same "$TMP/data" "$TMP/out.$i"
    expect_line "$i" "$TMP/err.$i"
done
ok '20 sessions at once on one connection'

# A session that ends takes nobody along; its process goes with it.
"${SHARED[@]}" 'echo $$; exec sleep 1000' >"$TMP/pid" &
victim=$!
wait_for 5 test -s "$TMP/pid"
sleeper=$(cat "$TMP/pid")
kill -KILL "$victim"
wait "$victim" 2>/dev/null || true
wait_for 6 is_gone "$sleeper" || fail 'the process of a closed channel lives on'
expect_status 0 "${SHARED[@]}" true
ok 'a closed channel ends its process and nothing else'

ssh -S "$TMP/control" -F "$TMP/ssh_config" -O exit t 2>/dev/null
wait_for 5 no_session_left || fail 'the session outlives its client'
ok 'the end of the connection is the end of the session'

head -c 104857600 /dev/urandom >"$TMP/data"
"${SSH[@]}" -o RekeyLimit=1M -v t cat <"$TMP/data" >"$TMP/back" 2>"$ERR"
expect_same "$TMP/data" "$TMP/back"
[ "$(grep -c 'SSH2_MSG_NEWKEYS sent' "$ERR")" -gt 20 ] || fail 'there was no rekeying'
ok '200 MiB under RekeyLimit 1M, every byte'

printf 'put "%s" "%s"\nget "%s" "%s"\n' "$TMP/data" "$TMP/copy" "$TMP/copy" "$TMP/back" |
    "${SFTP[@]}" -q -o RekeyLimit=4M -b - t >/dev/null
expect_same "$TMP/data" "$TMP/copy"
expect_same "$TMP/data" "$TMP/back"
ok 'sftp under RekeyLimit 4M'

expect_status 0 "${SSH[@]}" -o ServerAliveInterval=1 -o ServerAliveCountMax=2 t 'sleep 4; echo alive'
expect_line alive
ok 'ServerAliveInterval 1'

# libssh takes EAGAIN of its socket for the end of the connection, so that one stays blocking; and the
# server half of its sftp.h, which needs WITH_SERVER, is not used at all.
expect_status 0 "${SSH[@]}" t 'cd /proc/$PPID/fd && for fd in *; do
    case $(readlink $fd) in socket:*) echo "socket $(sed -n "s/^flags:[[:space:]]*//p" ../fdinfo/$fd)" ;; esac
done'
[ "$(grep -c ^socket "$OUT")" -ge 1 ] || fail 'the helper shows no socket'
while read -r _ flags; do
    [ $((flags & 04000)) -eq 0 ] || fail "a socket of the helper does not block: $flags"
done <"$OUT"
! grep -rlE 'libssh/sftp\.h|WITH_SERVER' "$TOP/src/server/ssh" || fail 'libssh serves sftp'
ok 'the socket under libssh blocks, its sftp is not used'

# Killed at work, with a process that ignores the hang-up.
"${SSH[@]}" t 'trap "" HUP; echo $$; while :; do sleep 0.1; done' >"$TMP/pid" &
client=$!
wait_for 5 test -s "$TMP/pid"
kill -KILL "$client"
wait "$client" 2>/dev/null || true
wait_for 6 is_gone "$(cat "$TMP/pid")" || fail 'the process of a killed client lives on'
wait_for 5 no_session_left || fail 'the session of a killed client lives on'
ok 'a killed client leaves nothing after 5 s'

# A reader that stops: memory stays bounded, and the bytes come when it goes on.
session_runs()
{
    ! no_session_left
}
mkfifo "$TMP/go"
"${SSH[@]}" t 'head -c 100000000 /dev/zero' | {
    read -r _ <"$TMP/go"
    cat
} >"$TMP/back" &
client=$!
wait_for 20 session_runs || fail 'no session to hold up'
sleep 1
expect_small 'a slow client'
echo >"$TMP/go"
wait "$client"
[ "$(stat -c %s "$TMP/back")" -eq 100000000 ] || fail 'bytes are missing after a pause'
ok 'a client that stops reading costs no memory'

# And a process that stops, and then reads in small bites.
head -c 300000000 /dev/zero >"$TMP/zeros"
"${SSH[@]}" t 'sleep 1; for i in $(seq 300); do dd bs=32768 count=1 of=/dev/null 2>/dev/null; done
    echo slow >&2; wc -c' <"$TMP/zeros" >"$TMP/count" 2>"$TMP/phase" &
client=$!
wait_for 20 grep -q slow "$TMP/phase"
expect_small 'a slow process'
wait "$client" || fail 'the upload to a slow process'
[ "$(cat "$TMP/count")" -gt 280000000 ] || fail "only $(cat "$TMP/count") bytes arrived"
ok 'a process that stops reading costs no memory'

ssh_write_config
stop_server
ssh_start --idle-timeout 1
run "${SSH[@]}" t 'sleep 20'
[ "$STATUS" -eq 255 ] || fail "an idle session ended with $STATUS"
wait_for 6 no_session_left || fail 'an idle session lives on'
ok '--idle-timeout'
