#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The installed library: pkg-config finds it, a program of its own builds and talks to a server, and
# exactly the names of the map are visible.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

need cmake pkg-config nm readelf
[ -e "$VSH_BUILD/src/libvsock-shell.so" ] || skip 'this build has no shared library'

# of_cache NAME: a value of the build's cache.
of_cache()
{
    sed -n "s/^$1:[A-Z]*=//p" "$VSH_BUILD/CMakeCache.txt"
}

CC=$(of_cache CMAKE_C_COMPILER)
FLAGS=(-std=c17 -Wall -Wextra -Wpedantic -Werror)
SANITIZERS=$(of_cache WITH_SANITIZERS)
[ -z "$SANITIZERS" ] || FLAGS+=("-fsanitize=$SANITIZERS")

for component in library development; do
    expect_status 0 install_build --prefix "$TMP/first" --component "$component"
done
# Moved after the installation: the .pc file must still be right.
mv "$TMP/first" "$TMP/prefix"
PC=$(find "$TMP/prefix" -name vsock-shell.pc)
export PKG_CONFIG_PATH=${PC%/*}
expect_status 0 pkg-config --modversion vsock-shell
read -ra INCLUDE <<<"$(pkg-config --cflags vsock-shell)"
read -ra LINK <<<"$(pkg-config --cflags --libs vsock-shell)"
LIBRARY=$(find "$TMP/prefix" -name 'libvsock-shell.so.1')
export LD_LIBRARY_PATH=${LIBRARY%/*}
ok 'an installed tree that was moved is found by pkg-config'

expect_status 0 "$CC" "${FLAGS[@]}" "$SUPPORT/library_example.c" -o "$TMP/example" "${LINK[@]}"
for header in "$TMP"/prefix/include/vsock-shell/*.h; do
    expect_status 0 "$CC" "${FLAGS[@]}" "${INCLUDE[@]}" -fsyntax-only -x c "$header"
    if command -v g++ >/dev/null; then
        expect_status 0 g++ -Wall -Wextra -Werror "${INCLUDE[@]}" -fsyntax-only -x c++ "$header"
    fi
done
ok 'every header compiles alone, as C and as C++'

expect_status 0 readelf -d "$LIBRARY"
expect_match 'SONAME.*\[libvsock-shell\.so\.1\]' "$OUT"
nm -D --defined-only "$LIBRARY" | sed -n 's/.* [TDBR] \([^@]*\).*/\1/p' | sort >"$TMP/exported"
sed -n 's/^    \(vsh_[a-z0-9_]*\);$/\1/p' "$TOP/src/lib/vsock-shell.map" | sort >"$TMP/map"
[ -s "$TMP/map" ] || fail 'the map names nothing'
diff "$TMP/map" "$TMP/exported" >&2 || fail 'map (<) and exported names (>) differ'
# What is declared for everybody is exported, and nothing else.
sed '/^ *\/\?\*/d' "$TMP"/prefix/include/vsock-shell/*.h | grep -o '\<vsh_[a-z0-9_]*(' |
    tr -d '(' | sort -u >"$TMP/declared"
diff "$TMP/declared" "$TMP/map" >&2 || fail 'declared names (<) and map (>) differ'
ok 'declared, mapped and exported names are the same'

[ -x "$SERVER" ] || skip 'there is no server in this build'
start_server
head -c 6000000 /dev/urandom >"$TMP/data"
expect_status 7 "$TMP/example" "$T" run 'cat; echo told >&2; exit 7' <"$TMP/data"
expect_same "$TMP/data" "$OUT"
expect_line told "$ERR"
expect_status 137 "$TMP/example" "$T" run "kill -9 \$\$" </dev/null
expect_status 0 "$TMP/example" "$T" run 'exec <&-; sleep 0.2; exec true' <"$TMP/data"
ok 'a command in one call: input, both outputs, exit code, signal'

expect_status 0 "$TMP/example" "$T" events 'echo one; exec sleep 100'
expect_line started
expect_line 'output 1 one'
expect_line 'exited TERM 15'
expect_line 'over 0'
ok 'events in order, a signal by name'

stop_server
expect_status 255 "$TMP/example" "$T" run true </dev/null
expect_match "$SOCKET"
start_server --no-exec
expect_status 255 "$TMP/example" "$T" run true </dev/null
expect_match 'no-exec'
ok 'no server and a refusal are told apart, in words'
