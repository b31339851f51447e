#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Names from systemd-machined: one of our own making stands in its place, in a mount namespace that has
# another /run. No vsock is touched: a library in front of libc answers for it.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/vmm.sh
. "$SUPPORT/vmm.sh"
need_unix
need python3 unshare mount
build_preload fake_vsock

# The client sees $TMP/run as /run.
[ "$(id -u)" -eq 0 ] && NAMESPACE=(unshare --mount) || NAMESPACE=(unshare --map-root-user --mount)
in_namespace()
{
    # shellcheck disable=SC2016
    "${NAMESPACE[@]}" sh -c 'mount --bind "$0" /run && exec "$@"' "$TMP/run" "$@"
}
client()
{
    in_namespace env LD_PRELOAD="$TMP/fake_vsock.so" FAKE_VSOCK_PATH="$SOCKET" "$CLIENT" "$@"
}

start_machined()
{
    local path=$TMP/run/systemd/machine/io.systemd.Machine
    rm -f "$path"
    start_background "$SUPPORT/fake_machined.py" "$path" "$@" >"$TMP/calls"
    MACHINED_PID=$!
    wait_for 10 unix_listens "$path" || fail 'the daemon did not start'
}

mkdir -p "$TMP/run/systemd/machines"
in_namespace true 2>/dev/null || skip 'no mount namespace can be had here'
start_server

start_machined list "vm$N=${C}1" "box$N" "other$N=${C}2" "odd name=${C}3"
expect_status 7 client "vm$N" 'exit 7'
expect_line 'io.systemd.Machine.List True' "$TMP/calls"
expect_status 255 client "box$N" true
expect_match "nothing knows the name \"box$N\""
expect_status 0 client --list
expect_line "vm$N vsock:${C}1:5000 - native machined"
expect_line "other$N vsock:${C}2:5000 - native machined"
expect_line "- vsock:${C}3:5000 - native machined"
! grep -q "box$N" "$OUT" || fail 'a container is listed'
ok 'machines with a CID, asked over varlink'

start_vmm qemu-system-x86_64 -name "vm$N" -device vhost-vsock-pci,guest-cid=${C}1
same=$VMM_PID
expect_status 7 client "vm$N" 'exit 7'
start_vmm qemu-system-x86_64 -name "other$N" -device vhost-vsock-pci,guest-cid=${C}9
expect_status 255 client "other$N" true
expect_match "more than one running VM is named \"other$N\": CID ${C}9 \(QEMU process $VMM_PID\), CID ${C}2 \(machined\)"
stop_vmm "$same"
end_process "$MACHINED_PID"
ok 'a VM that two sources know is one; two VMs with a name are refused with both sources named'

printf 'NAME=old%s\nVSOCK_CID=%s4\n' "$N" "$C" >"$TMP/run/systemd/machines/old$N"
for mode in old silent; do
    start_machined "$mode"
    expect_status 7 client "old$N" 'exit 7'
    end_process "$MACHINED_PID"
done
rm -r "$TMP/run/systemd/machine"
expect_status 7 client "old$N" 'exit 7'
ok 'its files where it is too old, silent or not there'
