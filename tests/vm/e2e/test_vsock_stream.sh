#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What only a vsock stream does: credit windows, a reset on unread data, a limit on tiny packets, and
# a half-close that must never be used.

# shellcheck source=../../support/lib.sh
. "$(dirname "$0")/../../support/lib.sh"
need strace python3

start_server
head -c 24M /dev/urandom >"$TMP/data"
"$CLIENT" "$T" cat <"$TMP/data" >"$TMP/copy"
expect_same "$TMP/data" "$TMP/copy"
ok '24 MiB through cat'

# A terminal that gets every byte alone, in packets as small as the kernel lets them be.
cat >"$TMP/flood.py" <<'END'
import os
for i in range(20000):
    os.write(1, b"x")
END
"$CLIENT" -t "$T" "python3 $TMP/flood.py" </dev/null >"$OUT"
[ "$(tr -cd x <"$OUT" | wc -c)" -eq 20000 ] || fail "$(tr -cd x <"$OUT" | wc -c) of 20000 bytes came"
ok 'a flood of single bytes on a terminal'

# Ends with the server's bytes unread in its queue, which the kernel tells as a reset.
cat >"$TMP/rude.py" <<'END'
import socket, struct, sys, time
port = int(sys.argv[1].rsplit(":", 1)[1])
for payload in (b"", b"\xbe", struct.pack("<III", 0xCAFEBABE, 0x08, 0), b"GET / HTTP/1.0\r\n\r\n"):
    s = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
    s.connect((1, port))
    s.sendall(payload)
    time.sleep(0.5)
    s.close()
END
expect_status 0 python3 "$TMP/rude.py" "$T"
expect_status 4 "$CLIENT" "$T" 'exit 4'
ok 'peers that leave with unread data harm nobody'
stop_server

# Every process of ours, its calls on sockets; sessions included. With -D the server keeps its pid.
wrapped=$SERVER
cat >"$TMP/traced" <<END
#!/bin/sh
exec strace -D -f -qq -e trace=shutdown,setsockopt,getsockopt -o $TMP/server.trace $wrapped "\$@"
END
chmod +x "$TMP/traced"
SERVER=$TMP/traced
start_server
trace=(strace -f -qq -e 'trace=shutdown,setsockopt,getsockopt' -o "$TMP/client.trace")
expect_status 0 "${trace[@]}" "$CLIENT" "$T" 'cat >/dev/null' <"$TMP/flood.py"
expect_status 0 "${trace[@]}" -A "$CLIENT" "$T" -u "$TMP/flood.py:$TMP/up"
expect_status 0 "${trace[@]}" -A "$CLIENT" "$T" -d "$TMP/up:$TMP/down"
expect_status 0 "${trace[@]}" -A "$CLIENT" -t "$T" true
expect_same "$TMP/flood.py" "$TMP/down"
stop_server
! grep 'shutdown(' "$TMP/client.trace" "$TMP/server.trace" >&2 || fail 'shutdown was called on a vsock'
ok 'shutdown is never called'

# The listener asks before it listens, for what it accepts inherits it.
for side in client server; do
    # 4 MiB as strace shows the 8 bytes of an option that it does not know.
    expect_match 'setsockopt\([0-9]+, [^"]*"\\0\\0@\\0\\0\\0\\0\\0", 8\) = 0' "$TMP/$side.trace"
done
ok 'both ends ask for 4 MiB of window'
