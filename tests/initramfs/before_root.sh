#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: before_root.sh NEWROOT, in an initramfs whose disk has not come up yet. Tells on the console what the
# server there does, then makes the root file system, whose init tells what is left of it.

say()
{
    echo "TEST: $1" >/dev/console
}

T=vsock:local:5000
vsock-shell-client -q "$T" 'echo "user $(id -u) in $PWD"; [ -x /init ]' >/tmp.out
say "$(cat /tmp.out)"
vsock-shell-client -q "$T" 'exit 7'
say "status $?"
if vsock-shell-client -q -t "$T" tty </dev/null | grep -q /dev/pts/; then
    say terminal
fi
echo 'a file' >/tmp.file
if vsock-shell-client -q "$T" -u /tmp.file:/copied && grep -q 'a file' /copied; then
    say copied
fi
# A session that would not end by itself.
vsock-shell-client -q "$T" 'echo here; sleep 1000' </dev/null >/tmp.session 2>&1 &
for _ in 1 2 3 4 5 6 7 8 9 10; do
    ! grep -q here /tmp.session || break
    sleep 1
done
say "session: $(cat /tmp.session)"

mount -t tmpfs root "$1"
for name in bin sbin dev proc sys run; do
    mkdir "$1/$name"
done
cp /usr/bin/busybox.test "$1/bin/busybox"
cp /usr/bin/vsock-shell-client "$1/bin/"
[ -z "${2:-}" ] || mount -t devtmpfs dev "$1/dev"
cat >"$1/sbin/init" <<'END'
#!/bin/busybox sh
export PATH=/bin
busybox mount -t proc proc /proc 2>/dev/null
set -- $(busybox grep -l '[v]sock-shell-server' /proc/[0-9]*/cmdline)
echo "TEST: system, servers: $#" >/dev/console
vsock-shell-client -q vsock:local:5000 true 2>/dev/null
echo "TEST: system, status $?, files: $(busybox find /run -name '*.pid' -o -name '*.control' | busybox wc -l)" >/dev/console
busybox poweroff -f
END
chmod +x "$1/sbin/init"
