# SPDX-License-Identifier: MIT
"""Frames of protocol version 2 by hand, for peers that do not keep to it: see PROTOCOL-FILES.md."""
import struct

import endpoint

MAGIC = 0xCAFEBABE
HELLO, END, ERROR, PING, PONG = 0x20, 0x2A, 0x2B, 0x2C, 0x2D
(PUT, GET, COUNT, ENTRY, LEAVE, DATA, HOLE, FILE_END, ABORT, RESULT, PROBLEM, OFFER, RESUME, DONE,
 DONE_ACK) = range(0x30, 0x3F)
REGULAR, FOLDER, LINK, STREAM = range(1, 5)
RECURSIVE, FOLLOW, WANT_RESUME, NO_CLOBBER, DRY_RUN, SYNC = 1, 2, 4, 8, 0x10, 0x20

# What xxh128sum says about the only content that is ever sent with an honest digest.
HELLO_TEXT = b'hello'
HELLO_DIGEST = bytes.fromhex('b5e9c1ad071b3e7fc779cfaa5e523818')

MASK = (1 << 64) - 1
SECRET = bytes.fromhex(
    'b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221'
    'b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8'
    'a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb'
    '170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e')


def mix(data, at, secret_at):
    low, high = struct.unpack_from('<QQ', data, at)
    secret_low, secret_high = struct.unpack_from('<QQ', SECRET, secret_at)
    product = (low ^ secret_low) * (high ^ secret_high)
    return (product & MASK) ^ (product >> 64)


def avalanche(value):
    value ^= value >> 37
    value = value * 0x165667919E3779F9 & MASK
    return value ^ value >> 32


def checksum(data):
    """XXH3-64 of 17 to 240 bytes, which is as long as these frames get."""
    length = len(data)
    total = length * 0x9E3779B185EBCA87
    if 17 <= length <= 128:
        for i in range((length - 1) // 32 + 1):
            total += mix(data, 16 * i, 32 * i) + mix(data, length - 16 * (i + 1), 32 * i + 16)
        return avalanche(total & MASK)
    if not 129 <= length <= 240:
        raise ValueError(f'no checksum for {length} bytes')
    for i in range(8):
        total += mix(data, 16 * i, 16 * i)
    total = avalanche(total & MASK)
    for i in range(8, length // 16):
        total += mix(data, 16 * i, 16 * (i - 8) + 3)
    total += mix(data, length - 16, 136 - 17)
    return avalanche(total & MASK)


def checked(payload):
    return struct.pack('<Q', checksum(payload)) + payload


def field(tag, value):
    return struct.pack('<HI', tag, len(value)) + value


def request(path, flags=0):
    # A field that no server knows makes it long enough for checksum(), and must be passed over.
    return checked(struct.pack('<I', flags) + field(0x8001, path + b'\0') + field(0x77, b'later'))


def entry(number, kind, name, size=0, target=b'', mode=0o644, flags=0):
    return checked(struct.pack('<IBBHqIQHH', number, kind, flags, mode, 1000000000, 0, size,
                               len(name), len(target)) + name + target)


class Gone(Exception):
    pass


class Peer:
    def __init__(self, stream):
        self.stream = stream
        self.stream.settimeout(30)

    def send(self, kind, payload=b''):
        self.stream.sendall(struct.pack('<III', MAGIC, kind, len(payload)) + payload)

    def hello(self):
        self.send(HELLO, struct.pack('<HII', 2, 3, 262208) + field(1, b'hostile\0'))

    def read(self, length):
        data = b''
        while len(data) < length:
            part = self.stream.recv(length - len(data))
            if not part:
                raise Gone
            data += part
        return data

    def receive(self):
        """The next frame that is not a ping."""
        while True:
            magic, kind, length = struct.unpack('<III', self.read(12))
            if magic != MAGIC:
                raise Gone
            payload = self.read(length)
            if kind != PING:
                return kind, payload
            self.send(PONG, payload)

    def file(self, number, name, content=HELLO_TEXT, digest=HELLO_DIGEST, size=None):
        size = len(content) if size is None else size
        self.send(ENTRY, entry(number, REGULAR, name, size))
        self.send(DATA, content)
        self.send(FILE_END, struct.pack('<Q', len(content)) + digest)

    def done(self):
        self.send(DONE, bytes(56))


def connect(path):
    return Peer(endpoint.connect(path))
