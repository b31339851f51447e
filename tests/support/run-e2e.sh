#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Runs tests/e2e/test_*.sh against a build, two at a time: a line per test, the tail of the output of
# one that failed, and the counts at the end. Fails when one failed, and when none ran.
set -euo pipefail

usage()
{
    cat <<'END'
usage: run-e2e.sh [-b BUILD] [-j N] [-v] [PATTERN...]
  -b BUILD   the build folder (default: $VSH_BUILD or build/debug)
  -j N       tests at a time (default 2)
  -v         shows the output of every test
  PATTERN    part of the name of the tests to run (default: all)
END
}

support=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$support/../.." && pwd)
jobs=2
verbose=''
export VSH_BUILD=${VSH_BUILD:-$top/build/debug}
while getopts 'b:j:vh' option; do
    case $option in
    b) VSH_BUILD=$(cd "$OPTARG" && pwd) ;;
    j) jobs=$OPTARG ;;
    v) verbose=1 ;;
    h) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
    esac
done
shift $((OPTIND - 1))

results=$(mktemp -d "${TMPDIR:-/tmp}/vsh-e2e.XXXXXX")
running=()
cleanup()
{
    local pid
    for pid in "${running[@]}"; do
        kill -TERM "$pid" 2>/dev/null || true
    done
    wait
    rm -rf "$results"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

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

# One line per test, written at once so that two tests do not mix their output.
run_one()
{
    local script=$1 name status=0 start verdict text
    name=$(basename "$script" .sh)
    start=${EPOCHREALTIME/[.,]/}
    bash "$script" </dev/null >"$results/$name.log" 2>&1 || status=$?
    case $status in
    0) verdict=PASS ;;
    77) verdict=SKIP ;;
    *) verdict=FAIL ;;
    esac
    text=$(printf '%s %s %s s' "$verdict" "$name" \
        "$(((${EPOCHREALTIME/[.,]/} - start) / 1000000))")
    case $verdict in
    SKIP) text+=" ($(sed -n 's/^SKIP: //p' "$results/$name.log" | tail -n 1))" ;;
    FAIL) text+=" (status $status)"$'\n'$(tail -n 40 "$results/$name.log" | sed 's/^/    /') ;;
    PASS) [ -z "$verbose" ] || text+=$'\n'$(sed 's/^/    /' "$results/$name.log") ;;
    esac
    printf '%s\n' "$verdict" >"$results/$name.verdict"
    printf '%s\n' "$text"
}

count()
{
    cat "$results"/*.verdict 2>/dev/null | grep -c "$1" || true
}

for script in "$top"/tests/e2e/test_*.sh; do
    if [ ! -e "$script" ] || ! wanted "$(basename "$script" .sh)" "$@"; then
        continue
    fi
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
        wait -n || true
    done
    run_one "$script" &
    running+=("$!")
done
wait

passed=$(count PASS)
failed=$(count FAIL)
skipped=$(count SKIP)
printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ] && [ "$((passed + failed))" -gt 0 ]
