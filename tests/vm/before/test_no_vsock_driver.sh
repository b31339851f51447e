#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A kernel without vsock drivers: client and server say so, and what to load.

# shellcheck source=../../support/lib.sh
. "$(dirname "$0")/../../support/lib.sh"

expect_status 255 "$CLIENT" 3 true
expect_match 'vsock:3:5000.*this kernel has no vsock.*modprobe'
ok 'the client names the module that is missing'

run timeout 20 "$SERVER"
[ "$STATUS" -ne 0 ] && [ "$STATUS" -ne 124 ] || fail "the server's status is $STATUS"
expect_match 'vsock:any:5000.*this kernel has no vsock.*modprobe'
run timeout 20 "$SERVER" -d
[ "$STATUS" -ne 0 ] && [ "$STATUS" -ne 124 ] || fail "with -d the server's status is $STATUS"
expect_match 'vsock:any:5000.*this kernel has no vsock.*modprobe'
ok 'the server does not start, with -d neither'
