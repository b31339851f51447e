#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# --list: who answers under which name, asked all at once, in columns, in words and in JSON; --names,
# and the completions that use it. No vsock is touched: a library in front of libc answers for it.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/vmm.sh
. "$SUPPORT/vmm.sh"
need_unix
need python3
build_preload fake_vsock

HOSTS=$HOME/.config/vsock-shell/hosts
mkdir -p "$HOME/.config/vsock-shell"

# Listens on $TMP/NAME and does as MODE says; what comes is in $TMP/NAME.heard.
start_peer()
{
    start_background python3 "$SUPPORT/list_peer.py" "$TMP/$1" "$2" >"$TMP/$1.heard"
    wait_for 10 unix_listens "$TMP/$1" || fail "the peer $1 did not start"
}

start_server -v
start_background "$SUPPORT/fake_mux.py" "$TMP/mux" "$SOCKET" >/dev/null
start_background "$SUPPORT/fake_mux.py" "$TMP/quiet-mux" "$SOCKET" --mode silent >/dev/null
start_peer ssh ssh
start_peer late-ssh late-ssh
start_peer silent silent
start_peer closing closing
start_background "$SUPPORT/v1_server.py" "$TMP/v1" "$TMP/v1.frames" answer
"$SERVER" --listen "unix:$TMP/refusing" --max-sessions 1 </dev/null 2>"$TMP/refusing.log" &
STARTED+=("$!")
both=native # without SSH in the build
ssh=()
if [ -x "$SSH_SESSION" ]; then
    both=native+ssh
    ssh=(--ssh --host-key "$TMP/host_key")
fi
"$SERVER" --listen "unix:$TMP/both" "${ssh[@]}" </dev/null 2>"$TMP/both.log" &
STARTED+=("$!")
only=none
if [ "$both" != native ]; then
    only=ssh
    "$SERVER" --listen "unix:$TMP/only" "${ssh[@]}" --no-native </dev/null 2>"$TMP/only.log" &
    STARTED+=("$!")
    wait_for 10 unix_listens "$TMP/only" || fail 'the server of SSH alone did not start'
fi
for path in mux quiet-mux v1 refusing both; do
    wait_for 10 unix_listens "$TMP/$path" || fail "$path did not start"
done
start_background "$CLIENT" "unix:$TMP/refusing" "echo >$TMP/held; sleep 1000" </dev/null
holder=$!
wait_for 10 test -e "$TMP/held" || fail 'the only session was not given'

cat >"$HOSTS" <<END
native unix:$SOCKET root
mux mux:$TMP/mux
closed-port mux:$TMP/mux:7
ssh unix:$TMP/ssh
late-ssh unix:$TMP/late-ssh
silent unix:$TMP/silent
quiet-mux mux:$TMP/quiet-mux
closing unix:$TMP/closing
v1 unix:$TMP/v1
none unix:$TMP/nobody
refusing unix:$TMP/refusing
native unix:/second
both unix:$TMP/both
ssh-only unix:$TMP/only
with-blank unix:$TMP/a\\b
bad unix:$TMP/a b c
END

start_vmm qemu-system-x86_64 -name "web$N" -device vhost-vsock-pci,guest-cid=${C}1
web=$VMM_PID
start_vmm qemu-system-x86_64 -name "my vm" -device vhost-vsock-pci,guest-cid=${C}2
nameless=$VMM_PID

# answers NAME: the answer that the list on $OUT gives for it.
answers()
{
    awk -v name="$1" '$1 == name { print $4 }' "$OUT"
}

