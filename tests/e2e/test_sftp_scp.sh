#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# scp(1), over SFTP and with the old protocol (-O): trees, modes, times, odd names; and the
# capability switches.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/ssh_setup.sh
. "$SUPPORT/ssh_setup.sh"

need scp
ssh_start

mkdir -p "$TMP/tree/sub/empty" "$TMP/out"
head -c 3000000 /dev/urandom >"$TMP/tree/big"
: >"$TMP/tree/none"
printf 1 >"$TMP/tree/with blank"
printf 2 >"$TMP/tree/-dash"
printf 3 >"$TMP/tree/qu'ote\$x"
printf 4 >"$TMP/tree/sub/"$'\xff\xfe'
chmod 750 "$TMP/tree/sub"
chmod 711 "$TMP/tree/big"
chmod 400 "$TMP/tree/none"
touch -d '2010-11-12 13:14:15' "$TMP/tree/big" "$TMP/tree/sub"

# listing FOLDER: what must be equal on both sides
listing()
{
    (cd "$1" && find . -printf '%P %M %T@\n' | sed 's/\.[0-9]*$//' | LC_ALL=C sort)
}

same_tree()
{
    diff -r "$TMP/tree" "$1" >&2 || fail "$2: content differs"
    diff <(listing "$TMP/tree") <(listing "$1") >&2 || fail "$2: modes or times differ"
}

for mode in sftp legacy; do
    options=(-p -r)
    [ "$mode" = sftp ] || options+=(-O)
    expect_status 0 "${SCP[@]}" "${options[@]}" "$TMP/tree" "t:$TMP/out/$mode"
    same_tree "$TMP/out/$mode" "$mode up"
    expect_status 0 "${SCP[@]}" "${options[@]}" "t:$TMP/tree" "$TMP/out/$mode-back"
    same_tree "$TMP/out/$mode-back" "$mode down"
    ok "scp -r -p both ways, $mode"
done

expect_status 0 "${SCP[@]}" -3 "t:$TMP/tree/big" "t:$TMP/out/copy"
expect_same "$TMP/tree/big" "$TMP/out/copy"
expect_status 0 "${SCP[@]}" "t:$TMP/tree/b?g" "t:$TMP/tree/non*" "$TMP/out/"
expect_same "$TMP/tree/big" "$TMP/out/big"
ok 'from server to server, globs'

run "${SCP[@]}" "t:$TMP/missing" "$TMP/out/"
[ "$STATUS" -ne 0 ] || fail 'a missing file is no error'
expect_match 'No such file'
run "${SCP[@]}" "$TMP/tree/big" "t:$TMP/no/such/folder/big"
[ "$STATUS" -ne 0 ] || fail 'a missing folder is no error'
ok 'errors in words'

# ~ and relative paths are the home of the user, by expand-path@openssh.com.
home=$(getent passwd "$SSH_USER" | cut -d: -f6)
expect_status 0 "${SFTP[@]}" -q t <<<'pwd'
expect_line "Remote working directory: $home" || fail 'the home is not the first folder'
ok 'the session starts at home'
stop_server

ssh_start --root "$TMP/tree" --no-upload
expect_status 0 "${SCP[@]}" t:/big "$TMP/out/rooted"
expect_same "$TMP/tree/big" "$TMP/out/rooted"
ln -s /etc/passwd "$TMP/tree/escape"
ln -s ../out "$TMP/tree/up"
for path in /escape /up/copy "$TMP/tree/big" /../tree/big; do
    run "${SCP[@]}" "t:$path" "$TMP/out/stolen"
    [ "$STATUS" -ne 0 ] && [ ! -e "$TMP/out/stolen" ] || fail "$path leads out of --root"
done
expect_status 0 "${SFTP[@]}" -q t <<<'pwd'
expect_line 'Remote working directory: /'
run "${SCP[@]}" "$TMP/out/big" t:/new
[ "$STATUS" -ne 0 ] && [ ! -e "$TMP/tree/new" ] || fail '--no-upload let a file in'
expect_match 'ermission denied'
ok '--root and --no-upload'
stop_server

ssh_start --no-download
expect_status 0 "${SCP[@]}" "$TMP/tree/big" "t:$TMP/out/in"
expect_same "$TMP/tree/big" "$TMP/out/in"
run "${SCP[@]}" "t:$TMP/tree/big" "$TMP/out/not"
[ "$STATUS" -ne 0 ] && [ ! -s "$TMP/out/not" ] || fail '--no-download let a file out'
ok '--no-download'
stop_server

ssh_start --no-exec
expect_status 0 "${SCP[@]}" "t:$TMP/tree/big" "$TMP/out/no-exec"
run "${SCP[@]}" -O "t:$TMP/tree/big" "$TMP/out/no-exec-2"
[ "$STATUS" -ne 0 ] || fail '--no-exec let scp -O run'
run "${SSH[@]}" t true
[ "$STATUS" -ne 0 ] || fail '--no-exec let a command run'
ok '--no-exec leaves sftp'
