#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads a recording (asciicast v2) strictly.

usage: cast.py FILE show    the size, the title, the command, SHELL and TERM, a line each
       cast.py FILE output  what the terminal showed, joined
       cast.py FILE events  an event a line, without its time: the code, a blank, the data as JSON
       cast.py FILE decode  no recording: the bytes of FILE as a recording should show them
Exits 1 with a reason when FILE is not what a player would take.
"""
import json
import re
import sys
import time


def reject_constant(name):
    raise ValueError(f'{name} is no JSON')


def load(line):
    return json.loads(line, parse_constant=reject_constant)


def check_header(header):
    assert header['version'] == 2, 'version'
    for name in 'width', 'height':
        assert type(header[name]) is int and header[name] > 0, name
    assert abs(header['timestamp'] - time.time()) < 3600, 'timestamp'
    assert all(type(value) is str for value in header['env'].values()), 'env'


def read(path):
    data = open(path, 'rb').read()
    lines = data.decode('utf-8').split('\n')  # strict: what is not UTF-8 is an error
    assert lines.pop() == '', 'the last line is torn'
    header = load(lines[0])
    check_header(header)
    events, last = [], 0.0
    for line in lines[1:]:
        assert re.match(r'\[\d+\.\d{6}, "', line), f'a time without microseconds: {line[:40]}'
        at, code, text = load(line)
        assert at >= last, 'time runs backwards'
        assert code in 'or' and type(text) is str and text, f'event {line[:40]}'
        assert code == 'o' or re.fullmatch(r'[1-9]\d*x[1-9]\d*', text), f'size {text}'
        last = at
        events.append((code, text))
    return header, events


def main(path, what):
    if what == 'decode':
        sys.stdout.buffer.write(open(path, 'rb').read().decode('utf-8', 'replace').encode())
        return
    header, events = read(path)
    if what == 'show':
        print('%dx%d' % (header['width'], header['height']))
        for text in header['title'], header.get('command', '-'), header['env']['SHELL'], header['env']['TERM']:
            print(text)
    elif what == 'output':
        sys.stdout.buffer.write(''.join(text for code, text in events if code == 'o').encode())
    else:
        for code, text in events:
            print(code, json.dumps(text))


try:
    main(*sys.argv[1:])
except (AssertionError, ValueError, KeyError, IndexError) as error:
    sys.exit(f'{sys.argv[1]}: {type(error).__name__}: {error}')
