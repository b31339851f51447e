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

chroot_begin readme
root=$CHROOTS/debian
echo 'a fresh Debian 12'
chroot_make "$root" >"$CHROOTS/debootstrap.log" 2>&1 || {
    tail -n 3 "$CHROOTS/debootstrap.log"
    echo 'SKIP: no fresh Debian can be had from the mirror of this machine'
    exit 77
}

# What somebody has who has fetched the source.
chroot_source "$root" /root/vsock-shell

grep -qE '^    contrib/quickstart\.sh( |$)' "$top/README.md" || give_up 'the README does not name contrib/quickstart.sh'
lines_of 'Try it without a VM' >"$CHROOTS/recipe"
[ "$(tail -n 1 "$CHROOTS/recipe")" = 'ssh t.vsock' ] || give_up 'the recipe does not end with "ssh t.vsock"'

# The shells that the last two lines open have something to do, and are left.
{
    echo 'set -eux'
    echo 'export DEBIAN_FRONTEND=noninteractive'
    echo 'cd ~/vsock-shell'
    echo contrib/quickstart.sh
    # shellcheck disable=SC2016
    sed -E 's/^(vsock-shell-client t|ssh t\.vsock)$/echo '\''echo "in $0 of $(id -un), ${SSH_CONNECTION:-native}"; exit 7'\'' | { \1 || echo "status $?"; }/' \
        "$CHROOTS/recipe"
    # shellcheck disable=SC2016
    echo 'kill $(cat ~/t.pid)'
} >"$root/root/reader.sh"

chroot_run "$root" bash /root/reader.sh >"$CHROOTS/log" 2>&1 || {
    tail -n 40 "$CHROOTS/log"
    give_up 'a command of the README failed'
}
tail -n 12 "$CHROOTS/log"
grep -qE '^in .*sh of root, native$' "$CHROOTS/log" || give_up 'vsock-shell-client t ran no shell'
grep -qE '^in .*sh of root, unix:uid=0 ' "$CHROOTS/log" || give_up 'ssh t.vsock ran no shell'
[ "$(grep -cx 'status 7' "$CHROOTS/log")" -eq 2 ] || give_up 'an exit status was lost'
echo 'PASS from nothing to ssh t.vsock with the README alone'
