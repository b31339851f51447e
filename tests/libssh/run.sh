#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# usage: tests/libssh/run.sh [SUITE...]
#
# The SSH server with newer versions of libssh than Debian 12 has, each as its Debian brings it, with
# that Debian's compiler and OpenSSH: trixie has 0.11, forky 0.12. In a fresh one of each builds
# everything with warnings as errors, runs the unit tests and the end-to-end tests of SSH. Takes root,
# debootstrap and some minutes per suite. KEEP_TMP=1 keeps the Debians.
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=../support/chroot.sh
. "$top/tests/support/chroot.sh"
# shellcheck source=../support/deps.sh
. "$top/tests/support/deps.sh"

packages=("${DEPS_BUILD[@]}" openssh-client openssh-sftp-server rsync python3 procps)
patterns=(ssh sftp session_ record proxy)
suites=("$@")
[ ${#suites[@]} -gt 0 ] || suites=(trixie forky)

chroot_begin libssh
passed=0
failed=0
skipped=0

# $1 suite, $2 what ended with a failure, $3 its log
broken()
{
    tail -n 60 "$3"
    printf 'FAIL %s: %s\n' "$1" "$2"
    failed=$((failed + 1))
}

# $1 suite, $2 folder
test_suite()
{
    local suite=$1 root=$2 log=$2.log status=0 p f s versions
    chroot_source "$root" /srv/vsock-shell
    # shellcheck disable=SC2016
    versions=$(chroot_run "$root" sh -c 'echo "libssh $(pkg-config --modversion libssh), gcc $(gcc -dumpfullversion), $(ssh -V 2>&1 | cut -d " " -f 1 | tr -d ,)"')
    chroot_run "$root" bash -ec 'cd /srv/vsock-shell
        CC=gcc cmake -G Ninja -C contrib/cmake/release.cmake -S . -B build/gcc -DWITH_WERROR=ON
        cmake --build build/gcc -- --quiet' >"$log" 2>&1 || {
        broken "$suite" "$versions: the build" "$log"
        return 0
    }
    # Both, whatever the first one says. The script must not become process 1 there: timeout(1) of
    # newer Debians takes a parent with that number for one that has died.
    chroot_run "$root" bash -c 'cd /srv/vsock-shell
        ctest --test-dir build/gcc -j "$(nproc)" --output-on-failure --no-tests=error
        unit=$?
        tests/support/run-e2e.sh -b build/gcc -j "$((2 * $(nproc)))" "$@" || exit
        exit "$unit"' bash "${patterns[@]}" >"$log" 2>&1 || status=$?
    read -r p f s < <(
        sed -nE -e 's/^ *[0-9]+% tests passed, ([0-9]+) tests? failed out of ([0-9]+)$/unit \1 \2/p' \
            -e 's/^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$/e2e \1 \2 \3/p' "$log" |
            awk '$1 == "unit" { p += $3 - $2; f += $2 }
                 $1 == "e2e" { p += $2; f += $3; s += $4 }
                 END { print p + 0, f + 0, s + 0 }'
    )
    passed=$((passed + p))
    skipped=$((skipped + s))
    if [ "$status" -ne 0 ]; then
        failed=$((failed + (f > 0 ? f - 1 : 0)))
        broken "$suite" "$versions: $p passed, $f failed, $s skipped" "$log"
        return 0
    fi
    printf 'PASS %s: %s: %s passed, %s skipped\n' "$suite" "$versions" "$p" "$s"
}

for suite in "${suites[@]}"; do
    if CHROOT_SUITE=$suite chroot_make "$CHROOTS/$suite" "${packages[@]}" >"$CHROOTS/$suite.log" 2>&1; then
        test_suite "$suite" "$CHROOTS/$suite"
    else
        tail -n 3 "$CHROOTS/$suite.log"
        printf 'SKIP %s: cannot be had from the mirror of this machine\n' "$suite"
        skipped=$((skipped + 1))
    fi
    chroot_remove "$CHROOTS/$suite"
done
if [ "$passed" -eq 0 ] && [ "$failed" -eq 0 ]; then
    echo 'SKIP: none of these Debians can be had from the mirror of this machine'
    exit 77
fi
printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
