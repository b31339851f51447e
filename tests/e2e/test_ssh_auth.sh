#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Who may log in, and what a line of authorized_keys makes of the session: as OpenSSH does it.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/ssh_setup.sh
. "$SUPPORT/ssh_setup.sh"

ssh_home
KEYS=$SAFE/authorized_keys
ssh_start --authorized-keys "$KEYS" --login-grace 3
# From here on the file counts, not the credential that ssh_start put down.
stop_server
rm "$TMP/credentials/"*
unset CREDENTIALS_DIRECTORY
serve()
{
    stop_server
    if [ -n "${SSH_DIRECT:-}" ] || [ ! -x "$SERVER" ]; then
        ssh_listen --host-key "$TMP/host_key" --shell /bin/sh -v "$@"
    else
        start_server --ssh --host-key "$TMP/host_key" --shell /bin/sh -v "$@"
    fi
}
serve --authorized-keys "$KEYS" --login-grace 3
PUBLIC=$(cut -d' ' -f1,2 "$SSH_KEY.pub")

# allow OPTIONS: the file has the test's key with these options
allow()
{
    rm -f "$KEYS"
    printf '# a comment\n\n%s %s me\n' "$1" "$PUBLIC" >"$KEYS"
}

# refused WHY [OPTION...]: the login fails, and the log says why
refused()
{
    local host=t
    [ $# -eq 1 ] || host=keyless
    : >"$TMP/server.log"
    run "${SSH[@]}" "${@:2}" "$host" true
    [ "$STATUS" -eq 255 ] || fail "let in ($STATUS): $1"
    expect_match 'Permission denied \(publickey\)'
    expect_match "$1" "$TMP/server.log"
}

allow ''
expect_status 0 "${SSH[@]}" t true
ok 'a key in the file'

run "${SSH[@]}" -o PubkeyAuthentication=no t true
[ "$STATUS" -eq 255 ] || fail 'let in without a key'
ssh-keygen -q -t ed25519 -N '' -f "$TMP/other"
refused 'no file lists this key' -i "$TMP/other"
rm "$KEYS"
refused 'cannot read'
ok 'no key, a wrong key, no file'

for type in ecdsa rsa; do
    ssh-keygen -q -t "$type" -N '' -f "$TMP/$type"
    cp "$TMP/$type.pub" "$KEYS"
    expect_status 0 "${SSH[@]}" -i "$TMP/$type" keyless true
done
ssh-keygen -q -t rsa -b 1024 -N '' -f "$TMP/small" 2>/dev/null &&
    cp "$TMP/small.pub" "$KEYS" && refused '.' -i "$TMP/small"
ok 'ECDSA and RSA with SHA-2; no small RSA'

allow ''
for mode in 664 602; do
    chmod "$mode" "$KEYS"
    refused 'must belong to the user or root'
done
chmod 600 "$KEYS"
chmod 777 "$SAFE"
refused 'must belong to the user or root'
chmod 700 "$SAFE"
expect_status 0 "${SSH[@]}" t true
ok 'bad permissions of file and folder'

allow 'command="echo forced; echo $SSH_ORIGINAL_COMMAND"'
expect_status 0 "${SSH[@]}" t 'rm -rf something'
expect_line forced
expect_line 'rm -rf something'
expect_status 0 "${SSH[@]}" -T t </dev/null
expect_line forced
run "${SFTP[@]}" -q t </dev/null
[ "$STATUS" -ne 0 ] || fail 'sftp got past command='
allow 'command="internal-sftp"'
printf 'ls /\n' | "${SFTP[@]}" -q -b - t >/dev/null || fail 'command="internal-sftp"'
ok 'command='

allow 'from="local"'
expect_status 0 "${SSH[@]}" t true
allow "from=\"uid=$(id -u)\""
expect_status 0 "${SSH[@]}" t true
allow 'from="10.0.0.1,host"'
refused 'not for peer'
ok 'from='

allow 'expiry-time="20200101"'
refused expired
allow 'expiry-time="20990101Z"'
expect_status 0 "${SSH[@]}" t true
ok 'expiry-time='

allow 'environment="GREETING=hello",environment="LD_PRELOAD=/x"'
expect_status 0 "${SSH[@]}" t 'echo "$GREETING|$LD_PRELOAD"'
expect_line 'hello|'
ok 'environment='

for options in restrict no-pty 'pty,restrict'; do
    allow "$options"
    run "${SSH[@]}" -tt t 'tty; true' </dev/null
    expect_match 'PTY allocation request failed'
done
allow 'restrict,pty'
expect_status 0 "${SSH[@]}" -tt t tty </dev/null
allow no-port-forwarding
run "${SSH[@]}" -W "127.0.0.1:1" t </dev/null
expect_match 'stdio forwarding failed'
allow 'no-such-option'
refused 'unknown'
allow 'cert-authority'
refused 'unknown'
ok 'restrict, pty, no-pty, no-port-forwarding, unknown options'

# A certificate is refused by its type, even one whose key is listed.
allow ''
ssh-keygen -q -s "$TMP/other" -I id -n "$SSH_USER" "$SSH_KEY.pub" 2>/dev/null
refused '.' -i "$SSH_KEY" -o "CertificateFile=$SSH_KEY-cert.pub" \
    -o PubkeyAcceptedAlgorithms=ssh-ed25519-cert-v01@openssh.com
rm -f "$SSH_KEY-cert.pub"
ok 'certificates are refused'

: >"$TMP/server.log"
"${SSH[@]}" -v -l no-such-user -i "$TMP/other" keyless true >"$OUT" 2>"$TMP/unknown" && fail 'an unknown user was let in'
"${SSH[@]}" -v -i "$TMP/other" keyless true >"$OUT" 2>"$TMP/known" && fail 'let in'
for file in unknown known; do
    grep -E 'Authentications that can continue|Permission denied' "$TMP/$file" |
        sed 's/^[^:]*@[^:]*: //' >"$TMP/$file.text"
done
expect_same "$TMP/unknown.text" "$TMP/known.text"
expect_match 'refused no-such-user with .*no such user' "$TMP/server.log"
ok 'an unknown user looks like a known one'

# Six failures, then the line is cut.
wait_for 5 no_session_left
: >"$TMP/server.log"
identities=()
for i in {1..14}; do
    ssh-keygen -q -t ed25519 -N '' -f "$TMP/many$i"
    identities+=(-i "$TMP/many$i")
done
run "${SSH[@]}" -o LogLevel=INFO "${identities[@]}" keyless true
[ "$STATUS" -eq 255 ] || fail 'fourteen keys are not too many'
[ "$(grep -c 'refused .* no file lists this key' "$TMP/server.log")" -eq 6 ] || fail 'not six attempts'
expect_match 'result="Too many authentication failures"' "$TMP/server.log"
ok 'six attempts'

# Somebody who only waits.
start=$SECONDS
mkfifo "$TMP/silence"
exec 9<>"$TMP/silence"
"$PROXY" "$T" <&9 >/dev/null &
STARTED+=("$!")
wait_for 8 grep -q 'no login within' "$TMP/server.log" || fail 'the grace time has no end'
[ $((SECONDS - start)) -lt 8 ] || fail 'the grace time is too long'
ok '--login-grace'

serve --ssh-auth none
if [ "$(id -u)" -eq 0 ]; then
    run "${SSH[@]}" t true
    [ "$STATUS" -eq 255 ] || fail 'root was let in without a key'
    expect_status 0 "${SSH[@]}" -l daemon t 'id -un'
    expect_line daemon
    serve --ssh-auth none --user root
fi
expect_status 0 ssh -F "$TMP/ssh_config" -o PubkeyAuthentication=no t true
ok '--ssh-auth none'
