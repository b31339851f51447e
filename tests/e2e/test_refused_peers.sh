#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Who may come in, who a session is, and what it inherits.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

need setpriv
[ "$(id -u)" -eq 0 ] || skip 'needs root, to be somebody else'
chmod 755 "$TMP"
# The build folder may lie where only root can enter.
cp "$CLIENT" "$TMP/client"
chmod 755 "$TMP/client"
as_nobody()
{
    setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

start_server -v
expect_status 255 as_nobody "$TMP/client" "$T" true
expect_match 'uid 65534 is not allowed: add --allow-uid 65534'
expect_match 'uid=65534.*--allow-uid 65534' "$TMP/server.log"
expect_status 0 "$CLIENT" "$T" true
ok 'a stranger is refused with the option that would let him in'
stop_server

start_server --allow-uid 65534
expect_status 0 as_nobody "$TMP/client" "$T" 'id -u'
expect_line 0
stop_server
ok '--allow-uid'

start_server --no-exec --no-pty
expect_status 255 "$CLIENT" "$T" true
expect_match '--no-exec'
stop_server
start_server --no-pty
expect_status 0 "$CLIENT" "$T" true
expect_status 255 "$CLIENT" -t "$T" true
expect_match '--no-pty'
stop_server
ok '--no-exec and --no-pty are told'

# What a session of nobody sees. The server's own surroundings are made conspicuous first.
export SECRET_OF_THE_DAEMON=leaked
umask 077
exec 8<"$TMP/client"
start_server -v --user nobody --shell /bin/sh
exec 8<&-
umask 022
expect_status 0 "$CLIENT" "$T" 'id -u; id -g; id -G; umask; pwd; env | sort; ls /proc/self/fd | wc -l
    grep -E "^(Sig(Blk|Ign)|Cap(Inh|Prm|Eff|Amb)):" /proc/self/status; ps -o sid=,pid= $$'
nobody_gid=$(id -g nobody)
[ "$(sed -n 1p "$OUT")" = "$(id -u nobody)" ] || fail 'another uid'
[ "$(sed -n 2p "$OUT")" = "$nobody_gid" ] || fail 'another gid'
[ "$(sed -n 3p "$OUT")" = "$(id -G nobody)" ] || fail 'other groups'
[ "$(sed -n 4p "$OUT")" = 0022 ] || fail 'another umask'
[ "$(sed -n 5p "$OUT")" = / ] || fail 'another working directory'
expect_line USER=nobody
expect_line LOGNAME=nobody
expect_line "HOME=$(getent passwd nobody | cut -d: -f6)"
expect_line SHELL=/bin/sh
expect_match '^PATH=/usr/local/bin:/usr/bin:/bin' "$OUT"
! grep -q SECRET_OF_THE_DAEMON "$OUT" || fail "the daemon's environment leaks"
expect_line 4 # 0, 1, 2 and the one that ls itself opens
[ "$(grep -cE '^(Sig|Cap).*0000000000000000$' "$OUT")" -eq 6 ] || fail 'signals or capabilities leak'
ok '--user nobody: ids, groups, umask, folder, environment, descriptors, signals, capabilities'

expect_status 255 "$CLIENT" -l root "$T" true
expect_match "cannot become 'root'"
stop_server
start_server
expect_status 0 "$CLIENT" -l nobody "$T" -C / --argv id -u
expect_line "$(id -u nobody)"
expect_status 255 "$CLIENT" -l no-such-user "$T" true
expect_match 'there is no such user'
mkdir -m 777 "$TMP/open"
expect_status 0 "$CLIENT" -q -l nobody "$T" -u "$TMP/client:$TMP/open/copy"
[ "$(stat -c %U "$TMP/open/copy")" = nobody ] || fail 'a copy with -l is not that user'\''s'
install -m 600 /dev/null "$TMP/private"
expect_status 1 "$CLIENT" -q -l nobody "$T" -d "$TMP/private:$TMP/stolen"
expect_match "ermission denied"
ok '-l: root may become anybody, nobody may become root'

# A session that may not be enough for its peer: limits.
stop_server
start_server --max-sessions 3 --max-sessions-per-peer 2
for n in 1 2; do
    start_background "$CLIENT" "$T" "echo >$TMP/limit$n; sleep 30" </dev/null >/dev/null 2>&1
    # One after the other: a try before both run would take the place of the second.
    wait_for 10 test -s "$TMP/limit$n" || fail 'a session does not start'
done
limited()
{
    run "$CLIENT" "$T" true
    [ "$STATUS" -eq 255 ] && grep -q 'max-sessions-per-peer' "$ERR"
}
wait_for 10 limited || fail 'the third session of one peer is let in'
ok '--max-sessions-per-peer'

if command -v ssh >/dev/null; then
    run ssh -o "ProxyCommand=$PROXY $T" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null x true
    [ "$STATUS" -eq 255 ] || fail 'ssh came in although --ssh is off'
    stop_server
    start_server
    run ssh -o "ProxyCommand=$PROXY $T" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null x true
    expect_match 'start the server with --ssh'
    ok 'ssh shows why it is refused'
fi
