#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Everything that is tested, on a bare Debian 12: installs what is missing, builds in build/ with gcc
# and clang, runs every test. See --help. tests/README.md says what each stage is for.
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
support=$top/tests/support
logs=$top/build/logs
# shellcheck source=support/deps.sh
. "$support/deps.sh"

# Name, what it needs to have passed before, function. The order is the order of running.
STAGES=(
    'gcc-build     -             build_gcc'
    'gcc-unit      gcc-build     unit gcc'
    'gcc-e2e       gcc-build     e2e gcc'
    'layers        gcc-build     layers'
    'clang-build   -             build_clang'
    'clang-unit    clang-build   unit clang'
    'clang-e2e     clang-build   e2e clang'
    'no-ssh-build  -             build_no_ssh'
    'no-ssh-unit   no-ssh-build  unit no-ssh'
    'static-build  -             build_static'
    'static-e2e    static-build  e2e static'
    'initramfs     static-build  initramfs'
    'musl-build    -             build_musl'
    'valgrind      gcc-build     valgrind'
    'lint          clang-build   lint'
    'fuzz          -             fuzz'
    'quickstart    -             quickstart'
    'packages      -             packages'
    'vm-loopback   gcc-build     vm loopback'
    'vm-host       static-build  vm host'
    'readme        -             readme'
    'debian        packages      debian'
    'libssh        -             libssh'
)
# What --quick leaves out: a second look at the same code.
SLOW_STAGES='clang-e2e no-ssh-build no-ssh-unit static-build static-e2e initramfs musl-build valgrind quickstart packages vm-loopback vm-host readme debian libssh'

usage()
{
    cat <<'END'
usage: tests/run.sh [OPTION...]
  --quick            the short round: fewer builds, 10 s per fuzzer
  --full             also vm-host, a guest in a guest, readme, debian and libssh, Debians from nothing, and a boot
                     of dracut's image: some minutes
  --compiler NAME    only the stages that build with gcc or with clang
  --only PATTERN     only the stages whose name contains PATTERN, and what they need
  --list             prints the stages and ends
  --no-install       installs no packages
  --ci               as without it; a name for the caller
  --help             this text
Variables: FUZZ_SECONDS (per fuzzer; 60, or 10 with --quick), TMPDIR.
Everything is built in build/, and build/logs/ keeps what each stage printed. The last line is
"N passed, N failed, N skipped", over all tests and checks; the status is 0 when none failed.
END
}

# $1 build folder below build/, $2 compiler, $3 preset of contrib/cmake, the rest: cmake options.
build()
{
    local folder=$top/build/$1 compiler=$2 preset=$3
    shift 3
    # A tree that was moved or copied brings a cache that cmake refuses.
    if ! grep -qsxF "CMAKE_HOME_DIRECTORY:INTERNAL=$top" "$folder/CMakeCache.txt"; then
        rm -rf "$folder"
    fi
    CC=$compiler cmake -G Ninja -C "$top/contrib/cmake/$preset.cmake" -S "$top" -B "$folder" \
        -DWITH_WERROR=ON "$@"
    cmake --build "$folder" -j "$(nproc)" -- --quiet
}

build_gcc()
{
    build gcc gcc release
}

build_clang()
{
    build clang clang asan
}

build_no_ssh()
{
    build no-ssh gcc no-ssh
}

build_static()
{
    build static gcc static
}

# musl's own headers lack the kernel's; they are the same for every C library, so the distribution's
# do, in a folder that holds nothing else.
build_musl()
{
    local headers=$top/build/musl-headers machine
    machine=$(gcc -print-multiarch)
    mkdir -p "$headers"
    ln -sfn /usr/include/linux "$headers/linux"
    ln -sfn /usr/include/asm-generic "$headers/asm-generic"
    ln -sfn "/usr/include/$machine/asm" "$headers/asm"
    ln -sfn /usr/include/xxhash.h "$headers/xxhash.h"
    build musl musl-gcc static -DCMAKE_C_FLAGS="-idirafter $headers"
    "$top/build/musl/src/vsock-shell-server" --version
}

# ctest has its own last line; ours is the one that is counted.
unit()
{
    local status=0 log=$logs/$1-ctest.log
    ctest --test-dir "$top/build/$1" -j "$(nproc)" --output-on-failure --no-tests=error >"$log" 2>&1 ||
        status=$?
    cat "$log"
    sed -nE 's/^ *[0-9]+% tests passed, ([0-9]+) tests? failed out of ([0-9]+)$/\1 \2/p' "$log" |
        while read -r failed total; do
            printf '%s passed, %s failed, 0 skipped\n' "$((total - failed))" "$failed"
        done
    return "$status"
}

