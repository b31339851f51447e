#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Bash completes what stands behind the options of server and proxy (test_documentation.sh holds the
# options themselves to the programs); the systemd units are installed with the program's path.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_unix

# Sets COMPREPLY for the words given; the last one is being typed.
complete_words()
{
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    "_${1//-/_}"
}

expect_completions()
{
    local wanted=$1
    shift
    complete_words "$@"
    [ "${COMPREPLY[*]}" = "$wanted" ] || fail "$*: completes to '${COMPREPLY[*]}' instead of '$wanted'"
}

# Only a completion that runs in an interactive shell has it.
compopt()
{
    :
}

for program in server proxy; do
    # shellcheck source=/dev/null
    . "$TOP/contrib/completions/vsock-shell-$program.bash"
done

expect_completions '--max-sessions --max-sessions-per-peer' vsock-shell-server -d --max
expect_completions 'stderr' vsock-shell-server --log st
expect_completions 'stderr syslog json' vsock-shell-server --log =
expect_completions 'json' vsock-shell-server --log = j
expect_completions 'host local any' vsock-shell-server --allow ''
expect_completions 'root' vsock-shell-server --user roo
expect_completions '' vsock-shell-server --port ''
mkdir -p "$TMP/dir one" && : >"$TMP/dir-file"
expect_completions "$TMP/dir one" vsock-shell-server --root "$TMP/dir"
mkdir -p "$HOME/.config/vsock-shell"
printf '# a comment\n  qx-build 5\nqx-box unix:/run/box\n' >"$HOME/.config/vsock-shell/hosts"
PATH=$(dirname "$CLIENT"):$PATH expect_completions 'qx-build qx-box' vsock-shell-proxy -F qx
expect_completions '--wait' vsock-shell-proxy --wa
expect_completions '' vsock-shell-proxy -p ''
ok 'bash completes options, values and names'

# The whole path is made at installation, when the prefix is known.
need cmake
prefix=$TMP/prefix
expect_status 0 install_build --prefix "$prefix"
units=$prefix/lib/systemd/system
for unit in vsock-shell.service vsock-shell@.service; do
    # shellcheck disable=SC2016
    expect_line "ExecStart=$prefix/bin/vsock-shell-server \$VSOCK_SHELL_OPTIONS" "$units/$unit"
done
for program in server proxy; do
    for file in "bash-completion/completions/vsock-shell-$program" \
        "zsh/site-functions/_vsock-shell-$program" \
        "fish/vendor_completions.d/vsock-shell-$program.fish"; do
        [ -s "$prefix/share/$file" ] || fail "share/$file is not installed"
    done
done
ok 'units and completions are installed'

if command -v systemd-analyze >/dev/null; then
    # It takes its manual pages from the system: ours are not there yet.
    expect_status 0 systemd-analyze verify --man=no "$units"/vsock-shell.service "$units"/vsock-shell@.service \
        "$units"/vsock-shell.socket
    ! grep "$units" "$ERR" || fail 'systemd has something to say about a unit'
    ok 'systemd takes the units'
fi
