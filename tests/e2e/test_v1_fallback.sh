#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The client and a server that speaks protocol version 1 only.
. "$(dirname "$0")/../support/lib.sh"

need python3
TRANSCRIPT=$TMP/transcript

# What it does about HELLO: close, silent or answer.
start_v1()
{
    T=unix:$TMP/v1-$1
    rm -f "$TRANSCRIPT"
    start_background "$SUPPORT/v1_server.py" "$TMP/v1-$1" "$TRANSCRIPT" "$1"
    wait_for 10 unix_listens "$TMP/v1-$1" || fail 'the v1 server did not start'
}

# Lines of the connection $1 that have a type above 0x14.
above_v1()
{
    awk -v n="$1" '$1 == n && $2 > "0x14"' "$TRANSCRIPT"
}

start_v1 close
expect_status 0 "$CLIENT" -v "$T" 'echo hello; tty'
printf 'hello\r\n' | expect_same - <(head -n 1 "$OUT")
expect_match '^/dev/pts/' "$OUT"
expect_match 'trying protocol version 1'
[ -n "$(above_v1 1)" ] || fail 'version 2 was not tried first'
[ -z "$(above_v1 2)" ] || fail 'the second connection has types above 0x14'
ok 'a server that closes at HELLO'

expect_status 0 "$CLIENT" "$T" --protocol 1 'read -r a; read -r b; echo "got $a $b"' < <(
    printf 'one\ntwo\n')
expect_match 'got one two' "$OUT"
expect_status 0 "$CLIENT" "$T" --protocol 1 'cat | wc -l' < <(printf 'one\ntwo\n')
expect_match '^2' "$OUT"
ok 'stdin and its end are typed'

# 4 MiB through a slow reader: v1 has no credit, so the client must stop reading.
expect_status 0 bash -c "'$CLIENT' $T --protocol 1 'stty raw; head -c 4M /dev/zero' |
    { sleep 1; cat; }"
[ "$(stat -c %s "$OUT")" -eq $((4 * 1024 * 1024)) ] || fail 'bytes were lost'
ok 'a slow reader loses nothing'

expect_status 0 bash -c "'$CLIENT' $T --protocol 1 yes | head -n 1"
ok 'a reader that leaves'

for option in '-e A=b' '-C /' '-l nobody' '-T' '--argv'; do
    # shellcheck disable=SC2086 # two words
    expect_status 255 "$CLIENT" $option "$T" true
    expect_match "speaks protocol version 1, which cannot carry ${option%% *}"
done
expect_status 255 "$CLIENT" --protocol 2 "$T" true
expect_match "error: connection to $T lost: "
ok 'what version 1 cannot do is refused'

head -c 3M /dev/urandom >"$TMP/data"
mkdir "$TMP/there"
expect_status 0 "$CLIENT" "$T" -u "$TMP/data:$TMP/there/" -d "$TMP/there/data:$TMP/back"
expect_same "$TMP/data" "$TMP/there/data"
expect_same "$TMP/data" "$TMP/back"
expect_match '^vsock-shell-client: 2 files, 6.0 MiB in '
expect_status 1 "$CLIENT" "$T" -u "$TMP/data:$TMP/there/data"
expect_match "data': destination '.*' already exists"
expect_status 1 "$CLIENT" "$T" -d "$TMP/there/none:$TMP/back" -d "$TMP/there/data:$TMP/again"
expect_match 'does not exist'
expect_same "$TMP/data" "$TMP/again"
expect_same "$TMP/data" "$TMP/back"
[ "$("$CLIENT" -q "$T" -d "$TMP/there/data:-" | sha256sum)" = "$(sha256sum <"$TMP/data")" ]
expect_status 1 "$CLIENT" "$T" -u "$TMP/data:$TMP/there/a name"
expect_match 'cannot carry a name'
expect_status 255 "$CLIENT" "$T" -r -u "$TMP:$TMP/there/x"
expect_match 'which cannot do -r'
[ -z "$(find "$TMP/there" "$TMP" -maxdepth 1 -name '*.vsh-*')" ] || fail 'a partial was left'
ok 'copies'

start_v1 answer
expect_status 0 "$CLIENT" "$T" 'echo answered'
expect_match '^answered' "$OUT"
ok 'a server that answers HELLO in version 1'

start_v1 silent
expect_status 0 "$CLIENT" --timeout 1 "$T" 'echo waited'
expect_match '^waited' "$OUT"
expect_status 255 "$CLIENT" --timeout 1 --protocol 2 "$T" true
expect_match 'silent for too long'
ok 'a server that says nothing'

# The real server, spoken to in version 1.
start_server
expect_status 0 "$CLIENT" --protocol 1 "$T" 'echo real'
expect_match '^real' "$OUT"
expect_status 0 "$CLIENT" --protocol 1 "$T" -u "$TMP/data:$TMP/real" -d "$TMP/real:$TMP/real2"
expect_same "$TMP/data" "$TMP/real2"
ok 'version 1 with our own server'
stop_server

# Who hears no answer asks again in version 1. So the answer goes out before the command begins: a
# server that is killed then has its command run once.
need strace
wrapped=$SERVER
cat >"$TMP/traced" <<END
#!/bin/sh
exec strace -D -f -qq -e trace=sendto,clone,clone3,fork,vfork -o $TMP/trace $wrapped "\$@"
END
chmod +x "$TMP/traced"
SERVER=$TMP/traced
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 start_server
expect_status 255 "$CLIENT" "$T" "echo once >>$TMP/runs; kill -KILL \$PPID; sleep 5"
expect_line once "$TMP/runs"
[ "$(wc -l <"$TMP/runs")" -eq 1 ] || fail 'the command ran twice'
stop_server
# The connection's process is the first child of the listener.
connection=$(sed -nE 's/.*clone.* = ([0-9]+)$/\1/p' "$TMP/trace" | head -n 1)
[ -n "$connection" ] || fail 'the trace shows no connection'
first=$(sed -nE "s/^$connection +([a-z0-9]+)\(.*/\1/p" "$TMP/trace" | head -n 1)
[ "$first" = sendto ] || fail "the connection began with $first"
ok 'HELLO is answered before the command begins'
