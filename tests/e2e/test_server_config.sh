#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# --config FILE: an option a line, strict, read again at SIGHUP, with the old settings kept when it is
# wrong; and option values that are refused at the start and not by the first session.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_unix

FILE=$TMP/server.conf
LOG=$TMP/server.log
T=unix:$TMP/sock

log_has()
{
    grep -qE -e "$1" "$LOG"
}

log_count_is()
{
    [ "$(grep -cE -e "$1" "$LOG")" -eq "$2" ]
}

# reload PATTERN: SIGHUP, then a new line in the log that matches
reload()
{
    local before
    before=$(grep -cE -e "$1" "$LOG" || true)
    kill -HUP "$SERVER_PID"
    wait_for 10 log_count_is "$1" $((before + 1)) || fail "SIGHUP is not answered by '$1'"
}

mkdir "$TMP/box"
printf '%s\n' '# who may come' 'allow host' $'\tallow   3-9 \t' 'max-sessions 7' '' no-exec "root $TMP/box" \
    'login-grace 1.5' >"$FILE"
expect_status 0 "$SERVER" --check --config "$FILE" --listen "$T" --allow 11 --max-sessions 8
for line in 'allow: host' 'allow: 3-9' 'allow: 11' 'max-sessions: 8' 'no-exec: yes' "root: $TMP/box" \
    'login-grace: 1.5' "config: $FILE" 'allow 3-9'; do
    expect_line "$line"
done
ok 'a file and the command line: lists add up, the command line has the last word'

# What is wrong with line 2.
bad_lines=(
    "allo host|'allo' is no option: write its long name without dashes"
    "--allow host|'--allow' is no option"
    "allow=host|'allow=host' is no option"
    "allow|'allow' needs a value \(PEER\)"
    "no-exec yes|'no-exec' takes no value, not even 'yes'"
    "max-sessions 0|--max-sessions: '0' is not a number from 1 to 65536"
    "login-grace x|--login-grace: 'x' is not a number of seconds"
    "allow guest|--allow: 'guest' is not host, local, any"
    "deny 9-3|--deny: '9-3' is not host"
    "allow-uid no.such.user|--allow-uid: 'no.such.user' is not any, a uid or a user"
    "log file|--log: 'file' is not one of stderr, syslog, json"
    "listen nowhere|--listen: 'nowhere' is no address"
    "ssh-auth password|--ssh-auth: 'password' is not a list of publickey and none"
    "daemonize|'daemonize' belongs on the command line"
    "config /etc/passwd|'config' belongs on the command line"
    "help|'help' belongs on the command line"
)
for row in "${bad_lines[@]}"; do
    printf '# a comment\n%s\n' "${row%%|*}" >"$FILE"
    expect_status 2 "$SERVER" --check --config "$FILE" --listen "$T"
    expect_match "^vsock-shell-server: $FILE:2: ${row#*|}"
    [ ! -s "$OUT" ] || fail "${row%%|*}: settings that are bad are printed"
done
expect_status 2 "$SERVER" --check --config /nonexistent/file
expect_match "^vsock-shell-server: --config: cannot read '/nonexistent/file': No such file"
printf 'allow host\0\n' >"$FILE"
expect_status 2 "$SERVER" --check --config "$FILE"
expect_match "cannot read '$FILE': it is no text"
printf 'allow host' >"$FILE"
expect_status 0 "$SERVER" --check --config "$FILE"
chmod 666 "$FILE"
expect_status 2 "$SERVER" --check --config "$FILE"
expect_match "'$FILE' must belong to root or the server's user, and be writable for nobody else"
ok "${#bad_lines[@]} bad lines: file, number and sentence; files that cannot be trusted"

