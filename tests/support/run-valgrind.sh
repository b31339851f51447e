#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# usage: run-valgrind.sh BUILD
#
# Runs every unit test of BUILD under valgrind: an error or a leak is a failure.
set -euo pipefail

support=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=jobs.sh
. "$support/jobs.sh"

# What valgrind itself cannot do, so that the test shows valgrind's behaviour and not ours.
declare -A CANNOT=(
    [unit_test_process]='valgrind keeps the limit of open files for itself'
    [unit_test_process_start]='valgrind dies when an execve fails'
)

memcheck()
{
    local name status=0 log=$JOBS_RESULTS/memcheck.$BASHPID
    name=$(basename "$1")
    if [ -n "${CANNOT[$name]:-}" ]; then
        printf 'SKIP: %s\n' "${CANNOT[$name]}"
        return 77
    fi
    # A forked child that ends by _exit has everything of its parent's still allocated: not a leak.
    timeout 300 valgrind -q --error-exitcode=99 --leak-check=full \
        --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect \
        --child-silent-after-fork=yes "$1" >"$log" 2>&1 || status=$?
    cat "$log"
    # What was wrong stands far above what a failed test could not free any more.
    [ "$status" -eq 0 ] || grep -E '^\[ +(ERROR|LINE|FAILED) +\]' "$log" | head -n 8 || true
    return "$status"
}

jobs_open "$(nproc)"
for program in "$1"/tests/unit_test_*; do
    [ -x "$program" ] || continue
    job "$(basename "$program")" memcheck "$program"
done
jobs_close
