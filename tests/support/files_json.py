#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads the lines of a copy with --json from standard input: each is an object, and the summary at the
end agrees with the lines before it. Exits 1 with a sentence when not."""
import json
import sys

lines = [json.loads(line) for line in sys.stdin]
kinds = [next(iter(line.values())) for line in lines]
summary = lines[-1]
if 'summary' not in kinds[-1:]:
    sys.exit(f'the last line is no summary: {summary}')
for kind, key in (('failed', 'failed'), ('skipped', 'skipped')):
    if kinds.count(kind) != summary[key]:
        sys.exit(f'{kinds.count(kind)} lines "{kind}", but the summary says {summary[key]}')
if kinds.count('file') != summary['files'] + summary['links']:
    sys.exit(f'{kinds.count("file")} lines for files, but the summary is {summary}')
