#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# dracut's own image with our module: off until asked for, then the static server with the drivers. With
# VSH_FULL=1 the image boots, too: the server answers before there is a root file system, and is gone when
# the system starts.

TEST_LIMIT=300
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
image_layer
packages_unpack dracut dracut-core udev

# All modules that there are, of which only these are left: the others want half a distribution.
make_image()
{
    image_build sh -c "cd /usr/lib/dracut/modules.d && mkdir /tmp/others && mv * /tmp/others/ &&
        cd /tmp/others && mv 99base 95udev-rules 90vsock-shell \$(ls -d 95vshtest) /usr/lib/dracut/modules.d/
        depmod $VERSION && dracut --no-hostonly --no-early-microcode --gzip --kver $VERSION --force \
            '$TMP/out/$1' &&
        zcat '$TMP/out/$1' | cpio -it --quiet >'$TMP/out/list'"
}

make_image plain
image_has_not 'vsock-shell-server|vsock\.ko|lib/vsock-shell'
ok 'without /etc/vsock-shell/initramfs.conf the image is as ever'

image_ask
MODULE=$INSTALLED/usr/lib/dracut/modules.d/95vshtest
mkdir -p "$MODULE"
cat >"$MODULE/module-setup.sh" <<'END'
check() { return 0; }
depends() { echo base; }
install()
{
    inst_multiple vsock-shell-client before_root.sh mknod mkdir chmod cp cat grep id tty sleep
    inst /bin/busybox /usr/bin/busybox.test
    inst_hook cmdline 90 "$moddir/cmdline.sh"
    inst_hook mount 90 "$moddir/mount.sh"
}
END
echo 'root=vshtest; rootok=1' >"$MODULE/cmdline.sh"
echo '[ -e "$NEWROOT/proc" ] || before_root.sh "$NEWROOT"' >"$MODULE/mount.sh"
make_image test
image_has usr/lib/dracut/hooks/{pre-trigger/50-start,pre-pivot/90-stop}.sh
ok 'with it: the server, its scripts and the drivers'

[ -n "${VSH_FULL:-}" ] || exit 0
image_boot test root=vshtest
