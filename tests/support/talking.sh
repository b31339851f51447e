# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Sessions that go on while something happens to their server, sourced behind lib.sh.
#
#   start_session NAME CMD...   CMD runs what follows as a word of its own; returns once it has answered
#   talk NAME WORDS             fail unless the session answers
#   part NAME                   tells it to end, and fail unless it does so with its own status
#   ${!TALKING[@]}              the names of those that go on

ANSWER='while read -r word; do [ "$word" != bye ] || exit 9; echo "<$word>"; done'
declare -A TALKING TALKING_INPUT

said()
{
    grep -qxF -e "<$2>" "$TMP/$1.out"
}

talk()
{
    echo "$2" >&"${TALKING_INPUT[$1]}"
    wait_for 10 said "$1" "$2" || fail "the session $1 does not answer to '$2': $(cat "$TMP/$1.err")"
}

start_session()
{
    local name=$1 input
    shift
    mkfifo "$TMP/$name.in"
    "$@" "$ANSWER" <"$TMP/$name.in" >"$TMP/$name.out" 2>"$TMP/$name.err" &
    STARTED+=("$!")
    TALKING[$name]=$!
    exec {input}>"$TMP/$name.in"
    TALKING_INPUT[$name]=$input
    talk "$name" started
}

part()
{
    local input=${TALKING_INPUT[$1]} status=0
    echo bye >&"$input"
    wait "${TALKING[$1]}" || status=$?
    [ "$status" -eq 9 ] || fail "the session $1 ends with $status: $(cat "$TMP/$1.err")"
    exec {input}>&-
    unset "TALKING[$1]" "TALKING_INPUT[$1]"
}
