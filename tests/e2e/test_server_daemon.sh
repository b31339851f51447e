#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The server as a daemon: settings that are checked before anything starts, -d that returns with the
# result, the pid file, sockets and readiness of a service manager, SIGHUP.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_unix
need python3

MANAGER=$SUPPORT/service_manager.py
SOCKET=$TMP/sock
T=unix:$SOCKET

# A sentence of one line, beside the hint where --help would help.
expect_one_sentence()
{
    [ "$(grep -cv "^try 'vsock-shell-server --help'$" "$ERR")" -eq 1 ] || fail "$1: not one sentence"
}

log_has()
{
    grep -qE -e "$2" "$1"
}

log_count_is()
{
    [ "$(grep -cE -e "$2" "$1")" -eq "$3" ]
}

# --check

expect_status 0 "$SERVER" --check --listen "$T" --listen "mux:$TMP/mux" -p 77 --allow 3-9 --deny 4 \
    --no-exec --max-sessions 7 --login-grace 1.5 --root "$TMP" -v -v
for line in "address: $T" "address: mux:$TMP/mux:77" 'allow: 3-9' 'deny: 4' 'allow 3-9' 'deny 4' \
    'no-exec: yes' 'no-pty: no' 'max-sessions: 7' 'login-grace: 1.5' 'verbose: 2' "root: $TMP"; do
    expect_line "$line"
done
[ ! -s "$ERR" ] || fail '--check says something on standard error'
[ ! -e "$SOCKET" ] || fail '--check has bound the socket'
ok '--check prints what would hold, and starts nothing'

# What is given, and what the sentence says.
bad_values=(
    "--max-sessions 0|'0' is not a number from 1 to 65536"
    "--max-sessions 65537|'65537' is not a number"
    "--max-sessions-per-peer -1|'-1' is not a number"
    "--port 4294967295|'4294967295' is not a number from 0 to 4294967294"
    "-p 5x|'5x' is not a number"
    "--login-grace 86401|'86401' is not a number of seconds"
    "--idle-timeout .5|'.5' is not a number of seconds"
    "--grace 1.0000|'1.0000' is not a number of seconds"
    "--log file|'file' is not one of stderr, syslog, json"
    '-i -d|-i serves standard input'
    '-i --listen unix:/x|-i serves standard input'
    "--shell sh|'sh' is not an absolute path"
    "--listen nowhere|'nowhere' is no address to listen on"
    '--listen unix:|"unix:" has no path'
    '--listen vsock:any:x|port must be a number'
    "--allow guest|--allow: 'guest' is not host, local, any"
    "--deny 9-3|--deny: '9-3' is not host, local, any"
    "--allow-uid no.such.user|'no.such.user' is not any, a uid or a user"
    "--root /nonexistent/x|--root: cannot open folder '/nonexistent/x': No such file"
    "--root /dev/null|--root: cannot open folder '/dev/null': Not a directory"
    "--user no.such.user|there is no user 'no.such.user'"
    '--pid-file=|--pid-file needs a value'
    "word|unexpected argument 'word'"
    "--no-such-option|unrecognized option '--no-such-option'"
    '--port|requires an argument'
)
for row in "${bad_values[@]}"; do
    read -r -a options <<<"${row%%|*}"
    for check in '--check' "--pid-file=$TMP/never"; do
        expect_status 2 "$SERVER" --listen "$T" "$check" "${options[@]}" </dev/null
        grep -qF -e "${row#*|}" "$ERR" || {
            show_run
            fail "${options[*]}: not told '${row#*|}'"
        }
        expect_one_sentence "${options[*]}"
        [ ! -s "$OUT" ] || fail "${options[*]}: settings that are bad are printed"
    done
done
[ ! -e "$SOCKET" ] && [ ! -e "$TMP/never" ] || fail 'bad settings left files'
ok "${#bad_values[@]} bad values: one sentence and status 2, with --check and without"

# -d

