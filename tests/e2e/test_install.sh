#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What `cmake --install` puts where, and that it works from there.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need cmake
need_unix

prefix=$TMP/prefix
expect_status 0 install_build --prefix "$prefix"
for program in server client proxy; do
    [ -x "$prefix/bin/vsock-shell-$program" ] || fail "bin/vsock-shell-$program is not installed"
    expect_status 0 "$prefix/bin/vsock-shell-$program" --version
    expect_match "^vsock-shell-$program [0-9]+\.[0-9]+" "$OUT"
    expect_status 0 "$prefix/bin/vsock-shell-$program" --help
    expect_match '^[Uu]sage: ' "$OUT"
    [ -n "$(find "$prefix" -path "*/man*/vsock-shell-$program.[18]")" ] ||
        fail "vsock-shell-$program has no manual page"
done
[ ! -e "$SSH_SESSION" ] || [ -x "$prefix/libexec/vsock-shell-ssh-session" ] ||
    fail 'libexec/vsock-shell-ssh-session is not installed'
[ -n "$(find "$prefix" -path '*/man7/vsock-shell-protocol.7')" ] || fail 'vsock-shell-protocol(7) is not installed'
[ -n "$(find "$prefix" -name PROTOCOL.md)" ] || fail 'PROTOCOL.md is not installed'
ok 'programs, manual pages and documents are in place'

# Nothing of the build folder is needed any more.
SERVER=$prefix/bin/vsock-shell-server
start_server
expect_status 5 "$prefix/bin/vsock-shell-client" "$T" 'echo installed; exit 5'
expect_line installed
ok 'the installed programs work'
