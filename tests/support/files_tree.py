#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes and compares trees for the tests of file copies.

usage: files_tree.py make FOLDER COUNT [SEED]   a tree with every kind of name and entry
       files_tree.py small FOLDER COUNT         COUNT files of 4 KiB in one folder
       files_tree.py big FILE MIB [SEED]        one file of random bytes
       files_tree.py compare FOLDER FOLDER      content, mode, mtime in ns, links, holes; 1 if they
                                                differ, with a line for each difference
"""
import os
import random
import stat
import sys

MIB = 1024 * 1024
SIZES = [0, 1, 100, 1000, 4096, 4097, 10000]
ODD_NAMES = [b'with space', b'new\nline', b'-dash', b'--', b'...', b'\xff\xfe not UTF-8',
             '\u00e4\u20ac\U0001f600'.encode(), b'"quotes\'', b'back\\slash', b'tab\tbell\a\x7f',
             b'*', b'$(touch x)', b'%s%n', b'~', b'#', b'n' * 255, '\u00e4'.encode() * 127 + b'x',
             b':colon', b'.hidden']


class Maker:
    def __init__(self, top, count, seed):
        self.random = random.Random(seed)
        self.pool = self.random.randbytes(2 * MIB)
        self.top = top
        self.count = count
        self.folders = []

    def content(self, size):
        start = self.random.randrange(len(self.pool) - size)
        return self.pool[start:start + size]

    def finish(self, path, mode):
        os.chmod(path, mode)
        os.utime(path, ns=(0, self.random.randrange(10**9, 1700 * 10**15)), follow_symlinks=False)

    def file(self, path, size):
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(fd, self.content(size))
        os.close(fd)
        self.finish(path, self.random.choice([0o644, 0o600, 0o755, 0o444, 0o666, 0o711]))

    def folder(self, path):
        os.mkdir(path)
        self.folders.append(path)

    def link(self, path, target):
        os.symlink(target, path)
        os.utime(path, ns=(0, self.random.randrange(10**18)), follow_symlinks=False)

    def sparse(self, path):
        with open(path, 'wb') as out:
            for at in (0, 700 * MIB, 700 * MIB + 8192, 1500 * MIB):
                out.seek(at)
                out.write(self.content(5000))
            out.truncate(2048 * MIB)
        self.finish(path, 0o640)

    def odd(self):
        folder = os.path.join(self.top, b'odd')
        self.folder(folder)
        for name in ODD_NAMES:
            self.file(os.path.join(folder, name), 100)
        for name in ODD_NAMES:
            inner = os.path.join(folder, b'in ' + name[:252])
            self.folder(inner)
            self.file(os.path.join(inner, name), 10)
        self.link(os.path.join(folder, b'to file'), b'with space')
        self.link(os.path.join(folder, b'dangling'), b'no/such/\xff file')
        self.link(os.path.join(folder, b'to folder'), b'../deep')
        self.link(os.path.join(folder, b'absolute'), b'/etc/passwd')
        self.link(os.path.join(folder, b'itself'), b'itself')
        self.link(os.path.join(folder, b'long'), b't/' * 2000)

    def deep(self):
        path = os.path.join(self.top, b'deep')
        self.folder(path)
        for level in range(200):
            path = os.path.join(path, b'd%d' % level)
            self.folder(path)
            self.file(os.path.join(path, b'f'), level)

    def many(self):
        left = self.count - len(ODD_NAMES) * 2 - 201
        number = 0
        while left > 0:
            parent = self.random.choice(self.folders[-40:]) if number % 3 else self.top
            if len(parent) > 1000:
                parent = self.top
            folder = os.path.join(parent, b'folder %d' % number)
            self.folder(folder)
            for i in range(min(left, self.random.randrange(0, 400))):
                self.file(os.path.join(folder, b'%d.file' % i), self.random.choice(SIZES))
                left -= 1
            number += 1

    def make(self):
        self.folder(self.top)
        self.odd()
        self.deep()
        self.many()
        for i in range(12):
            self.file(os.path.join(self.top, b'large %d' % i), MIB - i)
        self.sparse(os.path.join(self.top, b'sparse'))
        for path in reversed(self.folders):
            self.finish(path, self.random.choice([0o755, 0o700, 0o555, 0o1777]))


def small(top, count):
    os.mkdir(top)
    for i in range(count):
        with open(os.path.join(top, b'%d' % i), 'wb') as out:
            out.write(b'%4096d' % i)


def big(path, mib, seed):
    source = random.Random(seed)
    with open(path, 'wb') as out:
        for _ in range(mib):
            out.write(source.randbytes(MIB))


def describe(path):
    """What must be equal, without the content."""
    st = os.lstat(path)
    kind = stat.S_IFMT(st.st_mode)
    target = os.readlink(path) if stat.S_ISLNK(st.st_mode) else b''
    size = st.st_size if stat.S_ISREG(st.st_mode) else 0
    return kind, stat.S_IMODE(st.st_mode), st.st_mtime_ns, target, size


def data_extents(fd, size):
    at = 0
    while at < size:
        try:
            at = os.lseek(fd, at, os.SEEK_DATA)
        except OSError:
            return
        end = os.lseek(fd, at, os.SEEK_HOLE)
        yield at, min(end, size)
        at = end


def same_content(left, right, size):
    """Reads only where one of the two has data: holes are zeros."""
    with open(left, 'rb') as a, open(right, 'rb') as b:
        for fd in (a.fileno(), b.fileno()):
            for start, end in data_extents(fd, size):
                for at in range(start, end, MIB):
                    length = min(MIB, end - at)
                    if os.pread(a.fileno(), length, at) != os.pread(b.fileno(), length, at):
                        return False
    return True


def space_of(path):
    return os.lstat(path).st_blocks * 512


def compare(left, right, relative=b'.'):
    a = os.path.join(left, relative)
    b = os.path.join(right, relative)
    differences = []
    if describe(a) != describe(b):
        differences.append((relative, describe(a), describe(b)))
    elif os.path.isdir(a) and not os.path.islink(a):
        names = sorted(os.listdir(a))
        if names != sorted(os.listdir(b)):
            differences.append((relative, 'names', set(names) ^ set(os.listdir(b))))
        else:
            for name in names:
                differences += compare(left, right, os.path.join(relative, name))
    elif os.path.isfile(a) and not os.path.islink(a):
        size = os.lstat(a).st_size
        if not same_content(a, b, size):
            differences.append((relative, 'content', ''))
        # A file system may round a hole, not fill it.
        if space_of(a) + 2 * MIB < size and space_of(b) > space_of(a) + MIB:
            differences.append((relative, space_of(a), space_of(b)))
    return differences


def main():
    what, path, value = sys.argv[1:4]
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    path = os.fsencode(path)
    sys.setrecursionlimit(10000)
    if what == 'make':
        Maker(path, int(value), seed).make()
    elif what == 'small':
        small(path, int(value))
    elif what == 'big':
        big(path, int(value), seed)
    elif what == 'compare':
        differences = compare(path, os.fsencode(value))
        for difference in differences[:20]:
            print(*difference)
        return 1 if differences else 0
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
