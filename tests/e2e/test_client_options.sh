#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The client's command line: wrong use, help, names.
. "$(dirname "$0")/../support/lib.sh"

wrong()
{
    local pattern=$1
    shift
    expect_status 2 "$CLIENT" "$@"
    expect_match "$pattern"
    expect_line "try 'vsock-shell-client --help'" "$ERR"
    [ ! -s "$OUT" ] || fail "wrong use wrote to stdout: $*"
    [ "$(wc -l <"$ERR")" -eq 2 ] || fail "more than a sentence and a hint: $*"
}

wrong 'no target'
wrong "'A': give a variable as NAME=VALUE" -e A 3
wrong "'=x': give a variable as NAME=VALUE" -e =x 3
wrong "-p: '70000000000'" -p 70000000000 3
wrong "-p: '0'" -p 0 3
wrong "--protocol: '3'" --protocol 3 3
wrong "--wait: 'x'" --wait x 3
wrong "--limit: '1X'" --limit 1X 3 -u a:b
wrong "--escape 'ab'" --escape ab 3
wrong 'a copy .* and a command .* do not go together' 3 -u a:b ls
wrong "-u ':b': give the copy as LOCAL:REMOTE" 3 -u :b
wrong "-d '': give the copy as REMOTE:LOCAL" 3 -d ''
wrong -- '-r is for copies' 3 -r
wrong -- '--resume is for copies' 3 --resume ls
wrong 'the command is given twice' 3 --cmd ls ls
wrong -- '--argv needs a program' --argv 3
wrong 'invalid option' -Z
wrong 'requires an argument' -p
ok 'wrong use: a sentence, a hint, 2'

expect_status 0 "$CLIENT" --help
[ "$(wc -l <"$OUT")" -le 24 ] || fail 'the help is longer than a screen'
[ "$(wc -L <"$OUT")" -le 80 ] || fail 'the help is wider than a screen'
expect_status 0 "$CLIENT" --version
expect_match '^vsock-shell-client [0-9.]+$' "$OUT"
ok '--help fits a screen, --version'

export XDG_CONFIG_HOME=$TMP/config
mkdir -p "$XDG_CONFIG_HOME/vsock-shell"
start_server
me=$(id -un)
printf '%s\n' "box $T $me" "down unix:$TMP/none" 'far 4000000000' \
    >"$XDG_CONFIG_HOME/vsock-shell/hosts"
expect_status 0 "$CLIENT" box 'echo by name'
expect_line 'by name'
printf 'box %s no-such-user\n' "$T" >"$XDG_CONFIG_HOME/vsock-shell/hosts"
expect_status 255 "$CLIENT" box true
expect_match no-such-user
expect_status 0 "$CLIENT" -l "$me" box true
expect_status 255 "$CLIENT" no-such-box true
expect_match no-such-box
printf '%s\n' "box $T $me" "down unix:$TMP/none" >"$XDG_CONFIG_HOME/vsock-shell/hosts"
expect_status 0 "$CLIENT" --names
expect_line box
expect_line down
ok 'names from the hosts file, their users, --names'

expect_status 0 "$CLIENT" -p 5001 "$T" true
expect_status 0 "$CLIENT" "$T" -- echo -n x
expect_line x
expect_status 0 "$CLIENT" "$T" -q -e A=1 'echo $A'
expect_line 1
ok 'options on both sides of the target, -- ends them'

# A server that comes up while we wait.
stop_server
"$CLIENT" --wait 20 "$T" 'echo up' >"$OUT" 2>"$ERR" &
pid=$!
sleep 1
start_server
STATUS=0
wait "$pid" || STATUS=$?
[ "$STATUS" -eq 0 ] || fail "--wait: $(cat "$ERR")"
expect_line up
ok '--wait'

mkdir "$TMP/there"
echo data >"$TMP/a:b"
cd "$TMP"
expect_status 0 "$CLIENT" -q "$T" -u "a\\:b:$TMP/there/c:d"
expect_same "$TMP/a:b" "$TMP/there/c:d"
expect_status 0 "$CLIENT" -q --cid "$T" --upload a:b --remote-dir "$TMP/there/"
expect_same "$TMP/a:b" "$TMP/there/a:b"
mkdir here
expect_status 0 "$CLIENT" -q --cid "$T" --download "$TMP/there/a:b" --local-dir here
expect_same "$TMP/a:b" "here/a:b"
ok 'names with a colon, the old spellings of copies'
