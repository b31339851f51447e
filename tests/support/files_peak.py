#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: files_peak.py CMD...   runs CMD, prints its peak resident memory in KiB, exits as it does."""
import os
import resource
import sys

pid = os.fork()
if pid == 0:
    os.dup2(2, 1)
    os.execvp(sys.argv[1], sys.argv[1:])
_, status = os.waitpid(pid, 0)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
