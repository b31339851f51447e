#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# rsync and git over SSH: both ways, --delete, odd names; clone and push.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/ssh_setup.sh
. "$SUPPORT/ssh_setup.sh"

need rsync git
ssh_start
REMOTE_SHELL="ssh -F $TMP/ssh_config"

mkdir -p "$TMP/tree/sub" "$TMP/there" "$TMP/back"
for i in {1..300}; do
    printf '%s' "$i" >"$TMP/tree/sub/file $i"
done
head -c 10000000 /dev/urandom >"$TMP/tree/big"
ln -s sub/nowhere "$TMP/tree/link"
chmod 640 "$TMP/tree/big"
: >"$TMP/tree/"$'new\nline'

sync()
{
    expect_status 0 rsync -e "$REMOTE_SHELL" -a --delete "$@"
}

same()
{
    diff -r --no-dereference "$TMP/tree" "$1" >&2 || fail "$2"
    [ -z "$(rsync -ani --delete "$TMP/tree/" "$1/")" ] || fail "$2: something is left to do"
}

sync "$TMP/tree/" "t:$TMP/there/"
same "$TMP/there" 'rsync up'
sync "t:$TMP/there/" "$TMP/back/"
same "$TMP/back" 'rsync down'
ok 'rsync both ways'

rm "$TMP/tree/sub/file 7"
printf more >>"$TMP/tree/big"
touch -d yesterday "$TMP/tree/sub/file 8"
sync "$TMP/tree/" "t:$TMP/there/"
same "$TMP/there" 'rsync --delete up'
sync "t:$TMP/there/" "$TMP/back/"
same "$TMP/back" 'rsync --delete down'
ok 'rsync --delete'

export GIT_SSH_COMMAND=$REMOTE_SHELL GIT_CONFIG_GLOBAL=$TMP/gitconfig GIT_CONFIG_SYSTEM=/dev/null
git config --global user.name test
git config --global user.email test@example.org
git config --global init.defaultBranch main
git config --global safe.directory '*'
git init -q --bare "$TMP/repository"
git clone -q "t:$TMP/repository" "$TMP/clone" 2>/dev/null
cd "$TMP/clone"
for i in {1..50}; do
    head -c 100000 /dev/urandom >"file$i"
done
git add . && git commit -q -m 'fifty files'
expect_status 0 git push -q origin main
expect_status 0 git clone -q "ssh://t$TMP/repository" "$TMP/second"
expect_same file50 "$TMP/second/file50"
expect_status 0 git -C "$TMP/second" fetch -q
ok 'git clone, push, fetch'
