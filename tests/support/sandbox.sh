#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# usage: sandbox.sh [-l FOLDER]... [-b PATH]... [-e NAME=VALUE]... [-p FILE] COMMAND [ARGUMENT...]
#
# Runs COMMAND as process 1 of namespaces of its own, in a copy of this machine's root folder that is
# thrown away: what it writes stays in memory. It is for programs that write all over a machine, as
# service managers and image builders do.
#   -r FOLDER  is the root folder that is copied, in place of the machine's
#   -l FOLDER  laid over the root folder
#   -b PATH    is itself in there, and what is written to it stays
#   -e NAME=V  environment, which is empty but for PATH
#   -p FILE    gets the pid that process 1 has out here
# Takes root, overlayfs and cgroup2; without them it says so and ends with 77.
set -euo pipefail

# shellcheck source=devices.sh
. "$(dirname "$0")/devices.sh"

lower=/
layers=()
binds=()
environment=()
pid_file=''
arguments=("$@")
while getopts 'r:l:b:e:p:' option; do
    case $option in
    r) lower=$OPTARG ;;
    l) layers+=("$OPTARG") ;;
    b) binds+=("$OPTARG") ;;
    e) environment+=("$OPTARG") ;;
    p) pid_file=$OPTARG ;;
    *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))

skip()
{
    printf 'SKIP: %s\n' "$1"
    exit 77
}

# The cgroup of the caller, in a hierarchy that is mounted for us alone.
enter_cgroup()
{
    local own
    own=$(sed -n 's/^0:://p' /proc/self/cgroup)
    mount -t cgroup2 cgroup2 "$work" 2>/dev/null || skip 'no cgroup2 here'
    group=$work${own%/}/vsh-sandbox.$$
    mkdir "$group"
    echo $$ >"$group/cgroup.procs"
}

# A cgroup is busy until the last process of it has been reaped.
# shellcheck disable=SC2317
clean_up()
{
    local tries=100
    if [ -d "$group" ]; then
        echo $$ >"${group%/*}/cgroup.procs"
        until find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || [ $((tries -= 1)) -eq 0 ]; do
            sleep 0.05
        done
        [ ! -d "$group" ] || printf 'sandbox.sh: %s is left\n' "$group" >&2
    fi
    umount -l "$work" 2>/dev/null || true
    rmdir "$work"
}

# Outside: a mount namespace and a cgroup; ends everything when it is ended.
outside()
{
    local status=0
    work=$(mktemp -d "${TMPDIR:-/tmp}/vsh-sandbox.XXXXXX")
    group=''
    trap clean_up EXIT
    enter_cgroup
    SANDBOX_WORK=$work unshare -m -p -C -u -i -n -f --kill-child "$0" "${arguments[@]}" &
    inside=$!
    trap 'kill -KILL "$inside"' TERM INT
    wait "$inside" || status=$?
    trap - TERM INT
    wait "$inside" 2>/dev/null || true
    exit "$status"
}

inside()
{
    local base=$1 root=$1/root path pid
    shift
    # This is still the caller's /proc.
    read -r pid _ </proc/self/stat
    mount -t tmpfs -o mode=755 layers "$base"
    mkdir "$base"/{root,lower,upper,work}
    for path in ${layers[@]+"${layers[@]}"}; do
        cp -a "$path/." "$base/lower/"
    done
    # A layer must not lie in another one: hence the copy, in memory.
    mount -t overlay -o "lowerdir=$base/lower:$lower,upperdir=$base/upper,workdir=$base/work" root "$root"
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
    mount -t tmpfs -o mode=755 run "$root/run"
    make_devices "$root"
    for path in ${binds[@]+"${binds[@]}"}; do
        mkdir -p "$root$path"
        mount --bind "$path" "$root$path"
    done
    # As a booted machine has it: what a child mounts in a namespace of its own arrives here.
    mount --make-rshared "$root"
    [ -z "$pid_file" ] || echo "$pid" >"$pid_file"
    cd "$root"
    exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        ${environment[@]+"${environment[@]}"} chroot "$root" "$@"
}

if [ -n "${SANDBOX_WORK:-}" ]; then
    inside "$SANDBOX_WORK" "$@"
fi
[ "$(id -u)" -eq 0 ] || skip 'a root folder of its own takes root'
grep -qw overlay /proc/filesystems || modprobe -q overlay 2>/dev/null || skip 'no overlayfs here'
if [ -z "${SANDBOX_MOUNTS:-}" ]; then
    unshare -m -p -C -u -i -n -f true 2>/dev/null || skip 'no namespaces here'
    SANDBOX_MOUNTS=1 exec unshare -m --propagation private "$0" "${arguments[@]}"
fi
outside
