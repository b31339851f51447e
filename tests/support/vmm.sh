# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: MIT
#
# Processes that look like hypervisors, sourced behind lib.sh.
#
#   start_vmm PROGRAM ARGUMENT...   a process whose program and command line are those; $! is its pid.
#                                   It does nothing. Returns once /proc shows it.
#   VMM_AS=(CMD...)                 put in front: setpriv, unshare
#   $N                              a suffix for names that no VM of this machine has
#   $C                              CIDs that none has, with a digit behind: ${C}1
#   no_vsock CMD...                 runs CMD under fake_vsock.so (build_preload): no call reaches a real vsock; a
#                                   connection to any CID goes to $SOCKET
#   stop_vmm PID
#
# The program is a copy of bash: what can be seen of a process is its real command line, its real user
# and its real program.

N=$$
C=$((1000000 + $$))
VMM_AS=()

start_vmm()
{
    local program=$TMP/vmm/$1
    shift
    mkdir -p "$TMP/vmm"
    chmod 755 "$TMP" "$TMP/vmm"
    [ -e "$program" ] || cp "$BASH" "$program"
    [ -p "$TMP/vmm/fifo" ] || { mkfifo "$TMP/vmm/fifo" && chmod 666 "$TMP/vmm/fifo"; }
    # shellcheck disable=SC2016
    start_background ${VMM_AS[@]+"${VMM_AS[@]}"} "$program" -c 'exec 3<>"$0"; read -r _ <&3' "$TMP/vmm/fifo" \
        "$@" </dev/null
    VMM_PID=$!
    wait_for 10 vmm_is_up "$program" || fail "$program did not start"
}

# Behind the fork, setpriv and unshare there is the exec; and there is the program for a moment before
# there is its command line.
vmm_is_up()
{
    local pid children
    children=$(cat "/proc/$VMM_PID/task/$VMM_PID/children")
    for pid in "$VMM_PID" $children; do
        if [ "$(readlink "/proc/$pid/exe")" = "$1" ] && grep -qsa . "/proc/$pid/cmdline"; then
            return 0
        fi
    done
    return 1
}

stop_vmm()
{
    end_process "$1"
}

no_vsock()
{
    env LD_PRELOAD="$TMP/fake_vsock.so" FAKE_VSOCK_PATH="$SOCKET" "$@"
}
