#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# ssh and scp from the host through the proxy, which hands its socket over.

# shellcheck source=../../support/lib.sh
. "$(dirname "$0")/../../support/lib.sh"
# shellcheck source=guest_lib.sh
. "$(dirname "$0")/guest_lib.sh"
need_ssh

guest_ssh_config
expect_status 9 ssh -F "$TMP/config" 42.vsock 'echo "$VSOCK_SHELL_PEER"; hostname; exit 9'
expect_line guest
expect_match '^vsock:2:[0-9]+$' "$OUT"
expect_status 0 ssh -F "$TMP/config" guest42.vsock 'hostname; grep -a "vsock:2:" /tmp/ssh.log | tail -n 1'
expect_line guest
expect_match '[ =]vsock:2:[0-9]+[: ]' "$OUT"
ok 'ssh by CID and by name; the guest knows and logs that CID 2 came'

head -c 2M /dev/urandom >"$TMP/data"
expect_status 0 scp -q -F "$TMP/config" "$TMP/data" 42.vsock:/tmp/scp
expect_status 0 scp -q -F "$TMP/config" 42.vsock:/tmp/scp "$TMP/back"
expect_same "$TMP/data" "$TMP/back"
ok 'scp up and down'
