#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Other people's clients: paramiko, asyncssh, lftp, curl (libssh2), dropbear, PuTTY. What is not
# installed is named and passed over; the test is skipped when nothing is.

# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/ssh_setup.sh
. "$SUPPORT/ssh_setup.sh"

need python3
ssh_start
tried=0
mkdir "$TMP/folder"

absent()
{
    printf '# not installed: %s\n' "$1"
}

ssh_start_tcp "$TMP/port"
PORT=$(cat "$TMP/port")
for library in paramiko asyncssh; do
    # The distribution's Python has the distribution's libraries, whatever comes first in PATH.
    for python in /usr/bin/python3 python3; do
        status=0
        "$python" -W ignore "$SUPPORT/ssh_clients.py" "$library" "$PORT" "$SSH_USER" "$SSH_KEY" \
            "$TMP/folder" || status=$?
        [ "$status" -eq 77 ] || break
    done
    if [ "$status" -eq 77 ]; then
        absent "$library"
        continue
    fi
    [ "$status" -eq 0 ] || fail "$library"
    tried=$((tried + 1))
    ok "$library"
done

head -c 3000000 /dev/urandom >"$TMP/data"

if command -v curl >/dev/null && curl -V | grep -q sftp; then
    curl_sftp()
    {
        expect_status 0 curl -sS -k -u "$SSH_USER:" --key "$SSH_KEY" --pubkey "$SSH_KEY.pub" "$@"
    }
    curl_sftp -T "$TMP/data" "sftp://127.0.0.1:$PORT$TMP/folder/curl"
    expect_same "$TMP/data" "$TMP/folder/curl"
    curl_sftp -o "$TMP/back" "sftp://127.0.0.1:$PORT$TMP/folder/curl"
    expect_same "$TMP/data" "$TMP/back"
    curl_sftp "sftp://127.0.0.1:$PORT$TMP/folder/"
    expect_match ' curl$' "$OUT"
    tried=$((tried + 1))
    ok 'curl (libssh2)'
else
    absent 'curl with sftp'
fi

if command -v lftp >/dev/null; then
    expect_status 0 lftp -c "set sftp:connect-program 'ssh -a -x -F $TMP/ssh_config';
        set net:max-retries 1; set cmd:fail-exit yes; open sftp://$SSH_USER:x@t;
        cd $TMP/folder; put $TMP/data -o lftp; mirror -R $TOP/src/base mirrored; ls;
        get lftp -o $TMP/back.lftp; rm lftp"
    expect_same "$TMP/data" "$TMP/back.lftp"
    diff -r "$TOP/src/base" "$TMP/folder/mirrored" || fail 'lftp mirror'
    tried=$((tried + 1))
    ok 'lftp'
else
    absent lftp
fi

if command -v dbclient >/dev/null && command -v dropbearconvert >/dev/null; then
    ssh-keygen -q -t rsa -b 2048 -N '' -m PEM -f "$TMP/rsa"
    dropbearconvert openssh dropbear "$TMP/rsa" "$TMP/rsa.dropbear" >/dev/null 2>&1
    cat "$TMP/rsa.pub" >>"$TMP/credentials/ssh.ephemeral-authorized_keys-all"
    expect_status 6 dbclient -y -y -T -i "$TMP/rsa.dropbear" -p "$PORT" "$SSH_USER@127.0.0.1" \
        'wc -c; exit 6' <"$TMP/data"
    expect_line 3000000
    expect_status 0 dbclient -y -y -i "$TMP/rsa.dropbear" -p "$PORT" "$SSH_USER@127.0.0.1" \
        "cat $TMP/data" </dev/null
    expect_same "$TMP/data" "$OUT"
    tried=$((tried + 1))
    ok 'dropbear dbclient'
else
    absent dbclient
fi

if command -v plink >/dev/null && command -v puttygen >/dev/null; then
    puttygen "$SSH_KEY" -O private -o "$TMP/id.ppk" 2>/dev/null
    host_key=$(ssh-keygen -lf "$TMP/host_key" | cut -d' ' -f2)
    expect_status 4 plink -batch -ssh -P "$PORT" -hostkey "$host_key" -i "$TMP/id.ppk" -l "$SSH_USER" \
        127.0.0.1 'sleep 1; wc -c; exit 4' <"$TMP/data"
    expect_line 3000000
    tried=$((tried + 1))
    ok 'PuTTY plink'
else
    absent plink
fi

[ "$tried" -gt 0 ] || skip 'none of the clients is installed'
