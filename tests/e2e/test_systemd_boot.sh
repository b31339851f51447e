#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The installed units under a real systemd: process 1 of namespaces of its own, in a copy of this
# machine that is thrown away. Only the sockets are moved to unix sockets.

TEST_LIMIT=90
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/sandbox_lib.sh
. "$SUPPORT/sandbox_lib.sh"
need_unix
need cmake systemctl nsenter
[ -x /lib/systemd/systemd ] || skip 'systemd is not installed'

LAYER=$TMP/layer
SOCKETS=$TMP/sockets
mkdir "$LAYER" "$SOCKETS" "$TMP/credentials"
chmod 755 "$TMP" "$SOCKETS"
DESTDIR=$LAYER expect_status 0 install_build --prefix /usr

# No boot around it, and no journal: what the units say goes to a file.
for unit in service socket; do
    mkdir -p "$LAYER/etc/systemd/system/vsock-shell.$unit.d"
    printf '[Unit]\nDefaultDependencies=no\n' >"$LAYER/etc/systemd/system/vsock-shell.$unit.d/test.conf"
done
printf '[Socket]\nListenStream=\nListenStream=%s/sock\n' "$SOCKETS" \
    >>"$LAYER/etc/systemd/system/vsock-shell.socket.d/test.conf"
printf '[Service]\nStandardError=append:%s/unit.log\n' "$SOCKETS" \
    >>"$LAYER/etc/systemd/system/vsock-shell.service.d/test.conf"
mkdir "$LAYER/etc/systemd/system/vsock-shell@.service.d"
printf '[Unit]\nDefaultDependencies=no\n[Service]\nStandardError=append:%s/each.log\n' "$SOCKETS" \
    >>"$LAYER/etc/systemd/system/vsock-shell@.service.d/test.conf"
printf '[Unit]\nDefaultDependencies=no\n' >"$LAYER/etc/systemd/system/nothing.target"

SSH_OPTIONS=''
if [ -x "$SSH_SESSION" ] && command -v ssh >/dev/null && command -v ssh-keygen >/dev/null; then
    SSH_OPTIONS="--ssh --host-key $SOCKETS/host_key --shell /bin/sh"
    ssh-keygen -q -t ed25519 -N '' -f "$TMP/id"
    cp "$TMP/id.pub" "$TMP/credentials/ssh.authorized_keys.root"
fi
mkdir -p "$LAYER/etc/default"
# The build knows another prefix than the one that it is installed to here.
printf 'VSOCK_SHELL_OPTIONS="-v --listen unix:%s/own --control /run/vsock-shell/control %s"\nVSOCK_SHELL_LIBEXEC=/usr/libexec\n' \
    "$SOCKETS" "$SSH_OPTIONS" >"$LAYER/etc/default/vsock-shell"

sandbox_start -l "$LAYER" -b "$SOCKETS" -b "$TMP/credentials" \
    -e container=vsh -e "CREDENTIALS_DIRECTORY=$TMP/credentials" \
    /lib/systemd/systemd --unit=nothing.target --show-status=no
sandbox_wait systemctl is-active --quiet nothing.target

systemctl_says()
{
    run inside systemctl "$@"
}

for unit in vsock-shell.service vsock-shell.socket; do
    systemctl_says is-enabled "$unit"
    expect_line disabled
    systemctl_says is-active "$unit"
    expect_line inactive
done
ok "$(/lib/systemd/systemd --version | head -n 1) runs; the units are off until enabled"

# vsock-shell.service. Type=notify: start returns when the server is ready, so nobody waits here.

T=unix:$SOCKETS/own
expect_status 0 inside systemctl start vsock-shell.service
expect_status 3 "$CLIENT" "$T" 'cat /proc/self/cgroup; echo "<$CREDENTIALS_DIRECTORY$NOTIFY_SOCKET>"; exit 3'
expect_match '^0::/system\.slice/vsock-shell\.service$' "$OUT"
expect_line '<>'
systemctl_says show -p StatusErrno -p ActiveState -p NRestarts vsock-shell.service
expect_line ActiveState=active
expect_line NRestarts=0
ok 'the service is ready when systemctl start returns'

# In the unit's RuntimeDirectory=, as the default of a server on vsock is.
expect_status 0 inside vsock-shell-server --status --control /run/vsock-shell/control
ok 'vsock-shell-server --status finds it'

ssh_to()
{
    ssh -F none -i "$TMP/id" -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes \
        -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile="$TMP/known_hosts" -o LogLevel=ERROR \
        -o ProxyCommand="$PROXY -F unix:$SOCKETS/$1" -o ProxyUseFdpass=yes -l "$2" t.vsock "$3" </dev/null
}

