#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: files_peak.py CMD...   runs CMD, prints its peak resident memory in KiB, exits as it does.

Its output goes to standard error. getrusage(2) would count this interpreter, whose memory the child
has until it executes CMD.
"""
import re
import subprocess
import sys
import time

child = subprocess.Popen(sys.argv[1:], stdout=sys.stderr)
peak = 0
while child.poll() is None:
    with open(f'/proc/{child.pid}/status', encoding='ascii', errors='replace') as status:
        found = re.search(r'VmHWM:\s*(\d+)', status.read())
    peak = int(found.group(1)) if found else peak
    time.sleep(0.005)
print(peak)
sys.exit(child.returncode & 0xFF)