e2e()
{
    local patterns=()
    # The sanitizers make everything slower; the limits in the tests are for a plain build.
    [ "$1" != clang ] || export VSH_SLOW=4
    # What a static build has of its own: its look at accounts, no shared library, no SSH.
    [ "$1" != static ] || patterns=(audit connect_ exec_ files_options files_tree mux proxy record refused
        server_ session_ static status v1_)
    # Most of a test is waiting for something.
    "$support/run-e2e.sh" -b "$top/build/$1" -j "$((2 * $(nproc)))" "${patterns[@]}"
}

layers()
{
    VSH_BUILD=$top/build/gcc "$top/tests/check-layers.sh"
}

valgrind()
{
    "$support/run-valgrind.sh" "$top/build/gcc"
}

# As for the virtual machine: skipped with the reason where QEMU cannot be installed.
initramfs()
{
    [ -z "$install" ] || deps_install "${DEPS_VM[@]}" || true
    VSH_FULL=$full "$support/run-e2e.sh" -b "$top/build/static" -d "$top/tests/initramfs"
}

lint()
{
    "$support/lint.sh" "$top/build/clang"
}

fuzz()
{
    build fuzz clang fuzz
    "$support/run-fuzzers.sh" "$top/build/fuzz" "$fuzz_seconds"
}

quickstart()
{
    "$top/contrib/quickstart.sh" --no-install
}

# The programs of a package look for each other below /usr, so it takes a build of its own.
packages()
{
    build package gcc package
    # One at a time: both let cpack install into the same folder.
    "$support/run-e2e.sh" -b "$top/build/package" -d "$top/tests/packages" -j 1
}

debian()
{
    if [ -z "$full" ]; then
        echo 'SKIP: a Debian from nothing takes minutes: only with --full'
        return 77
    fi
    [ -z "$install" ] || deps_install "${DEPS_CHROOT[@]}" || true
    VSH_FRESH_DEBIAN=1 "$support/run-e2e.sh" -b "$top/build/package" -d "$top/tests/packages" life
}

# Where QEMU cannot be installed the stage is skipped with the reason.
vm()
{
    if [ "$1" = host ] && [ -z "$full" ]; then
        echo 'SKIP: a guest in a guest takes minutes: only with --full'
        return 77
    fi
    [ -z "$install" ] || deps_install "${DEPS_VM[@]}" || true
    "$top/tests/vm/run.sh" -t "$1" -b "$top/build/gcc" -s "$top/build/static"
}

readme()
{
    if [ -z "$full" ]; then
        echo 'SKIP: a Debian from nothing takes minutes: only with --full'
        return 77
    fi
    [ -z "$install" ] || deps_install "${DEPS_CHROOT[@]}" || true
    "$top/tests/readme/run.sh"
}

libssh()
{
    if [ -z "$full" ]; then
        echo 'SKIP: two Debians from nothing take minutes: only with --full'
        return 77
    fi
    [ -z "$install" ] || deps_install "${DEPS_CHROOT[@]}" || true
    "$top/tests/libssh/run.sh"
}

# The options

quick=''
full=''
only=''
compiler=''
install=1
while [ $# -gt 0 ]; do
    case $1 in
    --quick) quick=1 ;;
    --full) full=1 ;;
    --only) only=${2:?--only takes a pattern} && shift ;;
    --compiler) compiler=${2:?--compiler takes gcc or clang} && shift ;;
    --list) printf '%s\n' "${STAGES[@]}" | awk '{print $1}' && exit 0 ;;
    --no-install) install='' ;;
    --ci) ;;
    --help | -h) usage && exit 0 ;;
    *) printf 'tests/run.sh: unknown option %s\n' "$1" >&2 && usage >&2 && exit 2 ;;
    esac
    shift
done
fuzz_seconds=${FUZZ_SECONDS:-${quick:+10}}
fuzz_seconds=${fuzz_seconds:-60}

stage_pid=''
end_stage()
{
    [ -z "$stage_pid" ] || kill -TERM -- "-$stage_pid" 2>/dev/null || true
    wait
}
trap end_stage EXIT
trap 'exit 130' INT TERM

declare -A result=()
passed=0
failed=0
skipped=0

