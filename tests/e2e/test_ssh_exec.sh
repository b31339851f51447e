#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Commands over SSH: status, signals, streams apart, bytes whole in both directions, ends.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/ssh_setup.sh
. "$SUPPORT/ssh_setup.sh"

ssh_start

expect_status 0 "${SSH[@]}" t true
ok 'ssh t true'

"${SSH[@]}" -M -S "$TMP/control" -f -N t
for status in {0..255}; do
    run ssh -S "$TMP/control" -F "$TMP/ssh_config" t "exit $status"
    [ "$STATUS" -eq "$status" ] || fail "exit $status came back as $STATUS"
done
ssh -S "$TMP/control" -F "$TMP/ssh_config" -O exit t 2>/dev/null
ok 'exit status 0 to 255'

run "${SSH[@]}" -v t 'kill -TERM $$'
[ "$STATUS" -eq 255 ] || fail "death by a signal came back as $STATUS"
expect_match 'rtype exit-signal'
ok 'death by a signal is told as one'

expect_status 3 "${SSH[@]}" t 'echo out; echo err >&2; exit 3'
expect_line out
expect_line err "$ERR"
[ "$(cat "$OUT")" = out ] && [ "$(cat "$ERR")" = err ] || fail 'the streams are mixed'
ok 'stderr apart from stdout'

run "${SSH[@]}" t 'no-such-command-here'
[ "$STATUS" -eq 127 ] || fail "a missing command came back as $STATUS"
ok 'a missing command is 127'

head -c "$(amount 64M 2M)" /dev/urandom >"$TMP/data"
"${SSH[@]}" t cat <"$TMP/data" >"$TMP/back"
expect_same "$TMP/data" "$TMP/back"
ok 'a big file through cat, both ways at once'

# The end must not overtake the bytes: output and stderr just before an exit.
bytes=$(amount 5000000 500000)
for _ in $(seq "$(amount 20 4)"); do
    "${SSH[@]}" t "head -c $bytes /dev/zero; echo end >&2; exit 7" >"$OUT" 2>"$ERR" && fail 'status'
    [ "$(stat -c %s "$OUT")" -eq "$bytes" ] || fail "only $(stat -c %s "$OUT") of $bytes bytes"
    expect_line end "$ERR"
done
ok 'much output and an exit, again and again, not a byte lost'

start=$SECONDS
expect_status 0 "${SSH[@]}" t "sleep $((30 * VSH_SLOW)) >/dev/null 2>&1 & echo \$!; sleep $((30 * VSH_SLOW)) & echo \$!"
[ $((SECONDS - start)) -lt $((10 * VSH_SLOW)) ] || fail 'a background process kept the session'
while read -r pid; do
    kill "$pid" || fail "the background process $pid did not survive the session"
done <"$OUT"
ok 'a background process does not keep the session'

start=$SECONDS
timeout $((20 * VSH_SLOW)) "${SSH[@]}" t yes | head -n 1 >"$OUT" || true
expect_line y
[ $((SECONDS - start)) -lt $((10 * VSH_SLOW)) ] || fail 'yes goes on although nobody reads'
wait_for 5 no_session_left || fail 'yes | head left a session'
ok 'ssh t yes | head -1 ends at once'

expect_status 0 "${SSH[@]}" t 'wc -c' </dev/null
expect_line 0
expect_status 0 "${SSH[@]}" -n t 'exec <&-; sleep 0.2; echo still here'
expect_line 'still here'
ok 'end of input'

head -c 3000000 /dev/zero | expect_status 0 "${SSH[@]}" t 'exec <&-; sleep 0.5; echo unread'
expect_line unread
ok 'input that nobody reads does not keep the session'

expect_status 0 "${SSH[@]}" -o 'SetEnv LC_TEST=kept LD_PRELOAD=/x FOO=bar' t \
    'echo "$LC_TEST|$LD_PRELOAD|$FOO"; echo $SSH_CONNECTION | wc -w; echo $SSH_CLIENT | wc -w; env'
expect_line 'kept||'
expect_line 4
expect_line 3
expect_match "^VSOCK_SHELL_PEER=$FROM" "$OUT"
expect_match "^HOME=$(getent passwd "$SSH_USER" | cut -d: -f6)\$" "$OUT"
ok 'environment by list, SSH_CONNECTION with four fields'

# 0, 1, 2, the folder that ls reads, and nothing of ours
expect_status 0 "${SSH[@]}" t 'ls /proc/self/fd | wc -l; pwd; umask'
expect_line 4
expect_line 0022
ok 'no descriptor of ours in the session'

printf 'echo from the shell; exit 5\n' | expect_status 5 "${SSH[@]}" -T t
expect_line 'from the shell'
ok 'a shell without a terminal'
stop_server

if [ -x "$SERVER" ] && [ -z "${SSH_DIRECT:-}" ]; then
    ssh_start --no-native
    # Version 1 has no word for it but the terminal's text.
    for protocol in 1 2; do
        run "$CLIENT" --protocol "$protocol" "$T" "touch $TMP/never"
        [ "$protocol" -eq 1 ] || [ "$STATUS" -eq 255 ] || fail "a refusal came back as $STATUS"
        grep -q 'the native protocol is switched off here by --no-native: use ssh' "$OUT" "$ERR" ||
            fail "version $protocol of the native protocol is not told why"
    done
    [ ! -e "$TMP/never" ] || fail 'a native client got its command'
    expect_status 6 "${SSH[@]}" t 'exit 6'
    stop_server
    expect_status 2 "$SERVER" --check --no-native
    expect_match 'leaves SSH alone: it takes --ssh'
    ok '--no-native leaves SSH alone'
fi
