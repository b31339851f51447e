#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Looks every sentence that the documents quote up in the program text: page_sentences.py TOP FILE...

A FILE that is mdoc quotes in the heads of its -diag lists, README.md in the first column of the table
below "## Troubleshooting". "..." stands for what differs. Each part between dots must stand in one
string of TOP/src, and one part at least must be long enough to be found by it. What is not found is
printed, and the status is 1; the number of sentences is the last line.
"""
import pathlib
import re
import sys

PART_LEAST = 12  # characters that make a part worth looking for
LITERAL = r'"((?:[^"\\]|\\.)*)"'


def literals(top):
    """Every string literal of the source, neighbours joined as the compiler joins them."""
    texts = []
    for path in sorted(pathlib.Path(top, "src").rglob("*.[ch]")):
        source = path.read_text(encoding="utf-8").replace("\\\n", "")
        # A macro may stand between two literals: it is one of the parts that differ.
        for run in re.finditer(rf'{LITERAL}(?:\s*(?:[A-Z][A-Z_]*\s*)?{LITERAL})*', source):
            parts = re.findall(LITERAL, run[0])
            texts.append(re.sub(r'\\(["\\])', r"\1", "".join(parts)))
    return texts


def quoted(path):
    text = pathlib.Path(path).read_text(encoding="utf-8")
    if path.endswith(".md"):
        section = text.partition("\n## Troubleshooting\n")[2].partition("\n## ")[0]
        return re.findall(r"^\| `([^`]+)`", section, re.M)
    return [head.removeprefix(".It ") for block in re.findall(r"\.Bl -diag\n(.*?)\.El\n", text, re.S)
            for head in block.splitlines() if head.startswith(".It ")]


def is_said(sentence, texts):
    parts = [part.strip() for part in sentence.split("...")]
    parts = [part for part in parts if part]
    return max(map(len, parts)) >= PART_LEAST and all(any(part in text for text in texts) for part in parts)


def main():
    texts = literals(sys.argv[1])
    count, missing = 0, 0
    for path in sys.argv[2:]:
        for sentence in quoted(path):
            count += 1
            if not is_said(sentence, texts):
                missing += 1
                print(f"{path}: no program says: {sentence}")
    print(count)
    sys.exit(missing > 0)


main()
