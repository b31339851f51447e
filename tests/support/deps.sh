# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The Debian 12 packages that the scripts of this tree need, and how they come onto the machine.

# To build and use everything.
DEPS_BUILD=(gcc libc6-dev cmake ninja-build pkg-config libssh-dev libxxhash-dev libcmocka-dev)
# What contrib/quickstart.sh calls.
DEPS_QUICKSTART=(gcc libc6-dev cmake ninja-build pkg-config libssh-dev libxxhash-dev)
# To run every stage of tests/run.sh.
DEPS_TEST=("${DEPS_BUILD[@]}" g++ clang libclang-rt-14-dev llvm clang-format clang-tidy cppcheck
    shellcheck mandoc valgrind musl-tools binutils openssh-client openssh-sftp-server rsync tmux
    strace python3 procps busybox-static git vim-tiny less asciinema systemd zsh fish
    ansible-core clustershell pssh dpkg-dev lintian)
# The virtual machine of tests/vm.
DEPS_VM=(qemu-system-x86 cpio gzip kmod)
# The fresh Debians of tests/readme, tests/packages and tests/libssh.
DEPS_CHROOT=(debootstrap)

deps_missing()
{
    local package
    for package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            printf '%s\n' "$package"
    done
}

# Installs what is missing of the packages named; as root, or through sudo.
deps_install()
{
    local missing sudo=()
    mapfile -t missing < <(deps_missing "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            printf 'these packages are missing, and installing them takes root or sudo: %s\n' \
                "${missing[*]}" >&2
            return 1
        fi
        sudo=(sudo)
    fi
    printf 'installing: %s\n' "${missing[*]}"
    # env after sudo: sudo would drop the variable.
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        "${missing[@]}" >/dev/null
}
