#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# usage: lint.sh BUILD [CHECK...]
#
# What machines can see of the style. BUILD is a folder configured with clang: its
# compile_commands.json tells clang-tidy how each file is compiled. A line per check, then the counts.
set -euo pipefail

support=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$support/../.." && pwd)
# shellcheck source=jobs.sh
. "$support/jobs.sh"

FILE_LINES_MAX=400
FUNCTION_LINES_MAX=60
COMMENT_PERCENT_MIN=8
COMMENT_PERCENT_MAX=14
CHECKS=(tidy cppcheck format sizes comments headers shellcheck mandoc spelling)

build=$(cd "$1" && pwd)
shift
cd "$top"

# Tracked and new files alike; a released archive has no git.
files()
{
    find src include tests contrib .ci -type f "$@" -print0 | sort -z
}

sources()
{
    files -name '*.[ch]'
}

check_tidy()
{
    # Only what this build compiles: files of another build have no flags to be read with. One file at
    # a time: this version's analyzer invents findings in the second file of a run.
    local findings status=0
    findings=$(sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' "$build/compile_commands.json" | sort -u |
        xargs -d '\n' -P "$(nproc)" -n 1 clang-tidy -p "$build" --quiet 2>&1) || status=$?
    grep -v ' warnings\? generated\.$\|^Suppressed \|^Use -header-filter' <<<"$findings" || true
    return "$status"
}

check_cppcheck()
{
    cppcheck --quiet --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
        --std=c11 -D_GNU_SOURCE -DVSH_VERSION='"0"' -DVSH_LIBEXECDIR='""' -DVSH_SYSCONFDIR='""' \
        -I include -I src -j "$(nproc)" src tests/unit tests/fuzz
}

check_format()
{
    sources | xargs -0 clang-format --dry-run -Werror
}

# Linux braces: a function's body stands between a "{" and a "}" in the first column.
check_sizes()
{
    sources | xargs -0 awk -v file_max="$FILE_LINES_MAX" -v function_max="$FUNCTION_LINES_MAX" '
        function file_end() {
            if (lines > file_max) {
                printf "%s: %d lines, more than %d: split it\n", name, lines, file_max; bad = 1
            }
        }
        FNR == 1 { file_end(); name = FILENAME; start = 0 }
        { lines = FNR }
        /^{/ { start = FNR; rows = 0 }
        start && /^ *(case .*|default):/ { rows += 2 }
        start && /^ *[{"].*,$/ { rows++ }
        /^}/ && start {
            size = FNR - start - 1
            # A flat switch or a table is as long as its rows are many.
            if (size - rows > function_max) {
                printf "%s:%d: a function of %d lines, more than %d\n", name, start, size,
                    function_max; bad = 1
            }
            start = 0
        }
        END { file_end(); exit bad }'
}

# The share of lines that are comment, over the whole of src and include: too few say no why, too
# many say what the code says already.
check_comments()
{
    find src include -name '*.[ch]' -print0 | sort -z | xargs -0 awk \
        -v min="$COMMENT_PERCENT_MIN" -v max="$COMMENT_PERCENT_MAX" '
        /^[ \t]*\/[*\/]/ || inside { comment++ }
        /\/\*/ { inside = 1 }
        /\*\// { inside = 0 }
        END {
            share = 100 * comment / NR
            printf "NOTE: %.1f %% of %d lines\n", share, NR
            exit !(share >= min && share <= max)
        }'
}

# The first line names the licence; a .c file says in a comment below it what it owns.
check_headers()
{
    local file bad=0
    while IFS= read -r -d '' file; do
        if ! head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT'; then
            printf '%s: no SPDX line at the top\n' "$file"
            bad=1
        fi
    done < <(files \( -name '*.[ch]' -o -name '*.sh' -o -name '*.py' -o -path .ci/run \))
    while IFS= read -r -d '' file; do
        if ! sed -n 2p "$file" | grep -q '^/\*'; then
            printf '%s: does not say at the top what it owns\n' "$file"
            bad=1
        fi
    done < <(find src -name '*.c' -print0)
    return "$bad"
}

check_shellcheck()
{
    files \( -name '*.sh' -o -path .ci/run \) -perm -u+x |
        xargs -0 -P "$(nproc)" -n 8 shellcheck &&
        # What is sourced sets variables for others.
        files -name '*.sh' ! -perm -u+x | xargs -0 -r shellcheck -e SC2034 &&
        # Scripts that go by other names; each says its shell.
        files \( -path 'contrib/openrc/*.in' -o -path 'contrib/packaging/*.p[or]*' \) | xargs -0 -r shellcheck &&
        files \( -path 'contrib/initramfs*' -o -path 'contrib/dracut/*' \) |
        xargs -0 -r shellcheck -e SC1091 # files of the builder and of the image
}

check_mandoc()
{
    local pages
    mapfile -d '' pages < <(find src -name '*.[1-8]' -print0)
    if [ ${#pages[@]} -eq 0 ]; then
        echo 'SKIP: no manual page'
        return 77
    fi
    # Of style, too; but the pages name each other and others' pages, which need not be installed.
    ! mandoc -T lint "${pages[@]}" 2>/dev/null | grep -v 'STYLE: referenced manual not found'
}

# Marks of unfinished work, and blanks that no editor shows.
check_spelling()
{
    local bad=0
    if files -name '*.[ch]' | xargs -0 grep -nE '\b(TODO|FIXME|XXX)\b'; then
        bad=1
    fi
    if files \( -name '*.[ch]' -o -name '*.sh' -o -name '*.py' -o -name '*.md' -o -name '*.txt' \) |
        xargs -0 grep -nE '[[:blank:]]+$'; then
        bad=1
    fi
    return "$bad"
}

# clang-tidy takes both processors for itself, the rest is quick.
jobs_open 1
for check in "${CHECKS[@]}"; do
    if [ $# -eq 0 ] || [[ " $* " == *" $check "* ]]; then
        job "$check" "check_$check"
    fi
done
jobs_close
