# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# For the tests of a host and its guest, after lib.sh.
#
#   tell_guest COMMAND     a command for QEMU's monitor: stop, cont, quit
#   guest_has_ssh          whether the guest serves SSH (and the host has a client)
#   guest_ssh_config       writes $TMP/config for ssh: *.vsock goes through the proxy

tell_guest()
{
    "$(dirname "${BASH_SOURCE[0]}")/qmp.py" /tmp/qmp "$1" || fail "QEMU did not take $1"
}

guest_has_ssh()
{
    [ -e /guest.key ] && command -v ssh >/dev/null
}

guest_ssh_config()
{
    cp /guest.key "$TMP/key"
    chmod 600 "$TMP/key"
    cat >"$TMP/config" <<END
Host *.vsock
    ProxyCommand $PROXY -F %n %p
    ProxyUseFdpass yes
    Port 5022
    User root
    IdentityFile $TMP/key
    StrictHostKeyChecking accept-new
    UserKnownHostsFile $TMP/known_hosts
    ConnectTimeout 300
    LogLevel ERROR
END
}
