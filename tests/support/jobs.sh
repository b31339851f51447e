# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Runs checks side by side and counts them. A check is a command: status 0 is a pass, 77 a skip (its
# output says "SKIP: reason"), anything else a failure. Calls, in this order:
#
#   jobs_open N              N checks at a time
#   job NAME COMMAND...      starts one as soon as there is room; its line comes when it has ended
#   jobs_close               waits, prints "N passed, N failed, N skipped"; fails if one failed
#                            or none ran
#
# With JOBS_VERBOSE=1 the output of every check is shown, else the tail of one that failed. What a
# check writes as "NOTE: text" goes into its line.

jobs_open()
{
    JOBS_LIMIT=$1
    JOBS_RESULTS=$(mktemp -d "${TMPDIR:-/tmp}/vsh-jobs.XXXXXX")
    JOBS_PIDS=()
    trap jobs_cleanup EXIT
    trap 'exit 130' INT TERM
}

jobs_cleanup()
{
    local pid
    # A check that a signal meets right after its fork still has our traps.
    [ "$BASHPID" = "$$" ] || return 0
    for pid in "${JOBS_PIDS[@]}"; do
        kill -TERM "$pid" 2>/dev/null || true
    done
    wait
    rm -rf "$JOBS_RESULTS"
}

job()
{
    while [ "$(jobs -rp | wc -l)" -ge "$JOBS_LIMIT" ]; do
        wait -n || true
    done
    job_run "$@" &
    JOBS_PIDS+=("$!")
}

job_run()
{
    local name=$1 status=0 start verdict text child log=$JOBS_RESULTS/$1.log
    shift
    start=${EPOCHREALTIME/[.,]/}
    # The command is a child of its own, so that ending this process ends it too.
    "$@" </dev/null >"$log" 2>&1 &
    child=$!
    trap 'kill -TERM "$child" 2>/dev/null || true; wait "$child"; exit 130' TERM
    trap - EXIT
    wait "$child" || status=$?
    case $status in
    0) verdict=PASS ;;
    77) verdict=SKIP ;;
    *) verdict=FAIL ;;
    esac
    text="$verdict $name $(((${EPOCHREALTIME/[.,]/} - start) / 1000000)) s"
    text+=$(sed -n 's/^\(SKIP\|NOTE\): \(.*\)/ (\2)/p' "$log" | tail -n 1)
    case $verdict in
    FAIL) text+=" (status $status)"$'\n'$(tail -n 40 "$log" | sed 's/^/    /') ;;
    *) [ -z "${JOBS_VERBOSE:-}" ] || text+=$'\n'$(sed 's/^/    /' "$log") ;;
    esac
    printf '%s\n' "$verdict" >"$JOBS_RESULTS/$name.verdict"
    # One write, so that the texts of two checks do not mix.
    printf '%s\n' "$text"
}

jobs_count()
{
    cat "$JOBS_RESULTS"/*.verdict 2>/dev/null | grep -c "$1" || true
}

jobs_close()
{
    local passed failed skipped
    wait
    JOBS_PIDS=()
    passed=$(jobs_count PASS)
    failed=$(jobs_count FAIL)
    skipped=$(jobs_count SKIP)
    printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
    [ "$failed" -eq 0 ] && [ "$((passed + failed))" -gt 0 ]
}