expect_answers()
{
    while [ $# -gt 0 ]; do
        [ "$(answers "$1")" = "$2" ] || {
            show_run
            fail "$1 answers '$(answers "$1")' instead of $2"
        }
        shift 2
    done
}

expect_status 0 no_vsock "$CLIENT" --list --timeout "$((2 * VSH_SLOW)).5"
expect_answers native native mux native closed-port none ssh ssh late-ssh ssh silent other quiet-mux none \
    both "$both" ssh-only "$only" closing other v1 native none none refusing refused with-blank none "web$N" native
expect_line "native unix:$SOCKET root native $HOSTS"
expect_line "mux mux:$TMP/mux:5000 - native $HOSTS"
expect_line "web$N vsock:${C}1:5000 - native QEMU process $web"
expect_line "- vsock:${C}2:5000 - native QEMU process $nameless"
expect_line "- unix:/second - none $HOSTS"
! grep -q $'\t' "$OUT" || fail 'the list has tabs'
[ "$(awk 'NF < 5' "$OUT" | wc -l)" -eq 0 ] || fail 'a line has fewer than five fields'
expect_match "hosts, line 16: more than 3 words; a line is \"name address \[user\]\""
end_process "$holder"
ok 'each way to answer is told apart'

grep -q 'action=connection .*actions=0 .*result=ok' "$TMP/server.log" ||
    fail "the server took the question for something else: $(cat "$TMP/server.log")"
! grep -qE 'vanished|malformed|middle of a message|error:' "$TMP/server.log" ||
    fail "the question left a complaint: $(cat "$TMP/server.log")"
expect_line 'closed after SSH-2.0-vsock_shell_client and a disconnect' "$TMP/ssh.heard"
[ ! -s "$TMP/both.log" ] || ! grep -v 'listening on' "$TMP/both.log" | grep -v action=connection ||
    fail 'a server with SSH complains of the question'
ok 'a server sees a connection that ends by itself: END here, a disconnect there'

# 60 VMs that take a connection and then say nothing: one deadline for all of them.
for i in {1..60}; do
    echo "vm$i mux:$TMP/quiet-mux:$((6000 + i))"
done >>"$HOSTS"
start=${EPOCHREALTIME/[.,]/}
expect_status 0 no_vsock "$CLIENT" --list --timeout 1
took=$((${EPOCHREALTIME/[.,]/} - start))
[ "$(awk '$1 ~ /^vm[0-9]+$/ && $4 == "none"' "$OUT" | wc -l)" -eq 60 ] || fail 'not all of 60 were asked'
[ "$took" -lt $((5000000 * VSH_SLOW)) ] || fail "61 silent ones took $took us"
ok 'any number of silent ones takes one deadline'

head -n 16 "$HOSTS" >"$TMP/short" && cat "$TMP/short" >"$HOSTS"
printf 'odd\xff%s unix:/x\xffy"\\ \xc3\xa4\n' "$N" >>"$HOSTS"
start_vmm qemu-system-x86_64 -name "web$N" -device vhost-vsock-pci,guest-cid=${C}3
expect_status 0 no_vsock "$CLIENT" --list --json --timeout "$((2 * VSH_SLOW)).5"
python3 - "$OUT" "$N" <<'END' || fail 'the JSON is not what the manual says'
import json, sys
entries = json.load(open(sys.argv[1], encoding='utf-8'))
n = sys.argv[2]
keys = ['name', 'address', 'user', 'source', 'answers', 'state', 'problem']
assert isinstance(entries, list) and all(list(entry) == keys for entry in entries), entries
assert all(isinstance(value, str) for entry in entries for value in entry.values()), entries
by_name = {}
for entry in entries:
    by_name.setdefault(entry['name'], []).append(entry)
first, second = by_name['native']
assert (first['user'], first['answers'], first['state']) == ('root', 'native', 'usable'), first
assert (second['state'], second['problem']) == ('hidden', ''), second
assert by_name['bad'][0]['state'] == 'refused' and 'line 16' in by_name['bad'][0]['problem']
assert by_name['bad'][0]['address'] == '' and by_name['bad'][0]['answers'] == 'unknown'
odd = by_name['odd\\xff' + n][0]
assert odd['address'] == 'unix:/x\\xffy"\\' and odd['user'] == '\u00e4', odd
webs = by_name['web' + n]
assert len(webs) == 2 and all(w['state'] == 'refused' and 'more than one' in w['problem'] for w in webs)
END
ok 'JSON: one array, the keys of the manual, bytes that are no UTF-8'

if command -v script >/dev/null; then
    printf 'a unix:/x\nw%s-\xc3\xa4 unix:/y\n' "$N" >"$HOSTS"
    no_vsock script -qec "$CLIENT --list" /dev/null </dev/null 2>&1 | tr -d '\r' >"$OUT"
    expect_match '^NAME +ADDRESS +USER +ANSWERS +SOURCE$' "$OUT"
    python3 - "$OUT" <<'END' || fail 'the columns are not straight'
import sys
lines = [line.rstrip('\n') for line in open(sys.argv[1], encoding='utf-8') if ': ' not in line]
column = lines[0].index('ADDRESS')
assert len(lines) >= 3 and all(line[column - 2:column] == '  ' and line[column] != ' ' for line in lines), lines
END
    ok 'on a terminal: a heading, and columns that are straight'
fi

connections()
{
    grep -c 'native.*: connected' "$TMP/server.log"
}

printf 'qx-build 5\nqx-box unix:%s\nbad line with more\n' "$SOCKET" >"$HOSTS"
before=$(connections)
expect_status 0 no_vsock "$CLIENT" --names
expect_line qx-build
expect_line qx-box
! grep -qxE "bad|my vm|web$N" "$OUT" || fail 'a name that cannot be used is offered'
[ ! -s "$ERR" ] || fail "--names says $(cat "$ERR")"
expect_status 0 "$CLIENT" "$T" true
[ "$(connections)" -eq "$((before + 1))" ] || fail '--names asks'
ok '--names: names only, and nobody is asked'

# The shells run the client by its name.
PATH=$(dirname "$CLIENT"):$PATH
start_vmm firecracker --id "fc$N" --config-file "$TMP/fc.json"
printf '{"vsock":{"uds_path":"%s"}}' "$TMP/mux" >"$TMP/fc.json"
COMPLETIONS=$TOP/contrib/completions
for program in vsock-shell-client vsock-shell-proxy; do
    # shellcheck source=/dev/null
    . "$COMPLETIONS/$program.bash"
    COMP_WORDS=("$program" qx) COMP_CWORD=1
    "_${program//-/_}"
    [ "${COMPREPLY[*]}" = 'qx-build qx-box' ] || fail "bash: $program completes qx to '${COMPREPLY[*]}'"
    COMP_WORDS=("$program" fc) COMP_CWORD=1
    "_${program//-/_}"
    [[ " ${COMPREPLY[*]} " == *" fc$N "* ]] || fail "bash: $program completes fc to '${COMPREPLY[*]}'"
    if command -v zsh >/dev/null; then
        "$SUPPORT/zsh_complete.py" "$COMPLETIONS" "$program qx" "$program fc" >"$OUT"
        for word in "$program qx"$'\t'qx-build "$program qx"$'\t'qx-box "$program fc"$'\t'"fc$N"; do
            expect_line "$word"
        done
    fi
    if command -v fish >/dev/null; then
        # shellcheck disable=SC2016
        fish --no-config -c 'source $argv[1]; complete -C "$argv[2] qx"; complete -C "$argv[2] fc"' \
            "$COMPLETIONS/$program.fish" "$program" >"$OUT"
        for word in qx-build qx-box "fc$N"; do
            expect_line "$word"
        done
    fi
done
ok 'bash, zsh and fish complete names of hosts files and of running VMs'
