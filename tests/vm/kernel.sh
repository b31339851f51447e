# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The virtual machine's kernel: Debian's own for clouds, taken from its package and unpacked beside
# others of its kind in the user's cache; nothing is installed. Its vsock drivers are modules.

VM_CACHE=${VSH_VM_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/vsock-shell}

# vm_kernel: prints the folder that holds boot/ and lib/modules/. Fails with a reason on stderr.
vm_kernel()
{
    local package folder partial
    package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null |
        sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
    if [ -z "$package" ]; then
        # Without the package lists any kernel that is here already will do.
        folder=$(find "$VM_CACHE" -maxdepth 1 -name 'linux-image-*' 2>/dev/null | sort -V | tail -n 1)
        [ -n "$folder" ] && printf '%s\n' "$folder" && return 0
        echo 'apt knows no linux-image-cloud-amd64: run apt-get update' >&2
        return 1
    fi
    folder=$VM_CACHE/$package
    if [ ! -d "$folder" ]; then
        mkdir -p "$VM_CACHE"
        partial=$(mktemp -d "$VM_CACHE/partial.XXXXXX")
        if ! (cd "$partial" && apt-get download -q "$package" && dpkg -x ./*.deb root) >&2; then
            rm -rf "$partial"
            echo "apt could not download $package" >&2
            return 1
        fi
        # Whole or not at all, also when two runs do it at once.
        mv -T "$partial/root" "$folder" 2>/dev/null || [ -d "$folder" ]
        rm -rf "$partial"
    fi
    printf '%s\n' "$folder"
}
