#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The three streams of a command without a terminal.
. "$(dirname "$0")/../support/lib.sh"

start_server

head -c "$(amount 64M 3M)" /dev/urandom >"$TMP/data"
wanted=$(sha256sum <"$TMP/data")
[ "$("$CLIENT" "$T" cat <"$TMP/data" | sha256sum)" = "$wanted" ] || fail 'a file came back changed'
[ "$("$CLIENT" "$T" cat < <(exec cat "$TMP/data") | sha256sum)" = "$wanted" ] ||
    fail 'a pipe came back changed'
"$CLIENT" "$T" cat <"$TMP/data" >"$TMP/back"
expect_same "$TMP/data" "$TMP/back"
ok 'a big file through cat and back: files and pipes'

expect_status 0 "$CLIENT" "$T" 'echo out; echo err >&2; echo out2'
printf 'out\nout2\n' | expect_same - "$OUT"
printf 'err\n' | expect_same - "$ERR"
ok 'stdout and stderr come apart'

# 3 MiB of each, more than a window, so that one stream that waits must not hold the other.
expect_status 0 "$CLIENT" "$T" 'head -c 3M /dev/zero >&2; head -c 3M /dev/zero'
[ "$(stat -c %s "$OUT") $(stat -c %s "$ERR")" = '3145728 3145728' ] || fail 'bytes were lost'
ok 'both streams beyond the window'

[ "$(printf 'a\nb' | "$CLIENT" "$T" 'wc -c; echo end')" = $'3\nend' ] || fail 'EOF did not arrive'
expect_status 0 "$CLIENT" "$T" 'cat; echo end' </dev/null
expect_line end
expect_status 0 "$CLIENT" "$T" 'cat; echo end' <&-
expect_line end
ok 'EOF on stdin reaches the command, a closed stdin too'

expect_status 0 bash -c "head -c 8M /dev/zero | '$CLIENT' $T 'head -c 5 >/dev/null; echo enough'"
expect_line enough
# The local writer must be told that nobody reads while the command still runs.
expect_status 0 bash -c "{ yes; touch '$TMP/told'; } 2>/dev/null | '$CLIENT' $T \
    'exec <&-; until [ -e \"$TMP/told\" ]; do sleep 0.1; done; echo closed'"
expect_line closed
ok 'a command that does not read its stdin to the end'

# A slow reader gets everything, and the last line before a sudden end is not lost.
expect_status 137 bash -c "set -o pipefail; '$CLIENT' -q $T \
    'head -c 4M /dev/zero | tr \"\\\\0\" x; echo; echo the last line; kill -9 \$\$' |
    { sleep 1; cat; }"
[ "$(tail -n 1 "$OUT")" = 'the last line' ] || fail 'the last line was lost'
[ "$(stat -c %s "$OUT")" -eq $((4 * 1024 * 1024 + 15)) ] || fail 'bytes were lost'
ok 'a slow reader and a sudden end'

# The flags of stdin and stdout belong to the shell as well: O_NONBLOCK (04000) must not stay there,
# nor be there while the client runs.
expect_status 0 bash -c "'$CLIENT' $T 'sleep 0.5; cat' < <(sleep 1; echo x) > >(cat) & sleep 0.3
    cat /proc/\$!/fdinfo/[012] | awk '/^flags/ { print \$2 }'; wait \$!"
! grep -q '4...$' "$OUT" || fail "a shared descriptor is non-blocking: $(cat "$OUT")"
ok 'stdin and stdout are left blocking'

# Sockets, as inetd and some editors give them.
python3 - "$CLIENT" "$T" <<'END'
import socket, subprocess, sys
ours, theirs = socket.socketpair()
child = subprocess.Popen([sys.argv[1], sys.argv[2], 'head -c 300000; echo end'], stdin=theirs,
                         stdout=theirs)
theirs.close()
ours.sendall(b'z' * 300000)
data = b''
while part := ours.recv(65536):
    data += part
assert data == b'z' * 300000 + b'end\n', len(data)
assert child.wait() == 0
END
ok 'sockets for stdin and stdout'

# What the command wrote before the server ended comes out before the server's sentence, even to a
# reader that is late.
mkfifo "$TMP/slow"
"$CLIENT" "$T" 'head -c 300000 /dev/zero; echo written >&2; sleep 60' >"$TMP/slow" 2>"$ERR" &
pid=$!
exec 5<"$TMP/slow"
wait_for 10 grep -qx written "$ERR"
sleep 0.5
end_process "$(pgrep -P "$SERVER_PID")"
sleep 0.5
[ "$(cat <&5 | wc -c)" -eq 300000 ] || fail 'output was lost with the server'
STATUS=0
wait "$pid" || STATUS=$?
[ "$STATUS" -eq 255 ] || fail "status $STATUS after the end of the server"
expect_match "^vsock-shell-client: error: $T: "
ok 'output that waits when the server ends'
