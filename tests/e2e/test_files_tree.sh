#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A tree of 20,000 files with every kind of name goes up and comes down again and is what it was.
TEST_LIMIT=120
# shellcheck source=../support/files_tmp.sh
. "$(dirname "$0")/../support/files_tmp.sh"
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/files_lib.sh
. "$SUPPORT/files_lib.sh"

start_server
"$SUPPORT/files_tree.py" make "$TMP/tree" "$(amount 20000 600)"

expect_status 0 "$CLIENT" "$T" -r -u "$TMP/tree:$TMP/up"
expect_match '[0-9]{3,} files, .* in .* s, .*/s; 6 links'
same_tree "$TMP/tree" "$TMP/up"
ok 'the tree goes up'

expect_status 0 "$CLIENT" "$T" -r -d "$TMP/up:$TMP/down"
same_tree "$TMP/tree" "$TMP/down"
[ "$(du -k "$TMP/down/sparse" | cut -f1)" -lt 4096 ] || fail 'the holes were filled'
[ -z "$(partials "$TMP")" ] || fail 'staged files were left'
ok 'the tree comes down'

expect_status 0 "$CLIENT" "$T" -r --resume -u "$TMP/tree/.:$TMP/up"
expect_match '^.*: 0 files, .*skipped'
same_tree "$TMP/tree" "$TMP/up"
ok 'a second run with --resume sends no file again'

# Folders that nobody may write to, or find -delete fails.
chmod -R u+rwX "$TMP/tree" "$TMP/up" "$TMP/down"
