#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The three lines of ssh_config that the README gives do what it says of them.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_unix
need_ssh
# shellcheck source=../support/ssh_setup.sh
. "$SUPPORT/ssh_setup.sh"

sed -n '/^    Host \*\.vsock$/,/^$/s/^    //p' "$TOP/README.md" >"$TMP/three"
[ "$(wc -l <"$TMP/three")" -eq 3 ] || fail "not three lines: $(cat "$TMP/three")"

ssh_start
export XDG_CONFIG_HOME=$TMP/config PATH=${PROXY%/*}:$PATH
mkdir -p "$XDG_CONFIG_HOME/vsock-shell"
printf 'MyVM %s\n' "$T" >"$XDG_CONFIG_HOME/vsock-shell/hosts"
{
    cat "$TMP/three"
    # A person's key and list of hosts are where ssh finds them by itself.
    printf 'Host *\nIdentityFile %s\nUserKnownHostsFile %s\nStrictHostKeyChecking accept-new\n' \
        "$SSH_KEY" "$TMP/known_hosts"
    printf 'IdentityAgent none\nBatchMode yes\nLogLevel ERROR\nUser %s\n' "$SSH_USER"
} >"$TMP/ssh_config"
expect_status 5 "${SSH[@]}" MyVM.vsock 'echo "by name"; exit 5'
expect_line 'by name'
expect_status 6 "${SSH[@]}" "unix%${SOCKET#/}.vsock" 'exit 6'
echo content >"$TMP/notes.txt"
expect_status 0 "${SCP[@]}" "$TMP/notes.txt" "MyVM.vsock:$TMP/copy.txt"
expect_same "$TMP/notes.txt" "$TMP/copy.txt"
ok 'ssh and scp reach a name and an address by three lines of ssh_config'
