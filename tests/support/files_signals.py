#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: files_signals.py CMD...   becomes CMD with SIGINT and SIGQUIT as a terminal's job has them."""
import os
import signal
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])
