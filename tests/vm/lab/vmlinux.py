# SPDX-License-Identifier: GPL-2.0-or-later
"""The ELF file inside a bzImage (Documentation/arch/x86/boot.rst, payload_offset and payload_length)."""

import bz2
import gzip
import lzma
import struct
import subprocess


def _lz4(data):
    """The legacy frame; what follows it is the size, which lz4(1) takes for a broken frame."""
    return subprocess.run(["lz4", "-d", "-q", "-c"], input=data[:-4], stdout=subprocess.PIPE, check=False).stdout


def _zstd(data):
    return subprocess.run(["zstd", "-d", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=False).stdout


DECOMPRESSORS = {
    b"\x1f\x8b": lambda data: gzip.decompress(data),
    b"\xfd7zXZ": lambda data: lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(data),
    b"\x28\xb5\x2f\xfd": _zstd,
    b"\x02!L\x18": _lz4,
    b"BZh": lambda data: bz2.BZ2Decompressor().decompress(data),
}


def payload(image):
    """What a bzImage's decompressor unpacks, still compressed."""
    setup = (image[0x1F1] or 4) * 512 + 512
    offset, length = struct.unpack_from("<II", image, 0x248)
    return image[setup + offset:setup + offset + length]


def extract(image):
    """The bytes of vmlinux, as the kernel's decompressor would unpack it."""
    packed = payload(image)
    unpack = next(f for magic, f in DECOMPRESSORS.items() if packed.startswith(magic))
    vmlinux = unpack(packed)
    assert vmlinux.startswith(b"\x7fELF")
    return vmlinux
