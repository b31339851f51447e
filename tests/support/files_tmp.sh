# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Before lib.sh, for tests that write gigabytes or tens of thousands of files: in memory, if there is
# plenty, so that a disk that is busy with other tests does not decide how long they take.

if [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ] &&
    [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ] &&
    [ "$(($(stat -f -c '%a * %S' /dev/shm) / 1048576))" -ge 6000 ]; then
    export TMPDIR=/dev/shm
fi
