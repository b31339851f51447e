#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Peers that are broken or hostile: a clean end, bounded memory, a log line, and the next client is
# served.

TEST_LIMIT=120
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/ssh_setup.sh
. "$SUPPORT/ssh_setup.sh"

need python3
ssh_start --login-grace 3
BROKEN=$SUPPORT/ssh_broken.py
RAW=$SUPPORT/ssh_sftp_raw.py
mkdir "$TMP/folder"

served()
{
    wait_for 8 no_session_left || fail "a session is left: $1"
    expect_status 0 "${SSH[@]}" t true
    ok "$1"
}

head -c 300000 /dev/zero | tr '\0' A >"$TMP/endless"
{ printf 'SSH-2.0-' && cat "$TMP/endless"; } >"$TMP/banner"
"$BROKEN" stall "$SOCKET" "$TMP/banner"
served 'a banner without end'

head -c 300000 /dev/urandom >"$TMP/noise"
{ printf 'SSH-2.0-x\r\n' && cat "$TMP/noise"; } >"$TMP/garbage"
"$BROKEN" stall "$SOCKET" "$TMP/garbage"
{ printf 'SSH-2.0-x\r\n\0\0\1\0' && cat "$TMP/noise"; } >"$TMP/garbage"
"$BROKEN" stall "$SOCKET" "$TMP/garbage"
{ printf 'SSH-2.0-x\r\n\377\377\377\377' && cat "$TMP/noise"; } >"$TMP/garbage"
"$BROKEN" stall "$SOCKET" "$TMP/garbage"
served '300 kB of garbage'

printf 'SSH-2.0-x\r\n' >"$TMP/silent"
"$BROKEN" stall "$SOCKET" "$TMP/silent"
expect_match 'no login within [0-9.]+ s' "$TMP/server.log"
served 'silence after the banner'

"${SSH[@]}" -o ProxyUseFdpass=no -o "ProxyCommand=$BROKEN record $SOCKET $TMP/stream" t true
size=$(stat -c %s "$TMP/stream")
[ "$size" -gt 1500 ] || fail "the recorded stream has only $size bytes"
for ((cut = 1; cut < size; cut += 50)); do
    "$BROKEN" send "$SOCKET" "$TMP/stream" "$cut"
done
served "the key exchange cut at every 50th of $size bytes"

# A flipped bit behind the key exchange: the client fails, and the session does not stay.
for offset in 1800 1900 2000; do
    run timeout 10 "${SSH[@]}" -o ProxyUseFdpass=no \
        -o "ProxyCommand=$BROKEN flip $SOCKET $offset" t 'cat; echo whole' </dev/null
    [ "$STATUS" -ne 0 ] || fail "a flipped bit at $offset was not noticed"
    ! grep -q whole "$OUT" || fail "a flipped bit at $offset let a command run"
done
head -c 1000000 /dev/zero >"$TMP/zeros"
run timeout 10 "${SSH[@]}" -o ProxyUseFdpass=no -o "ProxyCommand=$BROKEN flip $SOCKET 500000" t \
    "cat >$TMP/flipped; echo done >>$TMP/flipped" <"$TMP/zeros"
[ "$STATUS" -ne 0 ] || fail 'a flipped bit in the data was not noticed'
! tr -d '\0' <"$TMP/flipped" | grep -qv '^done$' || fail 'wrong data reached the command'
served 'flipped bits'

"$RAW" lying_lengths "$TMP/folder" "${SSH[@]}" -s t sftp
expect_match 'the length of an SFTP packet' "$TMP/server.log"
expect_match 'before INIT' "$TMP/server.log"
"$RAW" lying_strings "$TMP/folder" "${SSH[@]}" -s t sftp
served 'SFTP packets that lie'

"$RAW" many_handles "$TMP/folder" "${SSH[@]}" -s t sftp
served 'a thousand open handles'

mkfifo "$TMP/go"
"$RAW" unread_replies "$TMP/folder" "${SSH[@]}" -s t sftp <"$TMP/go" &
asker=$!
STARTED+=("$asker")
exec 9>"$TMP/go"
sleep 1.5
expect_small 'a peer that reads no reply'
echo >&9
exec 9>&-
wait "$asker" || fail 'the peer that reads no reply'
served 'a peer that asks and never reads'

for python in /usr/bin/python3 python3; do
    status=0
    "$python" -W ignore "$BROKEN" channels "$SOCKET" "$SSH_USER" "$SSH_KEY" 2>"$ERR" || status=$?
    [ "$status" -eq 77 ] || break
done
if [ "$status" -ne 77 ]; then
    [ "$status" -eq 0 ] || {
        cat "$ERR" >&2
        fail 'a thousand channels'
    }
    expect_match 'refused a channel' "$TMP/server.log"
    served 'a thousand channels'
fi
