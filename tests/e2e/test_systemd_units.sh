#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The units as they are installed: systemd-analyze has nothing to say against them, and both ways of
# socket activation work through systemd's own program, for the native protocol and for SSH.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_unix
need cmake systemd-analyze systemd-socket-activate

PREFIX=$TMP/prefix
UNITS=$PREFIX/lib/systemd/system
expect_status 0 install_build --prefix "$PREFIX"

# verify

man=no
if command -v man >/dev/null; then
    man=yes
    export MANPATH=$PREFIX/share/man
fi
expect_status 0 systemd-analyze verify --man="$man" "$UNITS"/vsock-shell.socket \
    "$UNITS"/vsock-shell.service "$UNITS"/vsock-shell@.service
[ ! -s "$ERR" ] || { show_run && fail 'systemd-analyze verify has something to say'; }
sed 's/^LoadCredential=/LoadCredentials=/' "$UNITS/vsock-shell.service" >"$TMP/vsock-shell.service"
run systemd-analyze verify --man=no "$TMP/vsock-shell.service"
expect_match "Unknown key.*'LoadCredentials'"
ok 'systemd-analyze verify: three units, and it would have told'

for unit in vsock-shell.service vsock-shell@.service; do
    grep -qxF -e "ExecStart=$PREFIX/bin/vsock-shell-server \$VSOCK_SHELL_OPTIONS" "$UNITS/$unit" ||
        fail "$unit does not start the program that was installed"
    expect_line LoadCredential=ssh.authorized_keys.root "$UNITS/$unit"
    expect_line LoadCredential=ssh.ephemeral-authorized_keys-all "$UNITS/$unit"
done
if find "$UNITS" -name '*.wants' | grep -q .; then
    fail 'installing switches a unit on'
fi
ok 'the installed program, the credentials, and nothing is on by itself'

# security: what a login service costs, and what remains of a server that runs nothing

score_below()
{
    expect_status 0 systemd-analyze security --no-pager --offline=true --threshold="$1" "$2"
    score=$(sed -nE 's/.*exposure level for [^ ]+: ([0-9.]+) .*/\1/p' "$OUT")
    [ -n "$score" ] || { show_run && fail "no exposure level of $2"; }
}

score_below 97 "$UNITS/vsock-shell.service"
sessions=$score
score_below 97 "$UNITS/vsock-shell@.service"
each=$score
mkdir "$UNITS/vsock-shell.service.d"
cp "$PREFIX"/share/doc/vsock-shell/examples/files-only.conf "$UNITS/vsock-shell.service.d/"
score_below 20 "$UNITS/vsock-shell.service"
expect_status 1 systemd-analyze security --no-pager --offline=true --threshold=5 "$UNITS/vsock-shell.service"
ok "exposure: sessions $sessions, per connection $each, files only $score"

# Socket activation

activate()
{
    local socket=$1
    shift
    : >"$TMP/activate.log"
    start_background systemd-socket-activate -l "$socket" "$@" 2>>"$TMP/activate.log"
    activator=$!
    wait_for 10 unix_listens "$socket" || fail "systemd-socket-activate does not listen"
}

ssh_works=''
if [ -x "$SSH_SESSION" ] && command -v ssh >/dev/null && command -v ssh-keygen >/dev/null; then
    ssh_works=1
    mkdir "$TMP/credentials"
    ssh-keygen -q -t ed25519 -N '' -f "$TMP/id"
fi

# By SSH with the key of a credential, as the units pass it.
ssh_over()
{
    ssh -F none -i "$TMP/id" -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes \
        -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile="$TMP/known_hosts" -o LogLevel=ERROR \
        -o ProxyCommand="$PROXY -F unix:$1" -o ProxyUseFdpass=yes -l "$(id -un)" t.vsock "$2" </dev/null
}

OPTIONS=(-v)
ENVIRONMENT=()
if [ -n "$ssh_works" ]; then
    OPTIONS+=(--ssh --host-key "$TMP/host_key" --shell /bin/sh)
    ENVIRONMENT+=(-E "CREDENTIALS_DIRECTORY=$TMP/credentials")
fi
for way in no yes; do
    accept=()
    [ "$way" = no ] || accept=(--accept)
    activate "$TMP/socket.$way" ${accept[@]+"${accept[@]}"} ${ENVIRONMENT[@]+"${ENVIRONMENT[@]}"} \
        "$SERVER" "${OPTIONS[@]}"
    for status in 3 4; do
        expect_status "$status" "$CLIENT" "unix:$TMP/socket.$way" "echo native; exit $status"
        expect_line native
    done
    if [ -n "$ssh_works" ]; then
        rm -f "$TMP/credentials"/*
        expect_status 255 ssh_over "$TMP/socket.$way" true
        for credential in ssh.ephemeral-authorized_keys-all ssh.authorized_keys.root; do
            [ "$credential" != ssh.authorized_keys.root ] || [ "$(id -u)" -eq 0 ] || continue
            rm -f "$TMP/credentials"/*
            cp "$TMP/id.pub" "$TMP/credentials/$credential"
            expect_status 5 ssh_over "$TMP/socket.$way" 'echo "ssh <$CREDENTIALS_DIRECTORY>"; exit 5'
            expect_line 'ssh <>'
        done
    fi
    end_process "$activator"
    ok "Accept=$way: two native clients${ssh_works:+, ssh with the keys of credentials}"
done

# sshd's -i: the connection is standard input and output.
activate "$TMP/inetd" --accept --inetd "$SERVER" -i -v
expect_status 6 "$CLIENT" "unix:$TMP/inetd" 'echo inetd; exit 6'
expect_line inetd
end_process "$activator"
ok 'StandardInput=socket with -i'
