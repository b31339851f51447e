#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# vsock-shell-ssh-session by itself: options, the host key, pipes instead of a socket, an external
# sftp program, algorithms.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/ssh_setup.sh
. "$SUPPORT/ssh_setup.sh"

SSH_DIRECT=1

expect_status 0 "$SSH_SESSION" --help
expect_match '^usage: vsock-shell-ssh-session' "$OUT"
expect_status 0 "$SSH_SESSION" --version
expect_match '^vsock-shell-ssh-session [0-9]' "$OUT"

# wrong ERE WORD...: wrong use, status 2, one sentence on stderr
wrong()
{
    expect_status 2 "$SSH_SESSION" "${@:2}"
    [ ! -s "$OUT" ] || fail "a mistake is told on stdout: ${*:2}"
    expect_match "$1"
}
wrong "'extra' is one argument too many" extra
wrong 'not a list of publickey and none' --ssh-auth password
wrong "'x' is not a number of seconds" --login-grace x
wrong "cannot open folder '/no/such'" --root /no/such
wrong "'tape' is not stderr, syslog or json" --log tape
wrong 'only the built-in server keeps them' --sftp-server /bin/true --no-upload
wrong 'unrecognized option' --no-such-option
expect_status 255 "$SSH_SESSION" --host-key "$TMP/key" --user no-such-user </dev/null
expect_match "there is no user 'no-such-user'"
ok 'options'

expect_status 0 "$SSH_SESSION" --host-key "$TMP/deep/er/key" --show-host-key
line=$(cat "$OUT")
[[ $line =~ ^ssh-ed25519\ [A-Za-z0-9+/=]+\ SHA256:[A-Za-z0-9+/]+$ ]] || fail "host key line: $line"
[ "$(stat -c %a "$TMP/deep/er/key")" = 600 ] || fail 'the host key can be read by others'
[ "$(ls "$TMP/deep/er")" = key ] || fail 'something beside the host key'
[ "$(ssh-keygen -yf "$TMP/deep/er/key" | cut -d' ' -f2)" = "$(cut -d' ' -f2 <<<"$line")" ] ||
    fail 'not the public half'
[ "$(ssh-keygen -lf "$TMP/deep/er/key" | cut -d' ' -f2)" = "$(cut -d' ' -f3 <<<"$line")" ] ||
    fail 'not its fingerprint'
expect_status 0 "$SSH_SESSION" --host-key "$TMP/deep/er/key" --show-host-key
expect_line "$line"
pids=()
for i in {1..8}; do
    "$SSH_SESSION" --host-key "$TMP/race" --show-host-key >"$TMP/race.$i" 2>/dev/null &
    pids+=($!)
done
wait "${pids[@]}"
[ "$(sort -u "$TMP"/race.? | wc -l)" -eq 1 ] || fail 'two sessions made two host keys'
chmod 644 "$TMP/race"
expect_status 255 "$SSH_SESSION" --host-key "$TMP/race" --show-host-key
expect_match 'can be read by others \(mode 0644\)'
echo nonsense >"$TMP/nonsense"
chmod 600 "$TMP/nonsense"
expect_status 255 "$SSH_SESSION" --host-key "$TMP/nonsense" --show-host-key
expect_match 'holds no private key'
expect_status 255 "$SSH_SESSION" --host-key /proc/none/key --show-host-key
expect_match 'cannot make the host key .* --host-key'
if [ "$(id -u)" -ne 0 ]; then
    expect_status 0 "$SSH_SESSION" --show-host-key
    [ -e "$HOME/.config/vsock-shell/ssh_host_ed25519_key" ] || fail 'the default place'
fi
ok 'the host key: made once, private, shown'

ssh-keygen -q -t ecdsa -N '' -f "$TMP/ecdsa"
for key in "$TMP/race" "$TMP/ecdsa"; do
    chmod 600 "$key"
    ssh_start --host-key "$key"
    rm -f "$TMP/known_hosts"
    expect_status 0 "${SSH[@]}" t true
    grep -qF "$(ssh-keygen -yf "$key" | cut -d' ' -f2)" "$TMP/known_hosts" || fail "not the key $key"
    stop_server
