#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The installed OpenRC script, run by OpenRC's own openrc-run in a copy of this machine that is thrown
# away: start, status, reload, restart, stop; settings that cannot work; under supervise-daemon.

TEST_LIMIT=90
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/packages.sh
. "$SUPPORT/packages.sh"
# shellcheck source=../support/sandbox_lib.sh
. "$SUPPORT/sandbox_lib.sh"
need_unix
need cmake nsenter

INSTALLED=$TMP/installed
BOX=$TMP/box
T=unix:$BOX/sock
mkdir -p "$BOX/root" "$INSTALLED"
expect_status 0 install_build --prefix "$INSTALLED"
script=$(find "$INSTALLED" -path '*/init.d/vsock-shell')
conf=$(find "$INSTALLED" -path '*/conf.d/vsock-shell')
[ -x "$script" ] && [ -f "$conf" ] || fail 'the script or its settings are not installed'
expect_line "command=\"$INSTALLED/bin/vsock-shell-server\"" "$script"
for shell in sh 'busybox ash'; do
    command -v "${shell%% *}" >/dev/null || continue
    # shellcheck disable=SC2086
    expect_status 0 $shell -n "$script"
done
ok 'installed, and a shell can read it'

packages_unpack openrc openrc libeinfo1 librc1
mkdir -p "$TMP/layer/etc/init.d" "$TMP/layer/etc/conf.d"
cp "$script" "$TMP/layer/etc/init.d/"
cp "$conf" "$TMP/layer/etc/conf.d/"
# A machine on which OpenRC has booted. Its shell is process 1, for it reaps the daemons.
# shellcheck disable=SC2016
sandbox_start -l "$LAYER" -l "$TMP/layer" -b "$BOX" -b "$INSTALLED" sh -c 'mkdir /run/openrc && cd /run/openrc &&
    mkdir daemons exclusive failed hotplugged inactive options scheduled started starting stopped stopping \
        tmp wasinactive && : >softlevel; sleep 1000; :'
sandbox_wait test -e /run/openrc/softlevel

service()
{
    inside /etc/init.d/vsock-shell --nocolor "$@"
}

options()
{
    inside sh -c "echo '$1' >>/etc/conf.d/vsock-shell"
}

options "VSOCK_SHELL_OPTIONS=\"--listen $T --root $BOX/root -v\""
expect_status 3 service status
# Nobody waits between start and the client: start returns when the server is bound.
expect_status 0 service start
expect_status 5 "$CLIENT" "$T" 'exit 5'
expect_status 0 service status
expect_match 'status: started' "$OUT"
pid=$(inside cat /run/vsock-shell.pid)
[ "$(inside readlink "/proc/$pid/exe")" = "$INSTALLED/bin/vsock-shell-server" ] || fail 'the pid file is wrong'
ok 'start returns when the server is bound; status'

# The folder is opened at the start, and again by a reload.
mv "$BOX/root" "$BOX/moved"
mkdir "$BOX/root"
serves_new_folder()
{
    "$CLIENT" -q "$T" -u "$script:/one" 2>/dev/null
    [ -e "$BOX/root/one" ]
}
! serves_new_folder || fail 'the folder is read without a reload'
expect_status 0 service reload
wait_for 5 serves_new_folder || fail 'reload does not reach the server'
[ "$(inside cat /run/vsock-shell.pid)" = "$pid" ] || fail 'reload is another server'
expect_status 0 service restart
[ "$(inside cat /run/vsock-shell.pid)" != "$pid" ] || fail 'restart is the same server'
pid=$(inside cat /run/vsock-shell.pid)
expect_status 6 "$CLIENT" "$T" 'exit 6'
ok 'reload, restart'

# What the shell reads later wins.
options 'VSOCK_SHELL_OPTIONS="$VSOCK_SHELL_OPTIONS --allow guest"'
expect_status 1 service restart
expect_match "'guest' is not host"
[ "$(inside cat /run/vsock-shell.pid)" = "$pid" ] || fail 'bad settings ended the server'
expect_status 0 "$CLIENT" "$T" true
options "VSOCK_SHELL_OPTIONS=\"--listen $T -v\""
expect_status 0 service stop
expect_status 3 service status
[ ! -e "$BOX/sock" ] || fail 'the socket is left'
ok 'settings that cannot work are told and leave a running server alone; stop'

options "supervisor=supervise-daemon output_log=$BOX/log error_log=$BOX/log"
expect_status 0 service start
answers()
{
    "$CLIENT" -q --timeout 2 "$T" true 2>/dev/null
}
wait_for 10 answers || fail 'supervise-daemon did not start the server'
pid=$(inside cat /run/vsock-shell.pid)
expect_status 0 service reload
wait_for 5 grep -q 'the policy has been read again' "$BOX/log" || fail 'reload does not reach the server'
inside kill -KILL "$pid"
another()
{
    [ "$(inside cat /run/vsock-shell.pid)" != "$pid" ] && answers
}
wait_for 10 another || fail 'the server that was killed is not started again'
expect_status 0 service stop
wait_for 10 inside test ! -e /run/vsock-shell.pid || fail 'stop did not end the server'
ok 'under supervise-daemon: the server comes again when it was killed; reload, stop'
