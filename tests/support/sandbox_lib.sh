# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# sandbox.sh for the scripts of tests/e2e.
#
#   sandbox_start [OPTION...] COMMAND...   in the background, with the options of sandbox.sh; its output is
#                                          $TMP/sandbox.log, its pid $SANDBOX
#   sandbox_wait CMD...                    until CMD succeeds; skips where there can be no sandbox
#   inside CMD...                          runs CMD in there

SANDBOX=''

sandbox_start()
{
    start_background "$SUPPORT/sandbox.sh" -p "$TMP/sandbox.pid" "$@" </dev/null >"$TMP/sandbox.log" 2>&1
    SANDBOX=$!
}

inside()
{
    nsenter -t "$(cat "$TMP/sandbox.pid")" -m -p -u -i -n -r -w "$@"
}

sandbox_is()
{
    is_gone "$SANDBOX" || { [ -s "$TMP/sandbox.pid" ] && inside "$@" 2>/dev/null; }
}

sandbox_wait()
{
    wait_for 20 sandbox_is "$@" || fail "the sandbox does not come up: $(tail -n 5 "$TMP/sandbox.log")"
    if is_gone "$SANDBOX"; then
        ! grep '^SKIP: ' "$TMP/sandbox.log" || exit 77
        fail "the sandbox ended: $(tail -n 5 "$TMP/sandbox.log")"
    fi
}
