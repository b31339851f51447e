#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# usage: run-fuzzers.sh BUILD SECONDS [PATTERN]
#
# Runs every libFuzzer target of BUILD for SECONDS. What it finds lands in BUILD/findings, the corpus
# it grows in BUILD/corpus; the seeds are tests/fuzz/LAYER/corpus_NAME.
set -euo pipefail

support=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$support/../.." && pwd)
# shellcheck source=jobs.sh
. "$support/jobs.sh"

build=$(cd "$1" && pwd)
seconds=$2
pattern=${3:-}

fuzz()
{
    local program=$1 name seeds log status=0
    name=$(basename "$program")
    log=$build/findings/$name.log
    mkdir -p "$build/corpus/$name"
    set -- "$build/corpus/$name"
    for seeds in "$top"/tests/fuzz/*/"corpus_${name#fuzz_}"; do
        [ ! -d "$seeds" ] || set -- "$@" "$seeds"
    done
    "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$build/findings/$name-" "$@" >"$log" 2>&1 || status=$?
    tail -n 40 "$log"
    sed -n 's/^stat::number_of_executed_units: */NOTE: inputs tried: /p' "$log"
    return "$status"
}

mkdir -p "$build/findings"
jobs_open "$(nproc)"
for program in "$build"/tests/fuzz_*; do
    if [ -x "$program" ] && [[ $program == *"$pattern"* ]]; then
        job "$(basename "$program")" fuzz "$program"
    fi
done
jobs_close
