#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Whose session it is: root's server becomes the user who logged in, for good and for everything.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/ssh_setup.sh
. "$SUPPORT/ssh_setup.sh"

ssh_start
if [ "$(id -u)" -ne 0 ]; then
    run "${SSH[@]}" -l root t true
    [ "$STATUS" -eq 255 ] || fail 'a user became root'
    expect_match 'serves its own user only' "$TMP/server.log"
    ok "another user cannot log in to a user's server"
    exit 0
fi

OTHER=daemon
chmod 755 "$TMP"
mkdir -m 777 "$TMP/open"
printf secret >"$TMP/open/secret"
chmod 600 "$TMP/open/secret"
printf 'as it was\n' >"$TMP/roots"

expect_status 0 "${SSH[@]}" -l "$OTHER" t 'id -u; id -ru; id -G; echo $USER $LOGNAME; echo $HOME
    grep -E "^(Uid|Gid|Groups|CapEff|CapPrm|CapInh|CapAmb):" /proc/self/status
    grep -E "^(Uid|CapPrm):" /proc/$PPID/status | sed "s/^/parent /"
    kill -0 1 2>/dev/null && echo may signal init; exec 2>/dev/null; echo x >'"$TMP/roots"'; exit 0'
expect_line "$(id -u $OTHER)"
expect_line "$OTHER $OTHER"
expect_match "^Uid:($(printf '\t%s' "$(id -u $OTHER)")){4}\$" "$OUT"
expect_match "^parent Uid:($(printf '\t%s' "$(id -u $OTHER)")){4}\$" "$OUT"
expect_match '^parent CapPrm:.0+$' "$OUT"
[ "$(cat "$TMP/roots")" = 'as it was' ] || fail 'the session writes what is root'\''s'
! grep -q 'may signal' "$OUT" || fail 'the session has rights of root'
grep -E '^Cap' "$OUT" | grep -qv '	0*$' && fail 'the session has capabilities'
ok 'commands run as the user, and so does the process above them'

# sftp is inside the process: it must be the user, too.
cat >"$TMP/batch" <<END
-get $TMP/open/secret $TMP/stolen
put $TMP/id.pub $TMP/open/mine
END
expect_status 0 "${SFTP[@]}" -q -b "$TMP/batch" -o "User=$OTHER" t
expect_match 'Permission denied'
[ ! -s "$TMP/stolen" ] || fail 'sftp reads as root'
[ "$(stat -c %U "$TMP/open/mine")" = "$OTHER" ] || fail 'sftp writes as another'
ok 'sftp is the user'

# The pages of the session, its forwards and its terminal, too.
expect_status 0 "${SSH[@]}" -l "$OTHER" -tt t 'stat -c %U $(tty)' </dev/null
expect_match "^$OTHER" "$OUT"
ok "the terminal is the user's"
stop_server

ssh_start --user "$OTHER"
run "${SSH[@]}" t true
[ "$STATUS" -eq 255 ] || fail 'root logged in although --user names another'
expect_match 'only the user named by --user may log in' "$TMP/server.log"
expect_status 0 "${SSH[@]}" -l "$OTHER" t 'id -u'
expect_line "$(id -u $OTHER)"
ok '--user NAME: only NAME, and as NAME'

# Before the first byte: the process that waits for the peer is already the user.
mkfifo "$TMP/silence"
exec 9<>"$TMP/silence"
"$PROXY" "$T" <&9 >/dev/null &
STARTED+=("$!")
is_other()
{
    local pid
    find_running vsock-shell-ssh
    for pid in "${LEFT[@]}"; do
        [ "$(stat -c %u "/proc/$pid")" != "$(id -u $OTHER)" ] || return 0
    done
    return 1
}
wait_for 5 is_other || fail 'the session is not the user before the login'
ok '--user takes effect before the first byte'
stop_server