if [ -n "$SSH_OPTIONS" ]; then
    expect_status 4 ssh_to own root 'id -u; exit 4'
    expect_line 0
    expect_status 255 ssh_to own nobody 'exit 4'
    ok 'the credential of the machine is the key of root'
fi

expect_status 0 inside systemctl reload vsock-shell.service
wait_for 5 grep -q 'the policy has been read again' "$SOCKETS/unit.log" || fail 'reload does not reach the server'
# What a user left running on purpose stays.
expect_status 0 "$CLIENT" "$T" 'setsid sleep 300 >/dev/null 2>&1 </dev/null & echo $!'
read -r left <"$OUT"
expect_status 0 inside systemctl restart vsock-shell.service
expect_status 0 "$CLIENT" "$T" "kill $left"
expect_status 0 inside systemctl stop vsock-shell.service
ok 'reload; a restart leaves what a user started with setsid'

# vsock-shell.socket, Accept=no

T=unix:$SOCKETS/sock
expect_status 0 inside systemctl start vsock-shell.socket
systemctl_says is-active vsock-shell.service
expect_line inactive
expect_status 5 "$CLIENT" "$T" 'exit 5'
[ -z "$SSH_OPTIONS" ] || expect_status 6 ssh_to sock root 'exit 6'
systemctl_says is-active vsock-shell.service
expect_line active
ok 'the socket starts the service at the first connection'

# The same socket with Accept=yes

expect_status 0 inside sh -c 'systemctl stop vsock-shell.service vsock-shell.socket
    printf "[Socket]\nAccept=yes\n" >/etc/systemd/system/vsock-shell.socket.d/accept.conf
    systemctl daemon-reload && systemctl start vsock-shell.socket'
expect_status 7 "$CLIENT" "$T" 'cat /proc/self/cgroup; exit 7'
expect_match '^0::/system\.slice/system-vsock.*shell\.slice/vsock-shell@.*\.service$' "$OUT"
[ -z "$SSH_OPTIONS" ] || expect_status 8 ssh_to sock root 'exit 8'
no_instance()
{
    [ -z "$(inside systemctl list-units --all --plain --no-legend 'vsock-shell@*')" ]
}
wait_for 10 no_instance || fail 'instances of vsock-shell@.service are left'
systemctl_says is-active vsock-shell.service
expect_line inactive
expect_status 0 inside systemctl stop vsock-shell.socket
ok 'Accept=yes: a unit per connection, none is left or failed'

# files-only.conf

expect_status 0 inside sh -c 'echo "box:x:4242:4242::/nonexistent:/usr/sbin/nologin" >>/etc/passwd
    mkdir -p /srv/box && chown 4242:4242 /srv/box && chmod 755 /srv && echo secret >/srv/secret
    cp /usr/share/doc/vsock-shell/examples/files-only.conf /etc/systemd/system/vsock-shell.service.d/
    echo "VSOCK_SHELL_OPTIONS=\"-v --no-exec --no-forward --allow-uid 0 --root /srv/box\"" >/etc/default/vsock-shell
    rm /etc/systemd/system/vsock-shell.socket.d/accept.conf
    systemctl daemon-reload && systemctl start vsock-shell.socket'
head -c 300000 /dev/urandom >"$TMP/data"
expect_status 0 "$CLIENT" -q "$T" -u "$TMP/data:/in"
expect_status 0 "$CLIENT" -q "$T" -d "/in:$TMP/back"
expect_same "$TMP/data" "$TMP/back"
expect_status 255 "$CLIENT" "$T" true
expect_match 'no-exec'
expect_status 0 inside stat -c '%u %a' /srv/box/in
expect_line '4242 644'
for key in CapEff 'NoNewPrivs' Seccomp; do
    inside sh -c 'grep -h "^'$key':" /proc/$(systemctl show --value -p MainPID vsock-shell.service)/status' \
        >>"$TMP/proc.status"
done
expect_match '^CapEff:	0+$' "$TMP/proc.status"
expect_match '^NoNewPrivs:	1$' "$TMP/proc.status"
expect_match '^Seccomp:	2$' "$TMP/proc.status"
ok 'files-only.conf: files go both ways, nothing runs, no capability is held'

expect_status 0 inside systemctl stop vsock-shell.socket vsock-shell.service
expect_status 0 inside systemctl exit 0
wait_for 15 is_gone "$SANDBOX" || fail 'systemd does not end'
