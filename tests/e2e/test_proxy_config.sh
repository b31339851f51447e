#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The drop-in for ssh_config: ssh reads it, and it does what it says for *.vsock and nothing else.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

need ssh

DROP_IN=$TOP/contrib/ssh_config.d/30-vsock-shell.conf

expect_status 0 ssh -G -F "$DROP_IN" MyVM.vsock
expect_line 'proxycommand vsock-shell-proxy -F %n %p'
expect_line 'proxyusefdpass yes'
expect_line 'port 5000'
expect_line 'checkhostip no'
expect_line 'stricthostkeychecking accept-new'
expect_match '^userknownhostsfile .*/\.ssh/known_hosts\.vsock$' "$OUT"
ok 'ssh NAME.vsock goes through the proxy, with checked host keys of its own'

expect_status 0 ssh -G -F "$DROP_IN" vsock.example.org
if grep -q '^proxycommand' "$OUT"; then
    fail 'the drop-in touches other hosts'
fi
expect_line 'port 22'
ok 'other hosts are left alone'

# ssh with a stand-in for the proxy, to see the words that reach it.
mkdir "$TMP/bin"
cat >"$TMP/bin/vsock-shell-proxy" <<END
#!/bin/sh
printf '%s\n' "\$@" >'$TMP/words'
exit 255
END
chmod +x "$TMP/bin/vsock-shell-proxy"
PATH=$TMP/bin:$PATH expect_status 255 ssh -F "$DROP_IN" -o BatchMode=yes MyVM.vsock true
expect_line 'MyVM.vsock' "$TMP/words"
expect_line '5000' "$TMP/words"
PATH=$TMP/bin:$PATH expect_status 255 ssh -F "$DROP_IN" -o BatchMode=yes -p 6000 vsock:3.vsock true
expect_line 'vsock:3.vsock' "$TMP/words"
expect_line '6000' "$TMP/words"
ok 'the proxy gets the name as it was typed, and the port'
