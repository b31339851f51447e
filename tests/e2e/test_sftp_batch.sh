#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# sftp(1) against the server in vsock-shell-ssh-session: every command of its manual that reaches
# the server.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/ssh_setup.sh
. "$SUPPORT/ssh_setup.sh"

need sftp
ssh_start

R=$TMP/remote
L=$TMP/local
mkdir "$R" "$L"
cd "$L"

# batch: commands on stdin, in the folder $R; the output is in $OUT.
batch()
{
    { printf 'cd "%s"\n' "$R" && cat; } >"$TMP/batch"
    expect_status 0 "${SFTP[@]}" -q -b "$TMP/batch" t
}

# refused COMMAND REGEX: the command fails, and says that.
refused()
{
    printf 'cd "%s"\n%s\n' "$R" "$1" >"$TMP/batch"
    run "${SFTP[@]}" -q -b "$TMP/batch" t
    [ "$STATUS" -ne 0 ] || fail "'$1' was not refused"
    expect_match "$2"
}

head -c 5000000 /dev/urandom >file
chmod 640 file
touch -d '2001-02-03 04:05:06' file

batch <<'END'
put file
put -p file kept
get file back
get -p kept back-kept
END
expect_same file "$R/file"
expect_same file back
[ "$(stat -c '%a %Y' file)" = "$(stat -c '%a %Y' "$R/kept")" ] || fail 'put -p: mode or time'
[ "$(stat -c '%a %Y' file)" = "$(stat -c '%a %Y' back-kept)" ] || fail 'get -p: mode or time'
ok 'put, get, -p'

head -c 1234567 file >"$R/part"
head -c 2345678 file >part-back
batch <<'END'
reput file part
reget file part-back
END
expect_same file "$R/part"
expect_same file part-back
ok 'reput, reget'

batch <<'END'
mkdir dir
mkdir "dir/with blank"
ln file hard
ln -s file soft
symlink dir/nowhere torn
rename soft softer
rename kept dir/moved
chmod 600 hard
lpwd
pwd
ls -l
ls -la
ls -1
ls -n
END
expect_line "Remote working directory: $R"
[ "$(stat -c %i "$R/hard")" = "$(stat -c %i "$R/file")" ] || fail 'ln'
[ "$(readlink "$R/softer")" = file ] || fail 'ln -s'
[ "$(readlink "$R/torn")" = dir/nowhere ] || fail 'symlink'
[ "$(stat -c %a "$R/file")" = 600 ] || fail 'chmod'
expect_match "^-rw------- +[0-9?]+ $SSH_USER +[^ ]+ +5000000 .* hard\$" "$OUT"
expect_match '^lrwxrwxrwx .* softer$' "$OUT"
ok 'mkdir, ln, symlink, rename, chmod, pwd, ls'

batch <<'END'
rename file hard
END
expect_same file "$R/hard"
touch "$R/a" "$R/b"
printf 'cd "%s"\nrename -l a b\n' "$R" >"$TMP/batch"
run "${SFTP[@]}" -q -b "$TMP/batch" t
[ "$STATUS" -ne 0 ] && [ -e "$R/a" ] || fail 'the old rename replaced a file'
ok 'rename replaces with posix-rename, never without'

mkdir "$R/glob"
touch "$R/glob/"{a1,a2,b1,'[x]'}
batch <<'END'
get glob/a*
rm glob/b?
get glob/\[x\]
END
[ -e a1 ] && [ -e a2 ] && [ -e '[x]' ] && [ ! -e "$R/glob/b1" ] || fail 'globs'
ok 'globs'

if [ "$(id -u)" -eq 0 ]; then
    batch <<'END'
chown 12 hard
chgrp 34 hard
chown -h 56 softer
END
    [ "$(stat -c '%u %g' "$R/hard")" = '12 34' ] || fail 'chown, chgrp'
    [ "$(stat -c %u "$R/softer")" = 56 ] || fail 'chown -h'
    ok 'chown, chgrp'
fi

batch <<'END'
df
df -h
df -i
END
expect_match '^ *Size +Used +Avail' "$OUT"
ok 'df'

batch <<'END'
cp hard copied
END
expect_same file "$R/copied"
ok 'cp in the server (copy-data)'

mkdir -p tree/sub/empty
printf x >'tree/sub/a b'
printf y >$'tree/new\nline'
batch <<'END'
put -R tree
get -R tree tree-back
END
diff -r tree tree-back && diff -r tree "$R/tree" || fail 'trees differ'
ok 'recursive put and get, odd names'

batch <<'END'
rm copied
rmdir "dir/with blank"
rm dir/moved
rmdir dir
END
[ ! -e "$R/dir" ] || fail 'rmdir'
ok 'rm, rmdir'

refused 'rmdir glob' 'Failure'
refused 'get missing' 'not found|No such file'
refused 'rm missing' 'No such file'
refused 'cd missing' 'No such file'
refused 'mkdir glob' 'Failure'
ok 'refusals in words'

# put with fsync, and requests of every size
for options in '-R 1 -B 1024' '-R 128' '-B 262000' '-f'; do
    # shellcheck disable=SC2086 # several words
    printf 'put "%s" "%s"\nget "%s" "%s"\n' "$L/file" "$R/sized" "$R/sized" "$L/sized" |
        "${SFTP[@]}" -q $options -b - t >/dev/null
    expect_same file sized
done
ok 'one request at a time, 128, large blocks, fsync'
