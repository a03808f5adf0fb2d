# SPDX-License-Identifier: GPL-2.0-or-later
"""The digests of base/digest.h once more, so that a change there does not go unnoticed."""

import hashlib
import struct

NONE, SHA256, CRC32C, MADD = range(4)
NAMES = ["none", "sha256", "crc32c", "madd"]
MASK = (1 << 64) - 1


def _table():
    table = list(range(256))
    for _ in range(8):
        table = [value >> 1 ^ (0x82F63B78 if value & 1 else 0) for value in table]
    return table


_CRC = _table()


def _crc32c(lane, word):
    lane ^= word
    for _ in range(8):
        lane = lane >> 8 ^ _CRC[lane & 255]
    return lane


def _key(n):
    n = n * 5003 % 8192
    n = (n ^ n >> 7) * 2971 % 8192
    n = (n ^ n >> 5) * 6277 % 8192
    return 0x4001 + 2 * n


GROUP = 1024
_KEYS = [_key(n) for n in range(GROUP // 2)]


def _xorshift(low, high):
    x = low | high << 32
    x ^= x << 13 & MASK
    x ^= x >> 7
    x ^= x << 17 & MASK
    return [x & 0xFFFFFFFF, x >> 32]


def _crc_blocks(lanes, data):
    words = struct.unpack(f"<{len(data) // 8}Q", data)
    for i in range(4):
        for word in words[i::4]:
            lanes[i] = _crc32c(lanes[i], word)


def _madd_blocks(lanes, data):
    for start in range(0, len(data), GROUP):
        group = data[start:start + GROUP]
        products = [w * k for w, k in zip(struct.unpack(f"<{len(group) // 2}h", group), _KEYS)]
        for i in range(4):
            lanes[i] = (lanes[i] + sum(products[2 * i::8]) + sum(products[2 * i + 1::8])) % (1 << 32)
        lanes[:] = _xorshift(*lanes[:2]) + _xorshift(*lanes[2:])


def _lanes(regions, take_blocks):
    lanes = [0xFFFFFFFF - i for i in range(4)]
    for data in regions:
        whole = len(data) // 32 * 32
        take_blocks(lanes, data[:whole])
        take_blocks(lanes, data[whole:] + bytes(-len(data) % 32) + struct.pack("<Q24x", len(data)))
    return lanes


def digest(kind, regions):
    """Over a list of bytes, one for each region."""
    if kind == NONE:
        return bytes(32)
    if kind == SHA256:
        return hashlib.sha256(b"".join(regions)).digest()
    return struct.pack("<4I16x", *_lanes(regions, _crc_blocks if kind == CRC32C else _madd_blocks))
