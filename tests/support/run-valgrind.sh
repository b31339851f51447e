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

jobs_open "$(nproc)"
for program in "$1"/tests/unit_test_*; do
    [ -x "$program" ] || continue
    # A forked child that ends by _exit has everything of its parent's still allocated: not a leak.
    job "$(basename "$program")" timeout 300 valgrind -q --error-exitcode=99 --leak-check=full \
        --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect \
        --child-silent-after-fork=yes "$program"
done
jobs_close
