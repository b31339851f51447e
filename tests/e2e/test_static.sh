#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The static server in a root folder that holds nothing but itself and busybox: no libraries, no
# /etc. The whole native path works there.

TEST_LIMIT=90
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need readelf busybox chroot unshare
if readelf -l "$SERVER" | grep -q INTERP; then
    skip 'this build is not static'
fi
[ "$(id -u)" -eq 0 ] || skip 'chroot takes root'
need_unix

for program in "$SERVER" "$CLIENT" "$PROXY"; do
    run ldd "$program"
    grep -q 'not a dynamic executable' "$OUT" "$ERR" || fail "$program is not static"
done
ok 'every program is static'

ROOT=$TMP/root
mkdir -p "$ROOT"/{bin,dev/pts,tmp}
cp "$(command -v busybox)" "$ROOT/bin/busybox"
for name in sh cat id stty tty echo env head kill sleep true; do
    ln -s busybox "$ROOT/bin/$name"
done
cp "$SERVER" "$ROOT/server"
readelf -l "$ROOT/bin/busybox" | grep -q INTERP && skip 'busybox is not static'

# In a mount namespace of its own, so that what is mounted goes away with it.
cat >"$TMP/enter" <<END
#!/bin/sh -e
mount -t devpts -o newinstance,ptmxmode=0666 devpts $ROOT/dev/pts
ln -sf pts/ptmx $ROOT/dev/ptmx
mknod $ROOT/dev/null c 1 3
exec chroot $ROOT /server "\$@"
END
chmod +x "$TMP/enter"
unshare --mount true 2>/dev/null || skip 'no mount namespaces here'
T=unix:$ROOT/tmp/sock
start_background unshare --mount "$TMP/enter" --listen unix:/tmp/sock >"$TMP/server.log" 2>&1
answers()
{
    "$CLIENT" -q --timeout 2 "$T" true 2>/dev/null
}
wait_for 10 answers || fail "no answer from the chroot: $(cat "$TMP/server.log")"

expect_status 7 "$CLIENT" "$T" 'echo out; echo err >&2; exit 7'
expect_line out
expect_line err "$ERR"
expect_status 127 "$CLIENT" "$T" no-such-program
expect_status 0 "$CLIENT" "$T" 'id -u'
expect_line 0
ok 'commands, their outputs and statuses'

# The session's terminal, not ours.
"$CLIENT" -t "$T" 'tty; stty size' </dev/null | tr -d '\r' >"$OUT"
expect_match '^/dev/pts/[0-9]+$' "$OUT"
ok 'a terminal'

head -c 3000000 /dev/urandom >"$TMP/data"
"$CLIENT" "$T" cat <"$TMP/data" >"$TMP/copy"
expect_same "$TMP/data" "$TMP/copy"
for protocol in 2 1; do
    expect_status 0 "$CLIENT" -q --protocol "$protocol" "$T" -u "$TMP/data:/tmp/up$protocol"
    expect_same "$TMP/data" "$ROOT/tmp/up$protocol"
    expect_status 0 "$CLIENT" -q --protocol "$protocol" "$T" -d "/tmp/up$protocol:$TMP/down$protocol"
    expect_same "$TMP/data" "$TMP/down$protocol"
done
ok 'pipes and files, in both protocol versions'
