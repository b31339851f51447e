#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# An upload that breaks at 50 random points is continued, and the target is never half a file.
TEST_LIMIT=200
# shellcheck source=../support/files_tmp.sh
. "$(dirname "$0")/../support/files_tmp.sh"
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/files_lib.sh
. "$SUPPORT/files_lib.sh"
# shellcheck source=../support/files_cut.sh
. "$SUPPORT/files_cut.sh"

direction up --resume -u "$TMP/new:$TARGET"
