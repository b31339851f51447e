#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Names of running VMs: real processes that look like QEMU, Firecracker and cloud-hypervisor, and a
# server behind the socket of each. No vsock is touched: a library in front of libc answers for it.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/vmm.sh
. "$SUPPORT/vmm.sh"
need_unix
need python3
build_preload fake_vsock

refused()
{
    expect_refused "$1" no_vsock "${@:2}"
}

# runs NAME: a command goes through the name.
runs()
{
    expect_status 7 no_vsock "$CLIENT" "$@" 'echo here; exit 7'
    expect_line here
}

start_server
start_background "$SUPPORT/fake_mux.py" "$TMP/v.sock" "$SOCKET" >"$TMP/mux.events"
wait_for 10 unix_listens "$TMP/v.sock" || fail 'the multiplexer did not start'

start_vmm qemu-system-x86_64 -machine q35 -name "guest=web$N,debug-threads=on" \
    -device vhost-vsock-pci,id=vsock0,guest-cid=${C}1
web=$VMM_PID
start_vmm qemu-system-x86_64 -device "{\"driver\":\"vhost-vsock-pci\",\"id\":\"v\",\"guest-cid\":${C}2,\"vhostfd\":\"3\"}" \
    -name "json$N"
runs "web$N"
runs "web$N.vsock"
runs "json$N"
ok 'QEMU: -name and the CID, in both spellings of a device'

printf '{"boot-source":{},"vsock":{"guest_cid":3,"uds_path":"./v.sock"}}' >"$TMP/fc.json"
VMM_AS=(env -C "$TMP")
start_vmm firecracker --id "fc$N" --config-file fc.json
fc=$VMM_PID
VMM_AS=()
runs "fc$N"
expect_line 'connect 5000' "$TMP/mux.events"
start_vmm firecracker --api-sock /run/x.sock --id "api$N"
refused "nothing knows the name \"api$N\"" "$CLIENT" "api$N" true
# Set up over its API: python has its program, to listen as it would.
cp "$(python3 -c 'import sys; print(sys.executable)')" "$TMP/vmm/firecracker-python"
libraries=$(python3 -c 'import sys; print(":".join(path for path in sys.path if path))')
start_background env -C "$TMP" PYTHONPATH="$libraries" "$TMP/vmm/firecracker-python" -c 'if True:
    import runpy, socket, sys
    api = socket.socket(socket.AF_UNIX)
    api.bind("api.sock")
    api.listen()
    sys.argv = sys.argv[1:4]
    runpy.run_path(sys.argv[0], run_name="__main__")' \
    "$SUPPORT/fake_mux.py" ./live.sock "$SOCKET" --id "live$N" --api-sock api.sock >"$TMP/live.events"
wait_for 10 unix_listens ./live.sock || fail 'the other Firecracker did not start'
runs "live$N"
expect_line 'connect 5000' "$TMP/live.events"
ok 'Firecracker: --id, and the socket in its configuration or that it listens on'

start_vmm cloud-hypervisor --api-socket "path=/run/vm/ch$N.sock" --vsock "cid=3,socket=$TMP/v.sock"
ch=$VMM_PID
refused "more than one running VM claims mux:$TMP/v.sock: \"ch$N\" .*, \"fc$N\" .*; end one" \
    "$CLIENT" "ch$N" true
stop_vmm "$fc"
runs "ch$N"
stop_vmm "$ch"
refused "nothing knows the name \"ch$N\"" "$CLIENT" "ch$N" true
ok "cloud-hypervisor: its API socket's name, and a VM that has ended has none"

start_vmm qemu-system-x86_64 -name "web$N" -device vhost-vsock-pci,guest-cid=${C}3
second=$VMM_PID
# Told in the order of /proc, and process numbers begin again from the lowest one now and then.
older="CID ${C}1 \(QEMU process $web\)"
newer="CID ${C}3 \(QEMU process $second\)"
refused "more than one running VM is named \"web$N\": ($older, $newer|$newer, $older); use" "$CLIENT" "web$N" true
expect_status 255 no_vsock "$PROXY" "web$N.vsock" </dev/null
expect_match "more than one running VM is named \"web$N\""
mkdir -p "$HOME/.config/vsock-shell"
echo "web$N unix:$SOCKET" >"$HOME/.config/vsock-shell/hosts"
runs "web$N"
rm "$HOME/.config/vsock-shell/hosts"
stop_vmm "$second"
runs "web$N"
ok 'two VMs with one name are refused by name; the hosts file wins over both'

