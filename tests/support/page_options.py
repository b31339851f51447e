#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The options that a page of the manual describes: page_options.py PAGE.mdoc

A line per option that heads an item of a list (.It Fl): its spelling as it is typed, a blank, and
"value" or "flag".
"""
import shlex
import sys

# What ends the words of Fl; the rest of mdoc does not stand in the head of an option.
MACROS = {"Ar", "Cm", "Ns", "Op", "Xr", "Ic", "Pa", "Ev"}


def options_of(words):
    names, in_flag = [], False
    for word in words:
        if word == "Fl":
            in_flag = True
        elif word in MACROS:
            in_flag = False
        elif in_flag and word not in {",", ";", "|"}:
            names.append("-" + word)
    kind = "value" if {"Ar", "Cm"} & set(words) else "flag"
    return [(name, kind) for name in names]


def main():
    with open(sys.argv[1], encoding="utf-8") as page:
        for line in page:
            if line.startswith(".It Fl "):
                for name, kind in options_of(shlex.split(line)[1:]):
                    print(name, kind)


main()
