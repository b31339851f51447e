#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a program as the parent of all its orphaned descendants, so that it can name what it left.

usage: subreaper.py PROGRAM [ARGUMENT...]
"""
import ctypes
import os
import sys

PR_SET_CHILD_SUBREAPER = 36

if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
    sys.exit(f"subreaper.py: prctl: {os.strerror(ctypes.get_errno())}")
os.execvp(sys.argv[1], sys.argv[1:])
