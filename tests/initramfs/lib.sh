# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# For the tests of the initramfs: e2e's lib.sh, and
#   image_layer         sets INSTALLED to a layer for sandbox.sh: the static build as installed to /usr, the modules
#                       of the virtual machine's kernel, and what the image's test needs
#   image_ask           opts in, for a server that lets the image itself in, too
#   image_build CMD...  runs CMD, which writes to $TMP/out, with the layers; sorts $TMP/out/list to $TMP/list
#   image_has FILE...   fail unless the list has what every image with the server has, and each FILE
#   image_has_not REGEX fail if the list has a line that matches
#   image_boot NAME APPEND   boots $TMP/out/NAME under QEMU and checks what before_root.sh tells
# shellcheck source=../support/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../support/lib.sh"
# shellcheck source=../support/packages.sh
. "$SUPPORT/packages.sh"
# The cache of the virtual machine's tests, in the home of the person who runs them.
XDG_CACHE_HOME=${XDG_CACHE_HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)/.cache}
# shellcheck source=../vm/kernel.sh
. "$TOP/tests/vm/kernel.sh"
need_unix
need cmake cpio gzip depmod busybox readelf qemu-system-x86_64
[ "$(uname -m)" = x86_64 ] || skip 'the machine is made for x86-64'
if readelf -l "$SERVER" | grep -q INTERP; then
    skip 'an initramfs wants the static build'
fi

INSTALLED=$TMP/installed
KERNEL=''
VERSION=''
CONF=$INSTALLED/etc/vsock-shell/initramfs.conf

image_layer()
{
    local modules
    KERNEL=$(vm_kernel 2>"$TMP/kernel.log") || skip "no kernel: $(tail -n 1 "$TMP/kernel.log")"
    VERSION=$(basename "$KERNEL"/lib/modules/*)
    DESTDIR=$INSTALLED expect_status 0 install_build --prefix /usr
    mkdir -p "$TMP/out" "${CONF%/*}" "$INSTALLED/boot"
    cp "$KERNEL"/boot/config-* "$INSTALLED/boot/"
    modules=$INSTALLED/usr/lib/modules/$VERSION
    mkdir -p "$modules/kernel/drivers" "$modules/kernel/net"
    cp "$KERNEL/lib/modules/$VERSION"/modules.* "$modules/"
    cp -r "$KERNEL/lib/modules/$VERSION"/kernel/drivers/{virtio,hv} "$modules/kernel/drivers/"
    cp -r "$KERNEL/lib/modules/$VERSION"/kernel/net/vmw_vsock "$modules/kernel/net/"
}

image_ask()
{
    cp "$INSTALLED/usr/share/doc/vsock-shell/examples/initramfs.conf" "$CONF"
    cat >>"$CONF" <<'END'
VSOCK_SHELL_OPTIONS="--allow host --allow local"
VSOCK_SHELL_MODULES="$VSOCK_SHELL_MODULES vsock_loopback"
END
    cp "$TOP/tests/initramfs/before_root.sh" "$INSTALLED/usr/bin/"
}

image_build()
{
    run "$SUPPORT/sandbox.sh" -l "$LAYER" -l "$INSTALLED" -b "$TMP/out" "$@"
    [ "$STATUS" -ne 77 ] || { cat "$OUT" && exit 77; }
    [ "$STATUS" -eq 0 ] || { show_run && fail "no image: $*"; }
    sort "$TMP/out/list" >"$TMP/list"
}

image_has()
{
    local name
    for name in usr/bin/vsock-shell-server usr/lib/vsock-shell/{settings,start,stop} etc/vsock-shell/initramfs.conf \
        usr/lib/modules/"$VERSION"/kernel/net/vmw_vsock/{vsock,vmw_vsock_virtio_transport,hv_sock}.ko "$@"; do
        grep -qxF -e "$name" "$TMP/list" || fail "the image has no $name"
    done
}

image_has_not()
{
    ! grep -E "$1" "$TMP/list" || fail 'the server is in there unasked'
}

image_boot()
{
    local start=$SECONDS line
    run timeout "$((150 * VSH_SLOW))" qemu-system-x86_64 -accel tcg,thread=multi -m 384 -smp 2 -nographic -no-reboot \
        -nodefaults -serial "file:$TMP/console" -kernel "$KERNEL"/boot/vmlinuz-* -initrd "$TMP/out/$1" \
        -append "console=ttyS0 quiet panic=-1 $2"
    tr -d '\r' <"$TMP/console" | grep -v '^$' >"$TMP/said"
    [ "$STATUS" -eq 0 ] || { tail -n 30 "$TMP/said" >&2 && fail "the machine did not end by itself: $STATUS"; }
    for line in 'user 0 in /root' 'status 7' 'terminal' 'copied' 'system, servers: 0' \
        'system, status 255, files: 0'; do
        grep -qF "TEST: $line" "$TMP/said" || {
            head -n 30 "$TMP/said" >&2
            fail "the machine did not say: $line"
        }
    done
    ok "booted in $((SECONDS - start)) s: commands, a terminal and files before the root; gone in the system"
}
