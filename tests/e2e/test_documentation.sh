#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The options of each program, its --help, its manual page and its completions in bash, zsh and fish
# agree. What the program takes is asked of itself: of its call of getopt_long. What a shell offers is
# asked of the shell: its completion runs. And the manual has the sections that a reader looks for, and
# like the README names no other options and quotes only what the programs say.

TEST_LIMIT=120
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_unix
need cc python3
# A static program would not load the spy.
need_dynamic

COMPLETIONS=$TOP/contrib/completions
declare -A PAGE=(
    [client]=$TOP/src/client/vsock-shell-client.1
    [proxy]=$TOP/src/proxy/vsock-shell-proxy.1
    [server]=$TOP/src/server/vsock-shell-server.8
    [ssh-session]=$TOP/src/server/ssh/vsock-shell-ssh-session.8
)
# A build without SSH has neither the program nor its page.
[ -x "$SSH_SESSION" ] || unset 'PAGE[ssh-session]'
# Spellings of an earlier program are taken and described, but offered to nobody.
EARLIER='--cid|--cmd|--remote-dir|--local-dir'

SECTIONS=(NAME SYNOPSIS DESCRIPTION ENVIRONMENT FILES 'EXIT STATUS' EXAMPLES DIAGNOSTICS 'SEE ALSO'
    'SECURITY CONSIDERATIONS')

for page in "${PAGE[@]}"; do
    for section in "${SECTIONS[@]}"; do
        grep -qxF ".Sh $section" "$page" || fail "$(basename "$page") has no section $section"
    done
done
"$SUPPORT/page_sentences.py" "$TOP" "${PAGE[@]}" "$TOP/README.md" >"$OUT" || {
    cat "$OUT" >&2
    fail 'a document quotes what no program says'
}
[ "$(tail -n 1 "$OUT")" -ge 70 ] || fail 'the documents quote too few sentences to be true'
ok 'the manual has its sections; it and the README quote what the programs say'

build_preload getopt_spy

same_lines()
{
    diff "$1" "$2" >&2 || fail "$3"
}

# Pages of ours, as "vsock-shell-client 1".
find "$TOP/src" -name '*.[1-8]' -printf '%f\n' | sed 's/\.\([1-8]\)$/ \1/' | sort >"$TMP/pages"
find "$TOP/src" -name '*.[1-8]' -exec grep -ohE '^\.Xr vsock-shell-[a-z-]+ [1-8]' {} + | cut -c 5- | sort -u |
    comm -23 - "$TMP/pages" >"$TMP/invented"
[ ! -s "$TMP/invented" ] || fail "the manual refers to pages that are not there: $(tr '\n' ' ' <"$TMP/invented")"
while read -r name section; do
    grep -qF "\`$name($section)\`" "$TOP/README.md" || fail "the README does not name $name($section)"
done <"$TMP/pages"
ok 'every page that is referred to exists, and the README names them all'

# What the program takes: options.NAME has a line "OPTION value|flag NUMBER" for each spelling.
ask_program()
{
    LD_PRELOAD=$TMP/getopt_spy.so "$VSH_BUILD/src/vsock-shell-$1" >"$TMP/options.$1"
    [ "$(wc -l <"$TMP/options.$1")" -ge 5 ] || fail "vsock-shell-$1 has not called getopt_long"
    cut -d ' ' -f 1,2 "$TMP/options.$1" | sort >"$TMP/taken.$1"
    grep -vwE -e "($EARLIER)" "$TMP/taken.$1" >"$TMP/offered.$1" || true
}

check_page()
{
    "$SUPPORT/page_options.py" "${PAGE[$1]}" | sort >"$TMP/page.$1"
    same_lines "$TMP/taken.$1" "$TMP/page.$1" \
        "the options of $(basename "${PAGE[$1]}") (>) are not those that vsock-shell-$1 takes (<)"
}

# The help may leave out one of two spellings, not both; it promises nothing, and fits a screen.
check_help()
{
    local option number
    "$VSH_BUILD/src/vsock-shell-$1" --help >"$TMP/help.$1"
    grep -oE -e '(^|[^A-Za-z0-9-])(--[a-z][a-z-]*|-[A-Za-z])\b' "$TMP/help.$1" |
        grep -oE -e '-.*' | sort -u >"$TMP/help-options.$1"
    cut -d ' ' -f 1 "$TMP/taken.$1" | sort >"$TMP/taken-names.$1"
    [ "$(wc -l <"$TMP/help.$1")" -le 50 ] || fail "vsock-shell-$1 --help is longer than 50 lines"
    [ "$(wc -L <"$TMP/help.$1")" -le 80 ] ||
        fail "vsock-shell-$1 --help is wider than 80: $(grep -E '.{81}' "$TMP/help.$1")"
    comm -23 "$TMP/help-options.$1" "$TMP/taken-names.$1" >"$TMP/invented"
    [ ! -s "$TMP/invented" ] || fail "vsock-shell-$1 --help promises $(tr '\n' ' ' <"$TMP/invented")"
    cut -d ' ' -f 3 "$TMP/options.$1" | sort -u >"$TMP/numbers"
    while read -r number; do
        option=$(awk -v n="$number" '$3 == n { print $1 }' "$TMP/options.$1")
        [[ ! $option =~ ^($EARLIER)$ ]] || continue
        grep -qxF -e "$option" "$TMP/help-options.$1" ||
            fail "vsock-shell-$1 --help does not name ${option//$'\n'/, }"
    done <"$TMP/numbers"
}

