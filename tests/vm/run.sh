#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The end-to-end tests on real vsock, in a virtual machine under QEMU, without KVM. Two tiers:
#   loopback  the machine has the vsock_loopback driver and runs tests/e2e and tests/vm/e2e
#   host      the machine has vhost-vsock and runs a QEMU of its own, whose guest it is the host of:
#             tests/vm/host
#   bench     as loopback, but compares with socat: tests/bench/vm.py; started by tests/bench/run.sh --vm
# See -h. Nothing is installed and nothing runs as root; the kernel's package and what is packed of the
# installed programs are kept in the user's cache.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
# shellcheck source=kernel.sh
. "$here/kernel.sh"
# shellcheck source=image.sh
. "$here/image.sh"
# shellcheck source=guest.sh
. "$here/guest.sh"

# Emulation is that much slower than the limits in the tests allow for; seconds for the whole; memory.
declare -A SLOWNESS=([loopback]=8 [host]=40 [bench]=8)
declare -A LIMIT=([loopback]=600 [host]=2400 [bench]=1500)
declare -A MEMORY=([loopback]=1536 [host]=2048 [bench]=4096)
PROGRAMS=(bash cat chmod chown cmp comm cp cut date dd diff dirname basename env expr find grep head
    id ls mkdir mkfifo mknod mktemp mv nl nohup nproc od paste printf readlink realpath rm sed seq setsid
    sh sha256sum sleep sort stat stdbuf stty tail tar tee test timeout touch tr true truncate tty
    uname uniq wc xargs yes awk getent ps kill pgrep strace ssh scp sftp ssh-keygen ssh-keyscan ssh-agent
    ssh-add rsync tmux su setpriv script)

# The scripts of tests/e2e that are about what goes through the stream, and not about unix sockets,
# compilers or the clock: as many as two minutes hold.
SUITE=(exec_status exec_streams session_ends terminal v1_server files_options ssh_tty ssh_forward
    sftp_scp)

usage()
{
    cat <<'END'
usage: tests/vm/run.sh [-t TIER] [-b BUILD] [-s BUILD] [-k] [PATTERN...]
  -b BUILD   the build folder (default: $VSH_BUILD or build/debug)
  -t TIER    loopback (default), host or bench
  -s BUILD   for the tier host: the folder of a static build (default: build/static)
  -k         keeps the machine's image and prints where it is
  PATTERN    part of the name of the tests to run (default: all of tests/vm, and of tests/e2e what
             goes through real vsock); for the tier bench, behind --, the options of tests/bench/vm.py
Prints a line per test and the counts. Status 77: no QEMU or no kernel to be had here.
END
}

build=${VSH_BUILD:-$top/build/debug}
static=$top/build/static
tier=loopback
keep=''
while getopts 'b:s:t:kh' option; do
    case $option in
    b) build=$OPTARG ;;
    s) static=$OPTARG ;;
    t) tier=$OPTARG ;;
    k) keep=1 ;;
    h) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
    esac
done
shift $((OPTIND - 1))
build=$(cd "$build" && pwd)
[ -n "${LIMIT[$tier]:-}" ] || { usage >&2 && exit 2; }

skip()
{
    printf 'SKIP: %s\n' "$1"
    exit 77
}

