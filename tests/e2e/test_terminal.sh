#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Whatever ends the client, the user's terminal has its modes back.
. "$(dirname "$0")/../support/lib.sh"

start_server
for case in exit escape refused TERM HUP INT QUIT lost; do
    "$SUPPORT/client_terminal.py" "$CLIENT" "$T" "$case" 2>"$ERR" ||
        fail "$case: $(cat "$ERR")"
    ok "the terminal is restored: $case"
done
