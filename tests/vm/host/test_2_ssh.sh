#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# ssh and scp from the host through the proxy, which hands its socket over.

# shellcheck source=../../support/lib.sh
. "$(dirname "$0")/../../support/lib.sh"
need_ssh

KEY=$TMP/key
cp /guest.key "$KEY"
chmod 600 "$KEY"
cat >"$TMP/config" <<END
Host *.vsock
    ProxyCommand $PROXY -F %n %p
    ProxyUseFdpass yes
    Port 5022
    User root
    IdentityFile $KEY
    StrictHostKeyChecking accept-new
    UserKnownHostsFile $TMP/known_hosts
    ConnectTimeout 300
END
expect_status 9 ssh -F "$TMP/config" 42.vsock 'echo "$SSH_CONNECTION"; hostname; exit 9'
expect_line guest
expect_status 0 ssh -F "$TMP/config" guest42.vsock hostname
expect_line guest
ok 'ssh by CID and by name'

head -c 2M /dev/urandom >"$TMP/data"
expect_status 0 scp -q -F "$TMP/config" "$TMP/data" 42.vsock:/tmp/scp
expect_status 0 scp -q -F "$TMP/config" 42.vsock:/tmp/scp "$TMP/back"
expect_same "$TMP/data" "$TMP/back"
ok 'scp up and down'