tmp=$(mktemp -d "${TMPDIR:-/tmp}/vsh-vm.XXXXXX")
qemu_pid=''
cleanup()
{
    [ -z "$qemu_pid" ] || kill -KILL "$qemu_pid" 2>/dev/null || true
    if [ -n "$keep" ]; then
        printf 'image kept in %s\n' "$tmp"
    else
        rm -rf "$tmp"
    fi
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# load_modules MODULES NAME...: puts them into the image and prints the commands that load them.
load_modules()
{
    local modules=$1 name file
    shift
    for name; do
        file=$(find "$modules" -name "$name.ko")
        image_add "$tmp/root" "$file"
        printf 'insmod %s\n' "$file"
    done
}

# What process 1 runs; arguments: the folder of the kernel's modules, the patterns. The tests of
# before/ see a kernel without the drivers.
write_tests_loopback()
{
    local modules=$1
    shift
    printf 'tests/support/run-e2e.sh -d tests/vm/before%s\n' "$(printf ' %q' "$@")"
    load_modules "$modules" vsock vmw_vsock_virtio_transport_common vsock_loopback
    [ $# -gt 0 ] || set -- vsock "${SUITE[@]}"
    printf 'tests/support/run-e2e.sh -d tests/vm/e2e -d tests/e2e%s\n' "$(printf ' %q' "$@")"
}

write_tests_bench()
{
    local modules=$1
    shift
    load_modules "$modules" vsock vmw_vsock_virtio_transport_common vsock_loopback
    image_programs "$tmp/root" socat
    printf 'if python3 tests/bench/vm.py --build build/vm%s; then echo PASS bench; else echo FAIL bench; fi\n' \
        "$([ $# -eq 0 ] || printf ' %q' "$@")"
}

# Without a guest the machine ends at once, with a line that counts.
write_tests_host()
{
    local modules=$1
    shift
    load_modules "$modules" vsock vmw_vsock_virtio_transport_common vhost_iotlb vhost vhost_vsock
    guest_make_image "$modules" "$build" "$static" "$tmp/guest" "$tmp/root/guest"
    cp "$kernel"/boot/vmlinuz-* "$tmp/root/vmlinuz"
    echo 'tests/vm/guest-start || exit'
    printf 'tests/support/run-e2e.sh -j 1 -d tests/vm/host%s\n' "$(printf ' %q' "$@")"
}

# What only the installed packages decide about: programs, libraries, accounts.
make_base()
{
    local root=$1
    image_folders "$root"
    image_programs "$root" "${PROGRAMS[@]}"
    [ ! -x /usr/lib/openssh/sftp-server ] || image_add "$root" /usr/lib/openssh/sftp-server
    image_python "$root"
    image_busybox "$root"
    image_accounts "$root"
    # The terminals and the locale that tests ask for.
    mkdir -p "$root/usr/lib/locale" "$root/usr/share"
    cp -rL /usr/share/terminfo /lib/terminfo "$root/usr/share/" 2>/dev/null || true
    cp -r /usr/lib/locale/C.utf8 "$root/usr/lib/locale/" 2>/dev/null || true
    [ "$tier" != host ] || guest_add_qemu "$root"
}

# Prints the file of the base. It is made anew when a package or one of these scripts has changed.
base_image()
{
    local key file
    key=$({ cat /var/lib/dpkg/status "$here"/*.sh && echo "$tier"; } | sha256sum | cut -c 1-16)
    file=$VM_CACHE/image-$tier-$key
    if [ ! -e "$file" ]; then
        find "$VM_CACHE" -maxdepth 1 -name 'image-*' -mtime +7 -delete
        make_base "$tmp/base" >&2
        image_pack "$tmp/base" "$file"
    fi
    printf '%s\n' "$file"
}

make_image()
{
    local kernel=$1 root=$tmp/root base name
    shift
    base=$(base_image)
    image_folders "$root"
    mkdir -p "$root/src/build/vm/src"
    cp -r "$top/tests" "$root/src/tests"
    mkdir "$root/src/src" && cp -r "$top/src/lib" "$root/src/src/lib"
    for name in "$build"/src/vsock-shell-*; do
        [ ! -f "$name" ] || image_add "$root" "$name"
        [ ! -f "$name" ] || mv "$root$name" "$root/src/build/vm/src/"
    done
    cp "$here/init" "$root/init"
    {
        printf 'cd /src\nexport VSH_BUILD=/src/build/vm VSH_SLOW=%s VSH_SMALL=1 VSH_TRANSPORT=vsock\n' \
            "${SLOWNESS[$tier]}"
        "write_tests_$tier" "$kernel/lib/modules" "$@"
    } >"$root/tests.sh"
    # The kernel unpacks one archive after the other.
    image_pack "$root" "$tmp/top"
    cat "$base" "$tmp/top" >"$tmp/image"
}

boot()
{
    local kernel=$1
    timeout "${LIMIT[$tier]}" qemu-system-x86_64 -accel tcg,thread=multi -m "${MEMORY[$tier]}" -smp 2 \
        -nographic -no-reboot -nodefaults -serial "file:$tmp/console" -kernel "$kernel"/boot/vmlinuz-* -initrd "$tmp/image" \
        -append 'console=ttyS0 quiet panic=-1' </dev/null >"$tmp/qemu.log" 2>&1 &
    qemu_pid=$!
}

# Shows the tests' lines as they come; ends when the machine has ended.
follow()
{
    tail -q -n +1 -f --pid="$qemu_pid" -s 0.3 "$tmp/console" 2>/dev/null | sed -u 's,\r$,,' |
        grep -a --line-buffered -E '^(PASS|FAIL|SKIP) |^    |^\||^emulated' || true
}

count()
{
    tr -d '\r' <"$tmp/console" | grep -ac "^$1 " || true
}

command -v qemu-system-x86_64 >/dev/null || skip 'qemu-system-x86_64 is not installed'
[ "$(uname -m)" = x86_64 ] || skip 'the machine is made for x86-64'
[ -x "$build/src/vsock-shell-server" ] || { echo "nothing is built in $build" >&2 && exit 1; }
kernel=$(vm_kernel 2>"$tmp/kernel.log") || skip "no kernel: $(tail -n 1 "$tmp/kernel.log")"

make_image "$kernel" "$@"
: >"$tmp/console"
boot "$kernel"
follow
wait "$qemu_pid" || true
qemu_pid=''
passed=$(count PASS)
failed=$(count FAIL)
skipped=$(count SKIP)
# The counts are nothing without the last word of process 1.
if ! grep -aq 'VM: result' "$tmp/console"; then
    printf 'FAIL the machine did not come to its end within %s s\n' "${LIMIT[$tier]}"
    { tail -n 20 "$tmp/console" && cat "$tmp/qemu.log"; } | sed 's/^/    /'
    failed=$((failed + 1))
fi
printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