pid_file=$TMP/pid
expect_status 0 "$SERVER" -d --listen "$T" --pid-file "$pid_file" </dev/null
[ ! -s "$ERR" ] || fail '-d says something although it worked'
# No waiting: both are there when -d has returned.
[ -S "$SOCKET" ] || fail '-d returned before the socket was bound'
read -r daemon <"$pid_file"
STARTED+=("$daemon")
! is_gone "$daemon" || fail 'the pid file names no process'
[ "$(readlink "/proc/$daemon/exe")" = "$(readlink -f "$SERVER")" ] || fail 'the pid file names another program'
[ "$(stat -c %a "$pid_file")" = 644 ] || fail 'not everybody can read the pid file'
expect_status 3 "$CLIENT" "$T" 'echo served; exit 3'
expect_line served
for fd in 0 1 2; do
    [ "$(readlink "/proc/$daemon/fd/$fd")" = /dev/null ] || fail "descriptor $fd is still the caller's"
done
read -r _ _ _ _ _ session _ <"/proc/$daemon/stat"
[ "$session" = "$daemon" ] || fail 'not in a session of its own'
ok '-d returns with everything bound and the pid file written'

expect_status 1 "$SERVER" -d --listen "$T" --pid-file "$TMP/pid2" </dev/null
expect_match "cannot listen on $T: "
expect_one_sentence 'address taken'
expect_status 1 "$SERVER" --listen "$T" --pid-file "$TMP/pid2" </dev/null
expect_match "cannot listen on $T: "
expect_status 1 "$SERVER" -d --listen "unix:$TMP/free" --listen "$T" --pid-file "$TMP/pid2" </dev/null
[ ! -e "$TMP/free" ] || fail 'the first socket is left when the second is taken'
[ ! -e "$TMP/pid2" ] || fail 'a server that did not start wrote its pid file'
expect_status 0 "$CLIENT" "$T" true
ok 'an address that is taken: a sentence, a status, and the first server serves on'

expect_status 1 "$SERVER" -d --listen "unix:$TMP/free" --pid-file /nonexistent/pid </dev/null
expect_match "pid-file: cannot write '/nonexistent/pid': No such file"
expect_one_sentence 'pid file'
[ ! -e "$TMP/free" ] || fail 'the socket is left when the pid file cannot be written'
ok '-d tells that the pid file cannot be written'

end_process "$daemon"
is_gone "$daemon" || fail 'SIGTERM did not end the daemon'
[ ! -e "$pid_file" ] || fail 'the pid file is left'
[ ! -e "$SOCKET" ] || fail 'the socket is left'

start_server --pid-file "$pid_file"
wait_for 5 test -s "$pid_file" || fail 'no pid file without -d'
[ "$(cat "$pid_file")" = "$SERVER_PID" ] || fail 'the wrong pid'
echo 1 >"$pid_file"
stop_server
[ "$(cat "$pid_file")" = 1 ] || fail 'the pid file of another process was removed'
rm "$pid_file"
compgen -G "$pid_file.*" && fail 'half a pid file is left'
ok 'the pid file goes with its server, and no other'

# Sockets of a service manager

start_background "$MANAGER" listen "$TMP/listen" "$SERVER" -v 2>"$TMP/listen.log"
manager=$!
wait_for 10 unix_listens "$TMP/listen" || fail 'the launcher does not listen'
for _ in 1 2; do
    # shellcheck disable=SC2016
    expect_status 6 "$CLIENT" "unix:$TMP/listen" 'env | grep "^LISTEN_\|^NOTIFY_"; ls /proc/self/fd; exit 6'
    ! grep -q '^LISTEN_\|^NOTIFY_' "$OUT" || fail 'a session inherits the variables of activation'
    # 0, 1, 2, and the folder that ls reads.
    [ "$(grep -c . "$OUT")" -eq 4 ] || { show_run && fail 'a session inherits descriptors'; }
done
expect_match 'serving 1 sockets? of the service manager' "$TMP/listen.log"
end_process "$manager"
[ -S "$TMP/listen" ] || fail "the manager's socket file was removed"
ok 'a listening socket (Accept=no), for more than one connection'

