#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# usage: tests/readme/run.sh
#
# A reader who has nothing but the README: in a fresh Debian 12 runs the first of its two commands and
# the lines of "Try it without a VM", as they stand there, to `ssh t.vsock`. Takes root, debootstrap
# and some minutes. KEEP_TMP=1 keeps the Debian.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
# shellcheck source=../support/chroot.sh
. "$top/tests/support/chroot.sh"

give_up()
{
    printf 'readme: FAILED: %s\n' "$1" >&2
    exit 1
}

# The indented lines below a heading, up to the next one.
lines_of()
{
    awk -v heading="$1" '
        /^## / { inside = ($0 == "## " heading); next }
        inside && sub(/^    /, "")
    ' "$top/README.md"
}

chroot_can || exit
tmp=$(mktemp -d "${TMPDIR:-/tmp}/vsh-readme.XXXXXX")
cleanup()
{
    [ -n "${KEEP_TMP:-}" ] || rm -rf --one-file-system "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

root=$tmp/debian
echo 'a fresh Debian 12'
chroot_make "$root" >"$tmp/debootstrap.log" 2>&1 || {
    tail -n 3 "$tmp/debootstrap.log"
    echo 'SKIP: no fresh Debian can be had from the mirror of this machine'
    exit 77
}

# What somebody has who has fetched the source.
mkdir "$root/root/vsock-shell"
tar -C "$top" -c --exclude ./build --exclude ./.git . | tar -C "$root/root/vsock-shell" -x --no-same-owner

grep -qE '^    contrib/quickstart\.sh( |$)' "$top/README.md" || give_up 'the README does not name contrib/quickstart.sh'
lines_of 'Try it without a VM' >"$tmp/recipe"
[ "$(tail -n 1 "$tmp/recipe")" = 'ssh t.vsock' ] || give_up 'the recipe does not end with "ssh t.vsock"'

# The shells that the last two lines open have something to do, and are left.
{
    echo 'set -eux'
    echo 'export DEBIAN_FRONTEND=noninteractive'
    echo 'cd ~/vsock-shell'
    echo contrib/quickstart.sh
    # shellcheck disable=SC2016
    sed -E 's/^(vsock-shell-client t|ssh t\.vsock)$/echo '\''echo "in $0 of $(id -un), ${SSH_CONNECTION:-native}"; exit 7'\'' | { \1 || echo "status $?"; }/' \
        "$tmp/recipe"
    # shellcheck disable=SC2016
    echo 'kill $(cat ~/t.pid)'
} >"$root/root/reader.sh"

chroot_run "$root" bash /root/reader.sh >"$tmp/log" 2>&1 || {
    tail -n 40 "$tmp/log"
    give_up 'a command of the README failed'
}
tail -n 12 "$tmp/log"
grep -qE '^in .*sh of root, native$' "$tmp/log" || give_up 'vsock-shell-client t ran no shell'
grep -qE '^in .*sh of root, unix:uid=0 ' "$tmp/log" || give_up 'ssh t.vsock ran no shell'
[ "$(grep -cx 'status 7' "$tmp/log")" -eq 2 ] || give_up 'an exit status was lost'
echo 'PASS from nothing to ssh t.vsock with the README alone'
