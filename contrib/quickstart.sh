#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# From a bare Debian 12 to a working vsock-shell: installs what the build needs, builds in
# build/release, starts a server of its own, shows a command, a terminal and a file copy through it,
# stops it, and says what to try next. Nothing but build/ is left.
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
build=$top/build/release
# shellcheck source=../tests/support/deps.sh
. "$top/tests/support/deps.sh"

usage()
{
    cat <<'END'
usage: contrib/quickstart.sh [--no-install]
  --no-install   installs no packages (what is missing then stops the build)
END
}

install=1
for option; do
    case $option in
    --no-install) install='' ;;
    --help | -h) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
    esac
done

step()
{
    printf '\n== %s\n' "$1"
}

give_up()
{
    printf 'quickstart: %s\n' "$1" >&2
    exit 1
}

tmp=$(mktemp -d "${TMPDIR:-/tmp}/vsh-quickstart.XXXXXX")
server_pid=''
cleanup()
{
    if [ -n "$server_pid" ]; then
        kill -TERM "$server_pid" 2>/dev/null || true
        wait "$server_pid" 2>/dev/null || true
    fi
    rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

build_it()
{
    local with_ssh=OFF
    ! pkg-config --exists 'libssh >= 0.10.6' || with_ssh=ON
    # A tree that was moved or copied brings a cache that cmake refuses.
    if ! grep -qsxF "CMAKE_HOME_DIRECTORY:INTERNAL=$top" "$build/CMakeCache.txt"; then
        rm -rf "$build"
    fi
    cmake -G Ninja -C "$top/contrib/cmake/release.cmake" -S "$top" -B "$build" \
        -DWITH_SSH="$with_ssh" -DWITH_TESTS=OFF >"$tmp/build.log" 2>&1 &&
        cmake --build "$build" -j "$(nproc)" >>"$tmp/build.log" 2>&1
}

# Real vsock only where the loopback driver answers: without it CID 1 is not this machine.
choose_address()
{
    if [ -c /dev/vsock ] && [ -d /sys/module/vsock_loopback ]; then
        port=$((20000 + RANDOM))
        listen=(--listen "vsock:any:$port" --allow local)
        target=vsock:local:$port
    else
        listen=(--listen "unix:$tmp/sock")
        target=unix:$tmp/sock
    fi
}

start_server()
{
    local tries
    "$server" "${listen[@]}" --pid-file "$tmp/server.pid" </dev/null >"$tmp/server.log" 2>&1 &
    server_pid=$!
    for ((tries = 0; tries < 100; tries++)); do
        kill -0 "$server_pid" 2>/dev/null || break
        ! "$client" -q --timeout 1 "$target" true 2>/dev/null || return 0
        sleep 0.1
    done
    give_up "the server did not start: $(cat "$tmp/server.log")"
}

if [ -n "$install" ]; then
    step 'Packages'
    deps_install "${DEPS_QUICKSTART[@]}"
    echo 'all there'
fi

step "Build (gcc, in ${build#"$top"/})"
if ! build_it; then
    tail -n 30 "$tmp/build.log" >&2
    give_up 'the build failed'
fi
server=$build/src/vsock-shell-server
client=$build/src/vsock-shell-client
"$server" --version

step 'A server of our own'
choose_address
start_server
printf 'listens on %s, process %s\n' "$target" "$server_pid"

step 'A command, and its exit status'
status=0
"$client" "$target" 'echo "hello from $(uname -srm)"; exit 7' || status=$?
[ "$status" -eq 7 ] || give_up "exit status $status instead of 7"
printf 'exit status %s\n' "$status"

step 'A terminal'
"$client" -t "$target" 'printf "%s on %s, TERM=%s\n" "$(id -un)" "$(tty)" "$TERM"' </dev/null |
    tr -d '\r' >"$tmp/terminal"
grep ' on /dev/' "$tmp/terminal" || give_up "no terminal: $(cat "$tmp/terminal")"

step 'A file up and down again'
head -c 8M /dev/urandom >"$tmp/original"
"$client" -q "$target" -u "$tmp/original:$tmp/uploaded"
"$client" -q "$target" -d "$tmp/uploaded:$tmp/downloaded"
cmp "$tmp/original" "$tmp/uploaded" || give_up 'the uploaded file differs'
cmp "$tmp/original" "$tmp/downloaded" || give_up 'the downloaded file differs'
echo '8 MiB, equal to the last byte'

show=${build/#"$PWD/"/}/src
cat <<END

== It works
A command with its exit status, a terminal, and a file in both directions went through
$target. The server is stopped, its files are removed.

Try next:
  $show/vsock-shell-server --listen unix:\$HOME/vsh.sock &
  $show/vsock-shell-client unix:\$HOME/vsh.sock     # a shell there; Enter ~. leaves it
  sudo cmake --install ${build/#"$PWD/"/}       # then, in a VM: vsock-shell-server -d
END
