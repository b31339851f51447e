# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Debian packages that a test uses without installing them: unpacked beside each other, as a layer for
# sandbox.sh. Kept in build/packages for the next run.

# packages_unpack NAME PACKAGE...: sets LAYER to the folder, or skips with the reason.
packages_unpack()
{
    local name=$1 base=$TOP/build/packages partial deb
    shift
    LAYER=$base/$name
    [ ! -d "$LAYER" ] || return 0
    command -v apt-get >/dev/null || skip 'these packages come from Debian'
    mkdir -p "$base"
    partial=$(mktemp -d "$base/partial.XXXXXX")
    # /bin and the like are links on the machine, so they have to be links here.
    mkdir -p "$partial"/root/usr/{bin,sbin,lib}
    ln -s usr/bin usr/sbin usr/lib "$partial/root/"
    if ! (cd "$partial" && apt-get download -q "$@") >"$partial/log" 2>&1; then
        tail -n 3 "$partial/log" >&2
        rm -rf "$partial"
        skip "apt-get download $* does not work: run apt-get update"
    fi
    for deb in "$partial"/*.deb; do
        dpkg-deb --fsys-tarfile "$deb" | tar -C "$partial/root" --keep-directory-symlink -x
    done
    # Whole or not at all, also when two runs do it at once.
    mv -T "$partial/root" "$LAYER" 2>/dev/null || [ -d "$LAYER" ]
    rm -rf "$partial"
}