start_vmm qemu-system-x86_64 -name "twin$N" -device vhost-vsock-pci,guest-cid=${C}1
twin=$VMM_PID
for name in "web$N" "twin$N"; do
    refused "more than one running VM claims CID ${C}1: .*\"(web|twin)$N\" \(QEMU process .*end one of them" \
        "$CLIENT" "$name" true
done
stop_vmm "$twin"
runs "web$N"
ok 'two VMs that claim one CID are refused under both names'

mkdir -p "$HOME/.config/vsock-shell"
printf '%s\n' "a$N 3" "b$N vsock:x" >"$HOME/.config/vsock-shell/hosts"
refused "hosts, line 2: \"vsock:x\" is no vsock address: the CID must be" "$CLIENT" "b$N" true
chmod o+w "$HOME/.config/vsock-shell/hosts"
refused 'others than its owner may write to it, so its names are not used: chmod go-w it' "$CLIENT" "a$N" true
rm "$HOME/.config/vsock-shell/hosts"
ok 'a line, or a file, that cannot be used is told with its cure'

# The program must be what the command line says: here it is called so and is another.
start_vmm notes -x
(
    exec -a qemu-system-x86_64 "$TMP/vmm/notes" -c 'exec 3<>"$0"; read -r _ <&3' "$TMP/vmm/fifo" \
        -name "liar$N" -device vhost-vsock-pci,guest-cid=${C}4
) &
STARTED+=("$!")
wait_for 10 grep -qsa "liar$N" "/proc/$!/cmdline" || fail 'it did not start'
refused "the name \"liar$N\" is claimed by QEMU process $! only" "$CLIENT" "liar$N" true
ok 'a process that only calls itself QEMU gives no name'

if [ "$(id -u)" -ne 0 ] || ! command -v setpriv >/dev/null; then
    echo 'NOTE: not root: processes of other users were not tried'
    exit 0
fi
VMM_AS=(setpriv --reuid 65534 --regid 65534 --clear-groups)
start_vmm qemu-system-x86_64 -name "spoof$N" -device vhost-vsock-pci,guest-cid=${C}5
spoof=$VMM_PID
refused "the name \"spoof$N\" is claimed by QEMU process $spoof only, a process of uid 65534: no name is taken" \
    "$CLIENT" "spoof$N" true
no_vsock "$CLIENT" --names >"$TMP/names"
! grep -q "spoof$N" "$TMP/names" || fail "root's list has a name of another user's process"
# It cannot make a name of root's ambiguous, either.
start_vmm qemu-system-x86_64 -name "web$N" -device vhost-vsock-pci,guest-cid=${C}6
runs "web$N"
# That user believes himself, and root; the server lets him in.
stop_server
start_server --allow-uid any
chmod 777 "$SOCKET"
as_user()
{
    no_vsock setpriv --reuid 65534 --regid 65534 --clear-groups "$CLIENT" "$@"
}
if as_user --version >/dev/null 2>&1; then
    as_user --names >"$TMP/names" 2>"$ERR"
    expect_line "spoof$N" "$TMP/names"
    expect_line "json$N" "$TMP/names"
    run as_user "web$N" true
    expect_match "more than one running VM is named \"web$N\""
fi
ok "another user's process gives names to that user, none to root"

VMM_AS=(unshare --pid --fork --kill-child)
start_vmm qemu-system-x86_64 -name "box$N" -device vhost-vsock-pci,guest-cid=${C}7
refused "the name \"box$N\" is claimed by QEMU process [0-9]+ only" "$CLIENT" "box$N" true
# The first process of a namespace takes no SIGTERM; it ends with its unshare.
{ kill -KILL "$VMM_PID" && wait "$VMM_PID"; } 2>/dev/null || true
ok "a container's process gives no names"
