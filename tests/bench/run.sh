#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The benchmarks: ours and a peer in turn, over the same kind of socket, in one run. Builds release,
# installs what the peers need (as root or through sudo), keeps all data in memory. See --help.
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
build=$top/build/bench
packages=(socat openssh-client openssh-server openssh-sftp-server rsync python3 gcc)
arguments=()
install=1
vm=0

usage()
{
    cat <<'END'
usage: tests/bench/run.sh [OPTION...]
  --pairs N          pairs of measurements per case, after a warm-up; 7
  --size MIB         of the big files and streams; 1024, and 64 with --vm
  --only PATTERN     only the cases whose name or peer contains PATTERN; not with --vm
  --json FILE        writes every figure to FILE; not with --vm
  --list             prints the cases and ends; not with --vm
  --vm               native mode against socat over real vsock, in an emulated machine: only the
                     ratios mean something
  --no-install       installs no packages
  --help             this text
END
}

for argument; do
    case $argument in
    --help | -h) usage && exit 0 ;;
    --no-install) install=0 ;;
    --vm) vm=1 ;;
    *) arguments+=("$argument") ;;
    esac
done

[ "$vm" = 0 ] || packages+=(qemu-system-x86 cpio kmod busybox-static)
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ "$install" = 1 ] && [ ${#missing[@]} -gt 0 ]; then
    sudo=()
    [ "$(id -u)" = 0 ] || sudo=(sudo)
    # The peer is run by hand: the packages must not start a service.
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

CC=${CC:-gcc} cmake -G Ninja -C "$top/contrib/cmake/release.cmake" -S "$top" -B "$build" -DWITH_TESTS=OFF >/dev/null
cmake --build "$build"
[ "$vm" = 0 ] || exec "$top/tests/vm/run.sh" -t bench -b "$build" -- "${arguments[@]}"
"${CC:-gcc}" -O2 -Wall -o "$build/spawn" "$top/tests/bench/spawn.c"
# bash reads the ~/.bashrc of whoever runs this when a server of SSH starts it: not what is measured.
hide=()
if [ "$(id -u)" = 0 ] && [ -e ~/.bashrc ] && unshare -m true 2>/dev/null; then
    # shellcheck disable=SC2016
    hide=(unshare -m sh -c 'mount --bind /dev/null ~/.bashrc && exec "$@"' sh)
fi
exec "${hide[@]}" python3 "$top/tests/bench/bench.py" --build "$build" "${arguments[@]}"
