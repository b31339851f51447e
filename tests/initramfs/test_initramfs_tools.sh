#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# initramfs-tools' own mkinitramfs with our hook: off until asked for, then the static server with the
# drivers; and the image boots: the server answers before there is a root file system, and is gone
# when the system starts.

TEST_LIMIT=300
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
image_layer
packages_unpack initramfs-tools initramfs-tools-core klibc-utils libklibc

make_image()
{
    image_build sh -c "sed -i 's/^MODULES=.*/MODULES=list/; s/^COMPRESS=.*/COMPRESS=gzip/' \
            /etc/initramfs-tools/initramfs.conf
        mkinitramfs -o '$TMP/out/$1' $VERSION && lsinitramfs '$TMP/out/$1' >'$TMP/out/list'"
}

make_image plain
image_has_not 'vsock-shell-server|vsock\.ko|lib/vsock-shell'
ok 'without /etc/vsock-shell/initramfs.conf the image is as ever'

# What boot=vshtest names mounts the root file system.
image_ask
mkdir -p "$INSTALLED"/etc/initramfs-tools/{hooks,scripts}
cat >"$INSTALLED/etc/initramfs-tools/hooks/test" <<'END'
#!/bin/sh
[ "$1" != prereqs ] || exit 0
. /usr/share/initramfs-tools/hook-functions
copy_exec /usr/bin/vsock-shell-client
copy_exec /usr/bin/before_root.sh
copy_exec /bin/busybox /usr/bin/busybox.test
END
chmod +x "$INSTALLED/etc/initramfs-tools/hooks/test"
cat >"$INSTALLED/etc/initramfs-tools/scripts/vshtest" <<'END'
mountroot()
{
    # udev is not there, which would have moved /dev.
    before_root.sh "$rootmnt" dev
}
END
make_image test
image_has scripts/init-{premount,bottom}/vsock-shell
ok 'with it: the server, its scripts and the drivers'

image_boot test boot=vshtest
