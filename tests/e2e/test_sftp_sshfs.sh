#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# sshfs: a mounted folder under random reads, writes, truncations and renames.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/ssh_setup.sh
. "$SUPPORT/ssh_setup.sh"

need sshfs fusermount3 python3
[ -w /dev/fuse ] || skip '/dev/fuse cannot be opened'
ssh_start
mkdir "$TMP/there" "$TMP/mount"

unmount()
{
    fusermount3 -u "$TMP/mount" 2>/dev/null || fusermount3 -uz "$TMP/mount" 2>/dev/null || true
}
ssh_at_end unmount

mount_it()
{
    run sshfs -F "$TMP/ssh_config" "$@" "t:$TMP/there" "$TMP/mount"
    [ "$STATUS" -eq 0 ] || skip "mounting is not possible here: $(tail -n 1 "$ERR")"
}

mount_it -o direct_io
name=$("$SUPPORT/ssh_fsx.py" "$TMP/mount" 600 1)
expect_same "$TMP/mount/$name" "$TMP/there/$name"
unmount
mount_it
name=$("$SUPPORT/ssh_fsx.py" "$TMP/mount" 600 2)
ok 'random reads, writes, truncations, renames'

cp -r "$TOP/src" "$TMP/mount/copy"
diff -r "$TOP/src" "$TMP/mount/copy" || fail 'a copied tree differs'
mkdir "$TMP/mount/dir"
printf old >"$TMP/mount/old"
printf new >"$TMP/mount/new"
mv "$TMP/mount/new" "$TMP/mount/old"
[ "$(cat "$TMP/there/old")" = new ] || fail 'rename does not replace'
ln -s old "$TMP/mount/link"
ln "$TMP/mount/old" "$TMP/mount/hard"
chmod 600 "$TMP/mount/old"
touch -d '2001-02-03' "$TMP/mount/old"
[ "$(stat -c '%a %Y %h' "$TMP/there/old")" = "600 $(date -d 2001-02-03 +%s) 2" ] || fail 'attributes'
[ "$(readlink "$TMP/there/link")" = old ] || fail 'symbolic link'
rm -r "$TMP/mount/copy"
[ ! -e "$TMP/there/copy" ] || fail 'rm -r'
rmdir "$TMP/mount/dir"
df "$TMP/mount" >/dev/null || fail 'df'
! rmdir "$TMP/mount/missing" 2>/dev/null || fail 'removed what is not there'
ok 'trees, rename over a file, links, attributes, df'
