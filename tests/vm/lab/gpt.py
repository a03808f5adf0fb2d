# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks with a GUID partition table (UEFI, "GUID Partition Table (GPT) Disk Layout"), made of files for partitions."""

import struct
import uuid
import zlib

SECTOR = 512
ALIGN = 2048  # sectors
ENTRIES, ENTRY_SIZE = 128, 128
BIOS = uuid.UUID("21686148-6449-6e6f-744e-656564454649")
ESP = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
XBOOTLDR = uuid.UUID("bc13c2ff-59e6-4262-a352-b275fd6f7172")
LINUX = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")


def _header(own, other, last, table, entries):
    def fields(crc):
        return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, crc, 0, own, other, 34, last - 33,
                           uuid.UUID(int=1).bytes_le, table, ENTRIES, ENTRY_SIZE, zlib.crc32(entries))

    return fields(zlib.crc32(fields(0))).ljust(SECTOR, b"\0")


def _copy(file, out, start):
    """A file to a place in another one; where it has only zeros, nothing is written."""
    with file.open("rb") as source:
        for at in range(0, file.stat().st_size, 1 << 20):
            data = source.read(1 << 20)
            if data.count(0) != len(data):
                out.seek(start + at)
                out.write(data)


def write(path, partitions):
    """partitions: (type, file) in their order. Returns where each begins, in bytes."""
    starts, entries, at = [], b"", ALIGN
    for i, (kind, file) in enumerate(partitions):
        sectors = -(-file.stat().st_size // SECTOR)
        entries += struct.pack("<16s16sQQQ72s", kind.bytes_le, uuid.UUID(int=0x100 + i).bytes_le, at,
                               at + sectors - 1, 0, b"")
        starts.append(at * SECTOR)
        at += -(-sectors // ALIGN) * ALIGN
    entries = entries.ljust(ENTRIES * ENTRY_SIZE, b"\0")
    last = at + ALIGN - 1
    with path.open("wb") as out:
        mbr = bytearray(SECTOR)
        struct.pack_into("<B3sB3sII", mbr, 446, 0, b"\0\2\0", 0xEE, b"\xff\xff\xff", 1, last)
        mbr[510:] = b"\x55\xaa"
        out.write(bytes(mbr) + _header(1, last, last, 2, entries) + entries)
        for start, (_, file) in zip(starts, partitions):
            _copy(file, out, start)
        out.seek((last - 32) * SECTOR)
        out.write(entries + _header(last, 1, last, last - 32, entries))
    return starts
