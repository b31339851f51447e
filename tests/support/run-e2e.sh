#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Runs tests/e2e/test_*.sh against a build: a line per test, the tail of the output of one that
# failed, and the counts at the end. Fails when one failed, and when none ran.
set -euo pipefail

usage()
{
    cat <<'END'
usage: run-e2e.sh [-b BUILD] [-d FOLDER] [-j N] [-v] [PATTERN...]
  -b BUILD   the build folder (default: $VSH_BUILD or build/debug)
  -d FOLDER  where the scripts are (default: tests/e2e); repeatable
  -j N       tests at a time (default: one per processor)
  -v         shows the output of every test
  PATTERN    part of the name of the tests to run (default: all)
END
}

support=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$support/../.." && pwd)
# shellcheck source=jobs.sh
. "$support/jobs.sh"

at_once=$(nproc)
folders=()
export VSH_BUILD=${VSH_BUILD:-$top/build/debug}
while getopts 'b:d:j:vh' option; do
    case $option in
    b) VSH_BUILD=$(cd "$OPTARG" && pwd) ;;
    d) folders+=("$(cd "$OPTARG" && pwd)") ;;
    j) at_once=$OPTARG ;;
    v) export JOBS_VERBOSE=1 ;;
    h) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
    esac
done
shift $((OPTIND - 1))
[ ${#folders[@]} -gt 0 ] || folders=("$top/tests/e2e")

wanted()
{
    local name=$1 pattern
    shift
    [ $# -gt 0 ] || return 0
    for pattern; do
        [[ $name != *"$pattern"* ]] || return 0
    done
    return 1
}

jobs_open "$at_once"
for folder in "${folders[@]}"; do
    for script in "$folder"/test_*.sh; do
        name=$(basename "$script" .sh)
        if [ -e "$script" ] && wanted "$name" "$@"; then
            job "$name" bash "$script"
        fi
    done
done
jobs_close
