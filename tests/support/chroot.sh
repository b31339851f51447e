# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# A fresh Debian in a folder, for tests that start from nothing: 12, or the suite in CHROOT_SUITE.
# Takes root and debootstrap.
#
#   chroot_can                   says why not, with status 77, where there is no way to have one
#   chroot_begin NAME            for a script of its own: sets CHROOTS to a folder that goes when the script ends, or
#                                ends it as chroot_can says
#   chroot_make FOLDER [PACKAGE...]  makes it, from the mirror that this machine uses, with the packages
#   chroot_source FOLDER PATH    brings the source tree that this file is in to PATH in there
#   chroot_remove FOLDER         removes it, or with KEEP_TMP=1 does not
#   chroot_run FOLDER CMD...     runs CMD in it as root, with process and mount tables of its own, so that
#                                nothing stays behind: what CMD has started ends with it

chroot_can()
{
    if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap >/dev/null; then
        echo 'SKIP: a fresh Debian takes root and debootstrap'
        return 77
    fi
    if ! unshare -mpf true 2>/dev/null; then
        echo 'SKIP: this machine makes no namespaces'
        return 77
    fi
    if [ -z "$(chroot_mirror)" ]; then
        echo 'SKIP: the sources of apt name no mirror of Debian itself'
        return 77
    fi
}

chroot_remove()
{
    [ -n "${KEEP_TMP:-}" ] || rm -rf --one-file-system "${1:?chroot_remove takes a folder}"
}

chroot_begin()
{
    chroot_can || exit
    CHROOTS=$(mktemp -d "${TMPDIR:-/tmp}/vsh-$1.XXXXXX")
    trap 'chroot_remove "$CHROOTS"' EXIT
    trap 'exit 130' INT TERM
    chmod 755 "$CHROOTS" # for those in there who are not root
}

# The first mirror of Debian itself; third parties have no base system.
chroot_mirror()
{
    local found
    found=$(
        sed -nE 's/^URIs: *([^ ]*\/debian)\/? *$/\1/p' /etc/apt/sources.list.d/*.sources 2>/dev/null
        sed -nE 's/^deb (\[[^]]*\] )?([^ ]*\/debian)\/? .*/\2/p' /etc/apt/sources.list 2>/dev/null
    ) || true
    printf '%s\n' "${found%%$'\n'*}"
}

chroot_make()
{
    local folder=${1:?chroot_make takes a folder} suite=${CHROOT_SUITE:-bookworm} mirror packages script
    shift
    packages=$(IFS=,; echo "ca-certificates${*:+,$*}")
    mirror=$(chroot_mirror)
    # A suite that is newer than this debootstrap is made as sid is. This Debian's keys verify it all
    # the same: the archive signs with those of the release before, too.
    script=/usr/share/debootstrap/scripts/$suite
    [ -e "$script" ] || script=${script%/*}/sid
    debootstrap --variant=minbase --include="$packages" "$suite" "$folder" "$mirror" "$script" || return
    printf 'deb %s %s main\n' "$mirror" "$suite" "$mirror" "$suite-updates" \
        "$mirror-security" "$suite-security" >"$folder/etc/apt/sources.list"
    cp /etc/resolv.conf /etc/hosts "$folder/etc/"
    # How this machine reaches its mirror.
    grep -hsE '^Acquire::(http|https|Check)' /etc/apt/apt.conf.d/* >"$folder/etc/apt/apt.conf.d/90mirror" || true
}

chroot_source()
{
    mkdir -p "$1$2"
    tar -C "$(dirname "${BASH_SOURCE[0]}")/../.." -c --exclude ./build --exclude ./.git . |
        tar -C "$1$2" -x --no-same-owner
}

chroot_run()
{
    local folder=${1:?chroot_run takes a folder}
    shift
    # shellcheck disable=SC2016
    unshare -mpf --propagation private bash -euc '
        . "$1"
        folder=$2
        shift 2
        mount -t proc proc "$folder/proc"
        make_devices "$folder"
        mount -t tmpfs -o mode=755 run "$folder/run"
        exec chroot "$folder" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            HOME=/root TERM=xterm LC_ALL=C.UTF-8 "$@"
    ' bash "$(dirname "${BASH_SOURCE[0]}")/devices.sh" "$folder" "$@"
}