start_background "$MANAGER" accept "$TMP/accept" "$SERVER" -v 2>"$TMP/accept.log"
manager=$!
wait_for 10 unix_listens "$TMP/accept" || fail 'the launcher does not listen'
expect_status 7 "$CLIENT" "unix:$TMP/accept" 'cat; exit 7' < <(printf 'over one connection\n')
expect_line 'over one connection'
wait_for 5 is_gone "$manager" || fail 'the process of one connection stays'
expect_match 'unix:uid=' "$TMP/accept.log"
ok 'one connection (Accept=yes), and the end'

expect_status 1 "$MANAGER" datagram "$TMP/datagram" "$SERVER" </dev/null
expect_match 'LISTEN_FDS: .*listening stream sockets'
LISTEN_PID=1 LISTEN_FDS=1 start_server
expect_status 0 "$CLIENT" "$T" true
stop_server
ok 'a wrong socket is told; variables for another process are not ours'

if command -v systemd-socket-activate >/dev/null; then
    start_background systemd-socket-activate -l "$TMP/systemd" "$SERVER" 2>"$TMP/systemd.log"
    manager=$!
    wait_for 10 unix_listens "$TMP/systemd" || fail 'systemd-socket-activate does not listen'
    expect_status 8 "$CLIENT" "unix:$TMP/systemd" 'exit 8'
    end_process "$manager"
    start_background systemd-socket-activate --accept -l "$TMP/systemd2" "$SERVER" 2>"$TMP/systemd.log"
    manager=$!
    wait_for 10 unix_listens "$TMP/systemd2" || fail 'systemd-socket-activate does not listen'
    for status in 8 9; do
        expect_status "$status" "$CLIENT" "unix:$TMP/systemd2" "exit $status"
    done
    end_process "$manager"
    ok 'systemd-socket-activate, with and without --accept'
fi

# Readiness and SIGHUP

start_background "$MANAGER" notify "$TMP/notify" >"$TMP/states"
wait_for 10 test -S "$TMP/notify" || fail 'nobody listens for states'
mkdir "$TMP/box"
: >"$TMP/server.log"
NOTIFY_SOCKET=$TMP/notify start_server --root "$TMP/box" -v
wait_for 5 log_has "$TMP/states" '^READY=1$' || fail 'no READY=1'
expect_line "MAINPID=$SERVER_PID" "$TMP/states"
# shellcheck disable=SC2016
expect_status 0 "$CLIENT" "$T" 'echo "<$NOTIFY_SOCKET>"'
expect_line '<>'
ok 'READY=1 with the pid'

echo kept >"$TMP/file"
mv "$TMP/box" "$TMP/moved"
kill -HUP "$SERVER_PID"
wait_for 5 log_has "$TMP/server.log" "the old policy stays: --root: cannot open folder '$TMP/box'" ||
    fail 'SIGHUP without the folder is not told'
wait_for 5 log_count_is "$TMP/states" '^READY=1$' 2 || fail 'no READY=1 after SIGHUP'
expect_match '^RELOADING=1$' "$TMP/states"
expect_match '^MONOTONIC_USEC=[0-9]+$' "$TMP/states"
expect_status 0 "$CLIENT" "$T" -u "$TMP/file:one"
expect_same "$TMP/file" "$TMP/moved/one"
ok 'SIGHUP that fails leaves the old rules in force'

mkdir "$TMP/box"
kill -HUP "$SERVER_PID"
wait_for 5 log_has "$TMP/server.log" 'the policy has been read again' || fail 'SIGHUP is not told'
expect_status 0 "$CLIENT" "$T" -u "$TMP/file:two"
expect_same "$TMP/file" "$TMP/box/two"
[ ! -e "$TMP/moved/two" ] || fail 'the old folder is still written to'
stop_server
wait_for 5 log_has "$TMP/states" '^STOPPING=1$' || fail 'no STOPPING=1'
ok 'SIGHUP opens the new folder; STOPPING=1 at the end'
