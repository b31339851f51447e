#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The life of the packages under a real systemd: installed by apt, enabled, used, upgraded from within
# a session, removed, purged; and what is left then. In a copy of this machine that is thrown away, or
# with VSH_FRESH_DEBIAN=1 in a Debian from debootstrap: there every file counts, and dependencies come
# from its mirror.

FRESH=${VSH_FRESH_DEBIAN:-}
TEST_LIMIT=$((FRESH ? 900 : 240))
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/debs.sh
. "$SUPPORT/debs.sh"
# shellcheck source=../support/chroot.sh
. "$SUPPORT/chroot.sh"
# shellcheck source=../support/talking.sh
. "$SUPPORT/talking.sh"
# shellcheck source=../support/sandbox_lib.sh
. "$SUPPORT/sandbox_lib.sh"
need nsenter ssh-keygen apt-get deb-systemd-helper
[ -n "$FRESH" ] || need ssh
[ -n "$FRESH" ] || [ -x /lib/systemd/systemd ] || skip 'systemd is not installed'

ROOT=/
LAYER=$TMP/layer
# In there.
PLACE=/srv/vsh-test
T=unix:$PLACE/sock
KEY=/etc/vsock-shell/ssh_host_ed25519_key
ENVIRONMENT=(env -i HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
APT=(apt-get -y -q --no-install-recommends -o APT::Sandbox::User=root)
# All that is needed is installed on this machine: its lists only cost time.
[ -n "$FRESH" ] || APT+=(-o "Dir::State::lists=$PLACE")

box()
{
    inside "${ENVIRONMENT[@]}" "$@"
}

# $1 how to run a command there. Caches, logs and lists are apt's own. On a machine with everything on
# it, our names only.
list_files()
{
    local names='*'
    [ -n "$FRESH" ] || names='*vsock?shell*'
    "$1" find /etc /usr /var /srv -xdev \( -path /var/cache -o -path /var/log -o -path /var/lib/apt \
        -o -path /var/lib/dpkg -o -path "$PLACE" \) -prune -o -path "$names" -print | sort
}

fresh()
{
    chroot_run "$ROOT" "${ENVIRONMENT[@]}" "$@"
}

if [ -n "$FRESH" ]; then
    chroot_can || exit
    ROOT=$TMP/debian
    chroot_make "$ROOT" openssh-client systemd >"$TMP/debootstrap.log" 2>&1 || {
        tail -n 3 "$TMP/debootstrap.log"
        skip 'no fresh Debian can be had from the mirror of this machine'
    }
    LAYER=$ROOT
fi
for revision in 1 2; do
    make_packages "$revision" "$LAYER$PLACE/debs.$revision"
done
VERSION=$(field vsock-shell "$LAYER$PLACE/debs.1" Version)
VERSION=${VERSION%-1}
chmod 755 "$TMP" "$LAYER" "$LAYER/srv" "$LAYER$PLACE"

# Where no systemd runs, and nothing but apt finds what is needed.

if [ -n "$FRESH" ]; then
    list_files fresh >"$TMP/before"
    expect_status 0 fresh sh -c "${APT[*]} install $PLACE/debs.1/*.deb"
    expect_match '^Setting up libssh-4' "$OUT"
    # shellcheck disable=SC2016
    expect_status 5 fresh sh -ec 'vsock-shell-server -d --ssh --listen unix:/run/sock --pid-file /run/pid
        vsock-shell-client unix:/run/sock "exit 5" || status=$?
        kill $(cat /run/pid)
        exit $status'
    expect_status 0 fresh "${APT[@]}" purge "${PACKAGES[@]}"
    expect_status 0 fresh "${APT[@]}" autoremove --purge
    list_files fresh >"$TMP/after"
    diff "$TMP/before" "$TMP/after" >&2 || fail 'files are left'
    # apt fetched it; the sandbox below has no network.
    expect_status 0 fresh sh -c "${APT[*]} install --download-only $PLACE/debs.1/*.deb"
    ok 'without systemd: installed with its dependencies, used, purged; not a file is left'
fi

# What an administrator has, and a boot with nothing in it. The unit of the socket names a vsock port
# and is not started here.
mkdir -p "$LAYER/etc/vsock-shell" "$LAYER/etc/systemd/system/vsock-shell.service.d"
ssh-keygen -q -t ed25519 -N '' -C test -f "$LAYER$PLACE/id"
echo "t $T root" >"$LAYER/etc/vsock-shell/hosts"
printf '[Unit]\nDefaultDependencies=no\n' | tee "$LAYER/etc/systemd/system/nothing.target" \
    >"$LAYER/etc/systemd/system/vsock-shell.service.d/test.conf"
layers=(-l "$LAYER")
[ -z "$FRESH" ] || layers=(-r "$ROOT")
sandbox_start "${layers[@]}" -e container=vsh /lib/systemd/systemd --unit=nothing.target --show-status=no
sandbox_wait systemctl is-active --quiet nothing.target

# An image for containers forbids its packages to start anything; a machine does not. And no index of
# all manual pages.
box rm -f /usr/sbin/policy-rc.d /var/lib/man-db/auto-update
list_files box >"$TMP/before"
expect_status 0 box sh -c "${APT[*]} install $PLACE/debs.1/*.deb"
[ "$(box dpkg-query -W -f '${db:Status-Status} ${Version}\n' "${PACKAGES[@]}" | sort -u)" = "installed $VERSION-1" ] ||
    fail 'not installed'
for unit in vsock-shell.service vsock-shell.socket; do
    run box systemctl is-enabled "$unit"
    expect_line disabled
    run box systemctl is-active "$unit"
    expect_line inactive
done
box find /etc/systemd -name 'vsock-shell*' -type l >"$OUT"
[ ! -s "$OUT" ] || fail "enabled by the installation: $(cat "$OUT")"
box ldconfig -p | grep -q 'libvsock-shell\.so\.1 ' || fail 'the library is not in the cache of ldconfig'
expect_status 0 box dpkg --verify "${PACKAGES[@]}"
[ ! -s "$OUT" ] || fail "dpkg --verify: $(cat "$OUT")"
for program in server client proxy; do
    expect_status 0 box "vsock-shell-$program" --version
    expect_line "vsock-shell-$program $VERSION"
done
ok 'installed: the library is found, and the server is off until somebody enables it'

echo "VSOCK_SHELL_OPTIONS=\"-v --listen $T --ssh --authorized-keys $PLACE/id.pub\"" |
    box tee /etc/default/vsock-shell >/dev/null
expect_status 0 box systemctl enable --now vsock-shell.service
SSH=(ssh -i "$PLACE/id" -o BatchMode=yes -o IdentityAgent=none -o LogLevel=ERROR)
expect_status 5 box vsock-shell-client t 'exit 5'
expect_status 6 box "${SSH[@]}" t.vsock 'exit 6'
box test -s "$KEY" || fail 'the host key is elsewhere'
ok 'enabled: vsock-shell-client t, and ssh t.vsock by the drop-in'

# An upgrade by somebody who came in through what is upgraded, and sessions beside it.

server_pid()
{
    box systemctl show -p MainPID --value vsock-shell.service
}

start_session native box vsock-shell-client -T t
start_session ssh box "${SSH[@]}" t.vsock
before=$(server_pid)
expect_status 0 box vsock-shell-client t "${APT[*]} install $PLACE/debs.2/*.deb && echo upgraded"
expect_line upgraded
[ "$(box dpkg-query -W -f '${db:Status-Status} ${Version}\n' "${PACKAGES[@]}" | sort -u)" = "installed $VERSION-2" ] ||
    fail 'not upgraded'
after=$(server_pid)
[ "$after" != 0 ] && [ "$after" != "$before" ] || fail "the server is still process $before: $after"
[ "$(box readlink "/proc/$after/exe")" = /usr/bin/vsock-shell-server ] || fail 'the server is not the new one'
expect_status 5 box vsock-shell-client t 'exit 5'
expect_status 6 box "${SSH[@]}" t.vsock 'exit 6'
for name in native ssh; do
    talk "$name" 'after the upgrade'
done
box grep -q "$T" /etc/default/vsock-shell || fail 'the settings are gone'
run box systemctl is-enabled vsock-shell.service
expect_line enabled
ok 'upgraded from within a session: a new server, every session goes on, settings are kept'

expect_status 0 box "${APT[@]}" remove "${PACKAGES[@]}"
[ "$(server_pid)" = 0 ] || fail 'the server still runs'
box sh -c "test ! -e $PLACE/sock && ! command -v vsock-shell-client" >"$OUT" || fail 'a program or the socket is left'
box test -e /usr/libexec/vsock-shell-ssh-session && fail 'the helper is left'
box sh -c "test -s /etc/default/vsock-shell -a -s /etc/ssh/ssh_config.d/30-vsock-shell.conf -a -s $KEY" ||
    fail 'the configuration went with the programs'
for name in native ssh; do
    talk "$name" 'after the removal'
    part "$name"
done
ok 'removed: the server ends, sessions go on to their end, the configuration stays'

expect_status 0 box dpkg --purge "${PACKAGES[@]}"
[ -z "$FRESH" ] || expect_status 0 box "${APT[@]}" autoremove --purge
list_files box >"$TMP/after"
diff "$TMP/before" "$TMP/after" >&2 || fail 'files are left'
box test -s /etc/vsock-shell/hosts || fail "the administrator's hosts file is gone"
ok "purged: nothing is left but the administrator's own file"

# Again, with no such file; and with the first start as the only trace.
box rm /etc/vsock-shell/hosts
expect_status 0 box sh -c "${APT[*]} install $PLACE/debs.2/vsock-shell*.deb"
run box systemctl is-enabled vsock-shell.service
expect_line disabled
expect_status 0 box vsock-shell-server --show-host-key
box test -s "$KEY" || fail 'no host key'
expect_status 0 box dpkg --purge vsock-shell-ssh vsock-shell
box test ! -e /etc/vsock-shell || fail 'the folder of the host key is left'
ok 'installed again, purged without being removed before'