# SIGHUP
: >"$LOG"
rm "$FILE" && printf 'max-sessions 7\n' >"$FILE"
start_server --config "$FILE" --pid-file "$TMP/pid" --control "$TMP/control"
"$CLIENT" "$T" "echo \$PPID >'$TMP/session'; read -r line; echo \"got \$line\"" >"$TMP/answer" < <(
    wait_for 20 test -e "$TMP/go"
    echo word
) &
client=$!
STARTED+=("$client")
wait_for 10 test -s "$TMP/session" || fail 'the session does not begin'
printf 'no-exec\nlisten unix:%s\nmax-sessions 9\n' "$TMP/other" >"$FILE"
reload 'the policy has been read again: .*allow-uid [0-9]+'
expect_match 'listen has changed: that takes effect when the server starts again' "$LOG"
! grep -q 'pid-file has changed' "$LOG" || fail 'told of a change that is none'
[ ! -e "$TMP/other" ] || fail 'a new address at SIGHUP'
expect_status 255 "$CLIENT" "$T" true
expect_match '--no-exec'
expect_status 0 "$SERVER" --status --control "$TMP/control"
expect_match ', 1 of 9 sessions' "$OUT"
touch "$TMP/go"
wait "$client" || fail 'the session that was there was touched'
expect_line 'got word' "$TMP/answer"
ok 'SIGHUP reads the file: new rules for new sessions, the old ones go on'

printf 'no-exec\nmax-session 3\n' >"$FILE"
reload "the old policy stays: $FILE:2: 'max-session' is no option"
expect_status 255 "$CLIENT" "$T" true
expect_match '--no-exec'
printf 'user no.such.user\n' >"$FILE"
reload "the old policy stays: --user: there is no user 'no.such.user'"
expect_status 255 "$CLIENT" "$T" true
rm "$FILE"
reload "the old policy stays: --config: cannot read '$FILE'"
expect_status 255 "$CLIENT" "$T" true
printf 'shell /bin/sh\nverbose\n' >"$FILE"
reload 'the policy has been read again'
# shellcheck disable=SC2016
expect_status 0 "$CLIENT" "$T" 'echo "$0 $SHELL"'
expect_match 'sh /bin/sh$' "$OUT"
expect_match 'debug: native .*process [0-9]+ started' "$LOG"
for _ in {1..20}; do
    reload 'the policy has been read again'
done
expect_status 0 "$CLIENT" "$T" true
stop_server
[ ! -e "$TMP/pid" ] || fail 'the pid file of the start is left'
ok 'a wrong file keeps the old settings in force, with a sentence; a right one replaces them'

# Values that only a session would have found wrong.
keys=()
for _ in {1..9}; do
    keys+=(--authorized-keys /etc/keys)
done
bad_uses=(
    "--ssh-auth password|--ssh-auth: 'password' is not a list of publickey and none"
    "--ssh-auth publickey,|--ssh-auth: 'publickey,' is not a list"
    '--authorized-keys=|--authorized-keys needs a value'
    "${keys[*]}|--authorized-keys: at most 8 patterns"
    "--listen unix:/x --listen unix:/x|--listen: 'unix:/x' is there twice"
    "--listen vsock:any -p 7 --listen vsock:any:7|--listen: 'vsock:any:7' is there twice"
    "-d --log stderr|--log: 'stderr' is standard error, which -d closes: take syslog"
    "-d --log json|--log: 'json' is standard error, which -d closes: take syslog"
    "-d --pid-file pid|--pid-file: with -d, which works in /, 'pid' is not an absolute path"
    "-d --root box|--root: with -d, which works in /, 'box' is not an absolute path"
    "-d --listen unix:./sock|--listen: with -d, which works in /, './sock' is not an absolute path"
)
for row in "${bad_uses[@]}"; do
    read -r -a options <<<"${row%%|*}"
    expect_status 2 "$SERVER" --check "${options[@]}"
    expect_match "^vsock-shell-server: ${row#*|}"
done
expect_status 0 "$SERVER" --check --ssh-auth none,publickey --listen unix:@abstract
ok "${#bad_uses[@]} values that no session could work with are refused at the start"

expect_status 0 "$SERVER" -d --listen "$T" --pid-file "$TMP/pid"
read -r daemon <"$TMP/pid"
STARTED+=("$daemon")
[ "$(readlink "/proc/$daemon/cwd")" = / ] || fail 'the daemon keeps the folder it was started in'
end_process "$daemon"
ok 'a daemon works in /'

# getopt's own sentences
for program in server client proxy ssh-session; do
    [ -x "$VSH_BUILD/src/vsock-shell-$program" ] || continue
    run "$VSH_BUILD/src/vsock-shell-$program" --no-such-option
    [ "$STATUS" -ne 0 ] || fail "vsock-shell-$program takes any option"
    expect_match "^vsock-shell-$program: unrecognized option"
done
ok "the programs' names, without their folders, before a wrong option"