stage_of()
{
    local line
    for line in "${STAGES[@]}"; do
        [ "${line%% *}" != "$1" ] || printf '%s\n' "$line"
    done
}

wanted()
{
    case $compiler in
    gcc) [[ $1 != clang-* && $1 != lint && $1 != fuzz ]] || return 1 ;;
    clang) [[ $1 == clang-* || $1 == lint || $1 == fuzz ]] || return 1 ;;
    esac
    [ -z "$quick" ] || [[ " $SLOW_STAGES " != *" $1 "* ]] || return 1
    [[ $1 == *"$only"* ]]
}

# A stage that counts ends its log with a line of counts; one that does not is itself one check.
add_counts()
{
    local log=$1 verdict=$2 counts
    counts=$(tail -n 1 "$log" | sed -nE 's/^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$/\1 \2 \3/p')
    case $verdict in
    PASS) counts=${counts:-1 0 0} ;;
    FAIL) counts=${counts:-0 1 0} ;;
    SKIP) counts='0 0 1' ;;
    esac
    read -r p f s <<<"$counts"
    # A stage that failed after counting no failure is a failure all the same.
    if [ "$verdict" = FAIL ] && [ "$f" -eq 0 ]; then
        f=1
    fi
    passed=$((passed + p))
    failed=$((failed + f))
    skipped=$((skipped + s))
    printf '%s passed, %s failed, %s skipped' "$p" "$f" "$s"
}

run_stage()
{
    local name=$1 needs=$2 log=$logs/$1.log status=0 verdict start=$SECONDS
    shift 2
    if [ "$needs" != - ]; then
        # shellcheck disable=SC2046
        [ -n "${result[$needs]:-}" ] || run_stage $(stage_of "$needs")
    fi
    printf '== %s\n' "$name"
    if [ "$needs" != - ] && [ "${result[$needs]}" != PASS ]; then
        printf 'SKIP: %s did not pass\n' "$needs" >"$log"
        status=77
    else
        # A process group of its own, so that all of it can be ended; and a process of its own, in
        # which -e holds.
        set -m
        "$@" </dev/null >"$log" 2>&1 &
        stage_pid=$!
        set +m
        wait "$stage_pid" || status=$?
        stage_pid=''
    fi
    case $status in
    0) verdict=PASS ;;
    77) verdict=SKIP ;;
    *) verdict=FAIL ;;
    esac
    result[$name]=$verdict
    # The lines of single tests, indented; with all that a failure had to say.
    case $verdict in
    FAIL) tail -n 60 "$log" | sed 's/^/   /' ;;
    *) grep -E '^(PASS|FAIL|SKIP)' "$log" | sed 's/^/   /' || true ;;
    esac
    add_counts "$log" "$verdict" >"$logs/$name.counts"
    printf '%s %s %s s (' "$verdict" "$name" "$((SECONDS - start))"
    cat "$logs/$name.counts"
    printf ')\n'
}

# Said again at the end, and briefly: whoever sees only that must learn which tests failed, and why.
repeat_failures()
{
    printf '== what failed in %s\n' "$1"
    if ! grep -q '^FAIL ' "$logs/$1.log"; then
        tail -n 12 "$logs/$1.log" | cut -c 1-240
        return
    fi
    awk '
        function show(  i) {
            for (i = (n > 10 ? n - 9 : 1); i <= n; i++) print substr(lines[i], 1, 240)
            n = 0
        }
        /^(PASS|FAIL|SKIP) / || /^[0-9]+ passed, / { show(); in_fail = 0 }
        /^FAIL / { print; in_fail = 1; next }
        in_fail { lines[++n] = $0 }
        END { show() }' "$logs/$1.log"
}

if [ -n "$install" ]; then
    deps_install "${DEPS_TEST[@]}"
fi
mkdir -p "$logs"
cd "$top"
for line in "${STAGES[@]}"; do
    name=${line%% *}
    if wanted "$name" && [ -z "${result[$name]:-}" ]; then
        # shellcheck disable=SC2086
        run_stage $line
    fi
done
for line in "${STAGES[@]}"; do
    name=${line%% *}
    [ "${result[$name]:-}" != FAIL ] || repeat_failures "$name"
done
if [ ${#result[@]} -eq 0 ]; then
    printf 'tests/run.sh: no stage is called like "%s"; see --list\n' "$only" >&2
fi
printf 'build, tests and logs are in build/; %s s\n' "$SECONDS"
printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
