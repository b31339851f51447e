#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# vsock-shell-proxy: hands the socket over, relays without loss, never half-closes where a VMM is on
# the way, and says in a sentence what went wrong.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

PEER=$SUPPORT/proxy_peer.py
SIZE=67108864

need python3

# serve NAME MODE...: a server of one connection on $TMP/NAME, its end in $!.
serve()
{
    local path=$TMP/$1
    shift
    start_background "$PEER" serve "$path" "$@" >"$TMP/serve.out"
    SERVE_PID=$!
    wait_for 10 unix_listens "$path" || fail "the server on $path did not start"
}

served_well()
{
    wait "$SERVE_PID" || fail "the server behind the proxy complains"
}

head -c "$SIZE" /dev/urandom >"$TMP/data"

serve pass echo
"$PEER" ssh "$TMP/data" "$PROXY" -F "unix:$TMP/pass.vsock" 5000 >"$TMP/back"
expect_same "$TMP/data" "$TMP/back"
served_well
ok 'the socket is handed to ssh and the proxy has gone'

serve unix echo
"$PROXY" "unix:$TMP/unix" <"$TMP/data" >"$TMP/back"
expect_same "$TMP/data" "$TMP/back"
served_well
ok '64 MiB each way over a unix socket, ended by the end of the input'

serve mux mux "$SIZE"
# shellcheck disable=SC2002 # a pipe is what ssh gives
cat "$TMP/data" | "$PROXY" "mux:$TMP/mux" 6001 | cat >"$TMP/back"
expect_same "$TMP/data" "$TMP/back"
served_well
expect_line 'CONNECT 6001' "$TMP/serve.out"
ok '64 MiB each way over a mux, without a half-close'

serve port mux 0
expect_status 0 "$PROXY" "mux:$TMP/port:7003.vsock" 5000 </dev/null
served_well
expect_line 'CONNECT 7003' "$TMP/serve.out"
ok "a port in the address comes before ssh's"

serve option mux 0
expect_status 0 "$PROXY" "mux:$TMP/option" 5000 -p 6002 </dev/null
served_well
expect_line 'CONNECT 6002' "$TMP/serve.out"
ok "-p comes before ssh's, too"

mkdir -p "$HOME/.config/vsock-shell"
printf 'muxed mux:%s:7004\n' "$TMP/listed" >"$HOME/.config/vsock-shell/hosts"
for words in "$PROXY:-p 6003 muxed.vsock 5000:6003" "$PROXY:muxed 5000:7004" \
    "$CLIENT:-p 6004 muxed true:6004" "$CLIENT:muxed true:7004"; do
    IFS=: read -r program arguments port <<<"$words"
    serve listed mux 0 2>/dev/null
    # shellcheck disable=SC2086 # words on purpose
    run "$program" $arguments </dev/null
    wait "$SERVE_PID" || true # the client's way to end is not what it waits for
    expect_line "CONNECT $port" "$TMP/serve.out"
    rm "$TMP/listed"
done
ok '-p comes before the port of a hosts file, that one before the port of ssh'

for program in "$PROXY" "$CLIENT"; do
    for host in "mux:$TMP/none:6000" "mux:$TMP/none:6000.vsock"; do
        expect_status 2 "$program" -p 5000 "$host"
        expect_match "'$host' names port 6000 and -p names 5000: give one of them"
        expect_status 255 "$program" -p 6000 "$host"
        expect_match "$TMP/none"
    done
done
ok 'two different ports are refused, the same one twice is not'

serve fast send "$TMP/data"
mkfifo "$TMP/silent"
exec 3<>"$TMP/silent"
expect_status 0 timeout 30 "$PROXY" "unix:$TMP/fast" <"$TMP/silent"
exec 3>&-
expect_same "$TMP/data" "$OUT"
served_well
ok 'what a server says before it closes arrives whole, and the proxy ends'

serve named echo
printf 'box unix:%s\n' "$TMP/named" >"$HOME/.config/vsock-shell/hosts"
printf 'hello\n' | "$PROXY" box.vsock >"$TMP/back"
served_well
expect_line 'hello' "$TMP/back"
ok 'a name of the hosts file, as ssh spells it'

expect_status 255 "$PROXY" "unix:$TMP/nobody" </dev/null
expect_match "vsock-shell-proxy: .*$TMP/nobody"
[ "$(wc -l <"$ERR")" -eq 1 ] || fail 'not one sentence'
expect_status 255 "$PROXY" no-such-vm.vsock </dev/null
expect_match "no-such-vm"
[ "$(wc -l <"$ERR")" -eq 1 ] || fail 'not one sentence'
expect_status 255 "$PROXY" -F "unix:$TMP/named"
expect_match 'ProxyUseFdpass'
ok 'failures are one sentence and 255'

for wrong in '' '-p 4294967295 3' '-p x 3' '3 5000 6000' '3 -1' '--wait soon 3' '--nonsense 3'; do
    # shellcheck disable=SC2086 # words on purpose
    expect_status 2 "$PROXY" $wrong </dev/null
done
expect_status 0 "$PROXY" --help
expect_match '^Usage: ' "$OUT"
expect_status 0 "$PROXY" --version
expect_match '^vsock-shell-proxy [0-9]' "$OUT"
ok 'wrong use is 2, help is 0'

(
    sleep 1
    exec "$PEER" serve "$TMP/late" echo
) &
printf 'waited\n' | "$PROXY" --wait 20 "unix:$TMP/late" >"$TMP/back"
expect_line 'waited' "$TMP/back"
ok '--wait tries until somebody listens'

expect_status 0 "$PEER" ssh-leaves "$PROXY" -F --wait 30 "unix:$TMP/never"
expect_line 255
ok 'the proxy does not wait for a VM when ssh has gone'
