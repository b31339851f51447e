#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Ansible on an inventory of three servers: ping, copy, fetch, shell, become.

TEST_LIMIT=120
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/ssh_setup.sh
. "$SUPPORT/ssh_setup.sh"

need ansible python3
[ "$VSH_SLOW" -eq 1 ] || skip 'other people'\''s Python, mostly: the plain build runs it'
ssh_start
for i in 1 2 3; do
    cat >>"$TMP/ssh_config" <<END
Host vm$i
    User $SSH_USER
    ProxyCommand $PROXY -F $T
    ProxyUseFdpass yes
    HostKeyAlias vm$i
END
done
printf '[vms]\nvm1\nvm2\nvm3\n' >"$TMP/inventory"
cat >"$TMP/ansible.cfg" <<END
[defaults]
inventory = $TMP/inventory
local_tmp = $TMP/ansible
remote_tmp = $TMP/ansible-remote
interpreter_python = /usr/bin/python3
host_key_checking = false
[ssh_connection]
ssh_args = -F $TMP/ssh_config -o ControlMaster=auto -o ControlPersist=10
control_path_dir = $TMP/cp
END
export ANSIBLE_CONFIG=$TMP/ansible.cfg
mkdir "$TMP/cp"

module()
{
    run ansible all "$@" </dev/null
    [ "$STATUS" -eq 0 ] || {
        show_run
        fail "ansible $*"
    }
    [ "$(grep -c -E '^vm[123] \| (SUCCESS|CHANGED)' "$OUT")" -eq 3 ] || {
        show_run
        fail "ansible $*: not all three"
    }
}

module -m ping
ok ping
printf 'a file\n' >"$TMP/source"
module -m copy -a "src=$TMP/source dest=$TMP/{{ inventory_hostname }}.copied mode=0640"
expect_same "$TMP/source" "$TMP/vm2.copied"
[ "$(stat -c %a "$TMP/vm3.copied")" = 640 ] || fail 'mode'
ok copy
module -m fetch -a "src=$TMP/source dest=$TMP/fetched"
expect_same "$TMP/source" "$TMP/fetched/vm1$TMP/source"
ok fetch
module -m shell -a 'echo $SSH_CONNECTION; exit 0'
expect_match 'unix:uid=' "$OUT"
ok shell
if [ "$(id -u)" -eq 0 ] && command -v sudo >/dev/null; then
    chmod 755 "$TMP"
    module -b --become-user root -m command -a 'id -un'
    expect_line root
    ok become
fi
for control in "$TMP/cp/"*; do
    ssh -F "$TMP/ssh_config" -S "$control" -O exit t 2>/dev/null || true
done
