#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# usage: check-layers.sh [CHECK...]
#
# Holds what src/README.md says: who may include whom, what each program links, what the library
# exports. Uses the build in $VSH_BUILD (default build/debug; a plain build: sanitizers link more).
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=support/jobs.sh
. "$top/tests/support/jobs.sh"
VSH_BUILD=$(cd "${VSH_BUILD:-$top/build/debug}" && pwd)
cd "$top"

CHECKS=(includes libssh links symbols library-calls shutdown conditionals public-headers own-headers)

# Folder of src, and the folders it may include besides itself; "public" is include/vsock-shell.
declare -A MAY_INCLUDE=(
    [base]=''
    [lib]='base public'
    [file]='base lib public'
    [common]='base lib public'
    [session]='base lib file common public'
    [server/native]='base lib file common session public'
    [server/ssh]='base lib file common session public'
    [server]='base lib file common session server/native public'
    [client]='base lib file common public'
    [proxy]='base lib common public'
)
# Half-closes of a unix socket and of forwarded connections; never of a vsock, where several
# hypervisors make a reset of it.
SHUTDOWN_ALLOWED='^src/common/relay\.c:|^src/server/ssh/ssh_relay\.c:'

# The folder of a file's path below src, as a key of MAY_INCLUDE.
layer_of()
{
    printf '%s\n' "${1%/*}"
}

check_includes()
{
    local bad=0 file text included mine theirs
    while IFS=: read -r file text; do
        mine=$(layer_of "${file#src/}")
        if [ -z "${MAY_INCLUDE[$mine]+known}" ]; then
            printf '%s: src/README.md has no folder %s\n' "$file" "$mine"
            bad=1
            continue
        fi
        included=$(sed -nE 's/^ *# *include *[<"]([^>"]*)[>"].*/\1/p' <<<"$text")
        case $included in
        vsock-shell/*) theirs=public ;;
        */*) theirs=$(layer_of "$included") ;;
        *) theirs=$mine ;;
        esac
        # <sys/socket.h> and the like: folders that are none of ours.
        if [ "$theirs" != public ] && [ -z "${MAY_INCLUDE[$theirs]+known}" ]; then
            continue
        fi
        if [ "$theirs" != "$mine" ] && [[ " ${MAY_INCLUDE[$mine]} " != *" $theirs "* ]]; then
            printf '%s: %s may not include %s\n' "$file" "$mine" "$included"
            bad=1
        fi
    done < <(grep -rE --include='*.[ch]' '^ *# *include' src)
    return "$bad"
}

needed()
{
    readelf -d "$1" | sed -nE 's/.*\(NEEDED\).*\[(.*)\]/\1/p'
}

check_libssh()
{
    local bad=0 file
    while IFS= read -r file; do
        printf '%s: only src/server/ssh/ may know libssh\n' "$file"
        bad=1
    done < <(grep -rlE --include='*.[ch]' '# *include *<libssh/' src include | grep -v '^src/server/ssh/')
    for file in "$VSH_BUILD"/src/vsock-shell-* "$VSH_BUILD"/src/*.so; do
        [ -f "$file" ] || continue
        if [ "$(basename "$file")" != vsock-shell-ssh-session ] && needed "$file" | grep -q '^libssh'; then
            printf '%s links libssh\n' "$file"
            bad=1
        fi
    done
    return "$bad"
}

check_links()
{
    local bad=0 program library
    for program in server client proxy; do
        if [ ! -x "$VSH_BUILD/src/vsock-shell-$program" ]; then
            printf 'vsock-shell-%s was not built\n' "$program"
            bad=1
            continue
        fi
        while IFS= read -r library; do
            printf 'vsock-shell-%s links %s; it may link libc alone\n' "$program" "$library"
            bad=1
        done < <(needed "$VSH_BUILD/src/vsock-shell-$program" | grep -v '^libc\.so\.')
    done
    return "$bad"
}

check_symbols()
{
    local library=$VSH_BUILD/src/libvsock-shell.so
    [ -e "$library" ] || { echo "$library was not built" && return 1; }
    # Both lists sorted; "<" is in the map alone, ">" in the library alone.
    diff <(sed -nE 's/^ *([a-z_0-9]+);$/\1/p' src/lib/vsock-shell.map | sort) \
        <(nm -D --defined-only "$library" | awk '$2 != "A" {sub(/@.*/, "", $3); print $3}' | sort)
}

# lib and below never end the program, fork, log or print. What the compiled objects call says so more
# surely than their text.
check_library_calls()
{
    local forbidden='exit|_exit|abort|fork|vfork|system|popen|syslog|vsyslog|printf|puts|perror|__printf_chk|__fprintf_chk|__vfprintf_chk'
    ! nm -D --undefined-only "$VSH_BUILD/src/libvsock-shell.so" | sed -E 's/@.*//' | awk '{print $2}' |
        grep -xE "$forbidden"
}

check_shutdown()
{
    # Not in the lines of a comment.
    ! grep -rnE --include='*.[ch]' '\bshutdown\(' src include | grep -vE '^[^:]*:[0-9]+: ?[/*]' |
        grep -vE "$SHUTDOWN_ALLOWED"
}

# A missing feature is another file with the same functions, not a hole in a function.
check_conditionals()
{
    find src -name '*.c' -print0 | sort -z | xargs -0 awk '
        FNR == 1 { body = 0 }
        /^{/ { body = 1 }
        body && /^ *# *(if|ifdef|ifndef|elif|else)([^a-z]|$)/ { printf "%s:%d: %s\n", FILENAME, FNR, $0; bad = 1 }
        /^}/ { body = 0 }
        END { exit bad }'
}

compile_header()
{
    printf '#include <%s>\n' "$2" | $1 -Wall -Wextra -Werror -D_GNU_SOURCE -I include -I src -fsyntax-only -
}

# An application includes any of them first, in C or in C++, and as strictly as it likes.
check_public_headers()
{
    local bad=0 file
    for file in include/vsock-shell/*.h; do
        compile_header 'gcc -std=c11 -pedantic -xc' "${file#include/}" || bad=1
        compile_header 'g++ -std=c++11 -pedantic -xc++' "${file#include/}" || bad=1
    done
    return "$bad"
}

check_own_headers()
{
    local bad=0 file
    while IFS= read -r -d '' file; do
        compile_header 'gcc -std=gnu17 -xc' "${file#src/}" || bad=1
    done < <(find src -name '*.h' -print0 | sort -z)
    return "$bad"
}

jobs_open "$(nproc)"
for check in "${CHECKS[@]}"; do
    if [ $# -eq 0 ] || [[ " $* " == *" $check "* ]]; then
        job "$check" "check_${check//-/_}"
    fi
done
jobs_close