for program in "${!PAGE[@]}"; do
    ask_program "$program"
    check_page "$program"
    check_help "$program"
    ok "vsock-shell-$program: --help and the manual know the options that it takes"
done

# Options of other programs that the README runs.
OTHERS='--build|--config-file|--id|--run-command|--install|--now|--target|--unix-socket|--userns|--vsock'
{
    grep -ohE -e '(^|[^A-Za-z-])--[a-z][a-z-]+' "$TOP/README.md" | grep -oE -e '--.*'
    grep -ohE -e 'Fl -[a-z][a-z-]+' "${PAGE[@]}" | sed 's/^Fl -/--/'
} | grep -vxE -e "($OTHERS)" | sort -u >"$TMP/named"
{
    "$TOP/tests/run.sh" --help
    "$TOP/tests/bench/run.sh" --help
} | grep -oE -e '^ +--[a-z-]+' | tr -d ' ' >"$TMP/taken-names.tests"
cat "$TMP"/taken-names.* | sort -u | comm -23 "$TMP/named" - >"$TMP/invented"
[ ! -s "$TMP/invented" ] || fail "README or manual name options that nothing takes: $(tr '\n' ' ' <"$TMP/invented")"
ok 'README and manual name no option that does not exist'

# What is wrong with an example's options is told before what is wrong with this machine.
{
    sed -n 's/^\.Dl \(vsock-shell-server .*\)/\1/p' "${PAGE[@]}"
    sed -nE 's/^ {4,}(vsock-shell-server .*)/\1/p' "$TOP/README.md"
} >"$TMP/examples"
[ "$(wc -l <"$TMP/examples")" -ge 8 ] || fail 'too few examples of the server to be true'
while read -r line; do
    # shellcheck disable=SC2294
    run eval "\"\$SERVER\" ${line#* } --check"
    ! grep "^try '" "$ERR" >&2 || fail "an example is refused: $line: $(head -n 1 "$ERR")"
done <"$TMP/examples"
ok 'the server takes the options of the examples'

# Each asks a shell to complete lines; a line of output is LINE, a tab, and a word that it offers.

# Only a completion that runs in an interactive shell has it.
compopt()
{
    :
}

ask_bash()
{
    local program=$1 line word
    shift
    # shellcheck source=/dev/null
    . "$COMPLETIONS/vsock-shell-$program.bash"
    for line; do
        read -ra COMP_WORDS <<<"$line"
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        # Its status says only whether it knew an answer.
        "_vsock_shell_${program//-/_}" || true
        for word in "${COMPREPLY[@]}"; do
            printf '%s\t%s\n' "$line" "$word"
        done
    done
}

ask_zsh()
{
    shift
    "$SUPPORT/zsh_complete.py" "$COMPLETIONS" "$@"
}

ask_fish()
{
    local program=$1
    shift
    # shellcheck disable=SC2016
    fish --no-config -c 'source $argv[1]
        for line in $argv[2..]
            for word in (complete -C $line)
                printf "%s\t%s\n" $line (string split -f 1 \t -- $word)
            end
        end' "$COMPLETIONS/vsock-shell-$program.fish" "$@"
}

# Behind an option that takes a value no option is offered: "-" would begin the value. fish offers them
# all the same; there, the file has to say it.
kind_of()
{
    local shell=$1 program=$2 name=$3
    case $shell:$name in
    *:--help | *:-h | *:--version | *:-V) echo flag ;;
    fish:*)
        case $name in
        --*) name="-l ${name#--}" ;;
        *) name="-s ${name#-}" ;;
        esac
        grep -e " $name " "$COMPLETIONS/vsock-shell-$program.fish" |
            grep -qE -e ' -[xr] ' && echo value || echo flag
        ;;
    *)
        grep -qE -e "^vsock-shell-$program $name -	-" "$TMP/answers" && echo flag || echo value
        ;;
    esac
}

check_shell()
{
    local shell=$1 command=vsock-shell-$2 name lines=()
    while read -r name _; do
        lines+=("$command $name -")
    done <"$TMP/offered.$2"
    "ask_$shell" "$2" "$command -" "$command --" "${lines[@]}" >"$TMP/answers"
    grep -E -e "^$command --?	-" "$TMP/answers" | cut -f 2 | sort -u >"$TMP/names"
    while read -r name; do
        printf '%s %s\n' "$name" "$(kind_of "$shell" "$2" "$name")"
    done <"$TMP/names" | sort >"$TMP/$shell.$2"
    same_lines "$TMP/offered.$2" "$TMP/$shell.$2" \
        "$shell offers other options (>) than vsock-shell-$2 takes (<)"
}

cd "$TMP"
for shell in bash zsh fish; do
    if ! command -v "$shell" >/dev/null; then
        printf 'NOTE: %s is not installed: its completions were not looked at\n' "$shell"
        continue
    fi
    for program in client proxy server; do
        check_shell "$shell" "$program"
    done
    ok "$shell completes the options of client, proxy and server, and knows which take a value"
done