done
ok 'a host key of another kind'
rm -f "$TMP/known_hosts"

# Two pipes, as a ProxyCommand or inetd without sockets gives them; and the server's own way.
ssh_start
head -c 20000000 /dev/urandom >"$TMP/data"
cat >"$TMP/pipes" <<END
#!/bin/sh
exec 3>&1
cat | "$SSH_SESSION" -i --host-key $TMP/host_key --shell /bin/sh 2>>$TMP/pipes.log | cat >&3
END
chmod +x "$TMP/pipes"
"${SSH[@]}" -o ProxyUseFdpass=no -o "ProxyCommand=$TMP/pipes" t cat <"$TMP/data" >"$TMP/back"
expect_same "$TMP/data" "$TMP/back"
expect_status 9 "${SSH[@]}" -o ProxyUseFdpass=no -o "ProxyCommand=$TMP/pipes" t 'exit 9'
wait_for 5 no_session_left || fail 'a session on pipes is left'
ok 'pipes instead of a socket'
stop_server

# The external program gets the channel as it is.
cat >"$TMP/sftp-program" <<'END'
#!/bin/sh
head -c 5 >/dev/null
printf 'hello from outside'
END
chmod +x "$TMP/sftp-program"
ssh_start --sftp-server "$TMP/sftp-program"
printf '12345' | "${SSH[@]}" -s t sftp >"$OUT"
[ "$(cat "$OUT")" = 'hello from outside' ] || fail 'the external program was not used'
stop_server
ok '--sftp-server'

ssh_start --log json
expect_status 0 "${SSH[@]}" t true
expect_match '^\{.*logged in.*\}$' "$TMP/server.log"
run "${SSH[@]}" -s t no-such-subsystem
[ "$STATUS" -ne 0 ] || fail 'an unknown subsystem was accepted'
ok '--log json, unknown subsystems'

# What a client of OpenSSH and what another one gets. A hand-written banner stands for the other.
run "${SSH[@]}" -vv -o LogLevel=DEBUG2 t true
if grep -q '^flags.* aes ' /proc/cpuinfo 2>/dev/null; then
    expect_match 'cipher: aes(128|256)-gcm@openssh.com'
fi
# OpenSSH wants a post-quantum exchange first. libssh has them from 0.12 on, and tells in its own text.
libssh=$(ldd "$SSH_SESSION" | awk '$1 ~ /^libssh\./ { print $3 }')
for kex in mlkem768x25519-sha256 sntrup761x25519-sha512; do
    # grep reads to the end: ssh must not meet a closed pipe.
    if grep -aq "$kex" "$libssh" && ssh -Q kex | grep -xF "$kex" >/dev/null; then
        expect_status 0 "${SSH[@]}" -vv -o KexAlgorithms="$kex,curve25519-sha256" -o LogLevel=DEBUG2 t true
        expect_match "kex: algorithm: $kex"
    fi
done
CHACHA=(-o Ciphers=chacha20-poly1305@openssh.com -o LogLevel=DEBUG2)
if grep -q '^flags.* aes ' /proc/cpuinfo 2>/dev/null; then
    expect_status 255 "${SSH[@]}" -vv "${CHACHA[@]}" t true
    expect_match 'no matching cipher found'
fi
stop_server
ssh_start --ssh-all-ciphers
expect_status 0 "${SSH[@]}" -vv "${CHACHA[@]}" t true
expect_match 'cipher: chacha20-poly1305@openssh.com'
expect_match 'kex-strict-s-v00@openssh.com'
expect_match 'compression: none'
if command -v ssh-audit >/dev/null; then
    ssh_start_tcp "$TMP/port"
    run ssh-audit -n -l fail -p "$(cat "$TMP/port")" 127.0.0.1
    ! grep -E '^\((kex|key|enc|mac)\).*\[fail\]' "$OUT" || fail 'ssh-audit finds failures'
    ok 'ssh-audit shows no failure'
fi
ok 'algorithms'
