#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Fleets: the engines that people have, over the ssh drop-in and the names of a hosts file. The files of
# contrib/ansible and contrib/clustershell, as they are, against three servers.

TEST_LIMIT=120
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_unix
need_ssh
need ssh-keygen
[ "$VSH_SLOW" -eq 1 ] || skip 'other people'\''s Python, mostly: the plain build runs it'

NAMES=(web db cache)
mkdir -p "$TMP/bin" "$TMP/credentials" "$HOME/.config/vsock-shell"
export CREDENTIALS_DIRECTORY=$TMP/credentials
ssh-keygen -q -t ed25519 -N '' -f "$TMP/id"
cp "$TMP/id.pub" "$TMP/credentials/ssh.ephemeral-authorized_keys-all"
for name in "${NAMES[@]}"; do
    # A session has its server's TZ: it tells the three apart.
    TZ=zone-$name start_background "$SERVER" --ssh --listen "unix:$TMP/$name" --host-key "$TMP/$name.key" \
        --shell /bin/sh -v </dev/null >>"$TMP/server.log" 2>&1
    printf '%s unix:%s\n' "$name" "$TMP/$name" >>"$HOME/.config/vsock-shell/hosts"
done
for name in "${NAMES[@]}"; do
    wait_for 10 unix_listens "$TMP/$name" || fail "the server of $name does not listen"
done

# The programs and the drop-in as installed; what is the test's own comes first and so wins.
ln -s "$PROXY" "$CLIENT" "$TMP/bin/"
cat >"$TMP/ssh_config" <<END
Host *
    IdentityFile $TMP/id
    IdentitiesOnly yes
    IdentityAgent none
    BatchMode yes
    LogLevel ERROR
    UserKnownHostsFile $TMP/known_hosts
Include $TOP/contrib/ssh_config.d/30-vsock-shell.conf
END
printf '#!/bin/sh\nexec %s -F %s "$@"\n' "$(command -v ssh)" "$TMP/ssh_config" >"$TMP/bin/ssh"
printf '#!/bin/sh\nexec %s -S %s "$@"\n' "$(command -v scp)" "$TMP/bin/ssh" >"$TMP/bin/scp"
chmod +x "$TMP/bin/ssh" "$TMP/bin/scp"
export PATH=$TMP/bin:$PATH
USER_NAME=$(id -un)

for name in "${NAMES[@]}"; do
    expect_status 3 ssh -l "$USER_NAME" "$name.vsock" 'echo $TZ; exit 3'
    expect_line "zone-$name"
done
[ "$(wc -l <"$TMP/known_hosts")" -eq 3 ] || fail 'not a host key for each'
ok 'three names of a hosts file, by ssh'

if command -v clush >/dev/null; then
    mkdir -p "$TMP/clustershell/groups.conf.d"
    export CLUSTERSHELL_CFGDIR=$TMP/clustershell
    printf '[Main]\nconfdir: $CFGDIR/groups.conf.d\n' >"$CLUSTERSHELL_CFGDIR/groups.conf"
    cp "$TOP/contrib/clustershell/vsock.conf" "$CLUSTERSHELL_CFGDIR/groups.conf.d/"
    expect_status 0 clush -l "$USER_NAME" -w '@vsock:*' 'echo $TZ' </dev/null
    for name in "${NAMES[@]}"; do
        expect_line "$name.vsock: zone-$name"
    done
    expect_status 0 clush -l "$USER_NAME" -w '@vsock:all' -b 'echo the same' </dev/null
    [ "$(grep -cx 'the same' "$OUT")" -eq 1 ] || { show_run && fail 'equal answers are not folded together'; }
    expect_status 0 clush -S -l "$USER_NAME" -w '@vsock:*' true </dev/null
    expect_status 3 clush -S -l "$USER_NAME" -w web.vsock,db.vsock 'exit 3' </dev/null
    mkdir "$TMP/to"
    echo copied >"$TMP/file"
    expect_status 0 clush -l "$USER_NAME" -w cache.vsock --copy "$TMP/file" --dest "$TMP/to/" </dev/null
    expect_same "$TMP/file" "$TMP/to/file"
    ok 'clush: all names, a status, a copy'
fi

if command -v parallel-ssh >/dev/null; then
    expect_status 0 parallel-ssh -i -l "$USER_NAME" -H 'web.vsock db.vsock' 'echo $TZ' </dev/null
    expect_line zone-web
    expect_line zone-db
    ok 'parallel-ssh'
fi

if command -v ansible-playbook >/dev/null; then
    cp -r "$TOP/contrib/ansible" "$TMP/ansible"
    cd "$TMP/ansible"
    export ANSIBLE_LOCAL_TEMP=$TMP/local ANSIBLE_REMOTE_TEMP=$TMP/remote
    export ANSIBLE_SSH_CONTROL_PATH_DIR=$TMP/cp
    expect_status 0 ansible-playbook -e "ansible_user=$USER_NAME" -e "note=$TMP/{{ inventory_hostname }}" \
        site.yml </dev/null
    for name in "${NAMES[@]}"; do
        expect_line "$name.vsock is kept by Ansible, over vsock." "$TMP/$name.vsock"
        expect_match "^$name\.vsock +: ok=3 +changed=1 +unreachable=0 +failed=0" "$OUT"
        expect_match "\"msg\": \"$name\.vsock: $(uname -sr)\"" "$OUT"
    done
    for control in "$TMP/cp/"*; do
        ssh -S "$control" -O exit t 2>/dev/null || true
    done
    ok 'ansible-playbook with the example as it is'
fi
