# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The guest of the tier "host", a machine within the machine: its kernel is the host's, its initramfs
# holds busybox, the static server and, for SSH, the ordinary one.

# guest_add_qemu ROOT: QEMU with the module and the firmware that it loads by name.
guest_add_qemu()
{
    local root=$1 file
    image_programs "$root" qemu-system-x86_64
    for file in /usr/lib/*/qemu/accel-tcg-x86_64.so /usr/share/seabios/{bios-256k,kvmvapic}.bin \
        /usr/share/seabios/vgabios-stdvga.bin /usr/share/qemu/{bios-256k,linuxboot_dma,kvmvapic}.bin; do
        [ ! -e "$file" ] || image_add "$root" "$file"
    done
}

# guest_make_image MODULES BUILD STATIC WORK FILE: the key that opens it by SSH is FILE.key.
guest_make_image()
{
    local modules=$1 build=$2 static=$3 root=$4 file=$5 name here
    here=$(dirname "${BASH_SOURCE[0]}")
    image_folders "$root"
    mkdir -p "$root"/root/.ssh "$root/modules"
    cp "$static/src/vsock-shell-server" "$root/server"
    cp "$static/src/vsock-shell-client" "$root/client"
    image_programs "$root" bash stty sha256sum
    if [ -x "$build/src/vsock-shell-ssh-session" ]; then
        for name in server ssh-session; do
            image_add "$root" "$build/src/vsock-shell-$name"
            mv "$root$build/src/vsock-shell-$name" "$root/usr/bin/"
        done
        ssh-keygen -q -t ed25519 -N '' -f "$file.key"
        cp "$file.key.pub" "$root/root/.ssh/authorized_keys"
        chmod 600 "$root/root/.ssh/authorized_keys"
    fi
    image_busybox "$root"
    image_accounts "$root"
    for name in virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci vsock \
        vmw_vsock_virtio_transport_common vmw_vsock_virtio_transport vsock_loopback; do
        cp "$(find "$modules" -name "$name.ko")" "$root/modules/"
    done
    cp "$here/guest-init" "$root/init"
    image_pack "$root" "$file"
}
