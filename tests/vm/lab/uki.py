# SPDX-License-Identifier: GPL-2.0-or-later
"""Unified kernel images, built as ukify(1) does it: sections added to a stub by objcopy(1)."""

import re
import struct
import subprocess
import tempfile
from pathlib import Path

from . import assets


def stub(suite, addon=False):
    """systemd-stub of a Debian suite; the one for add-ons holds no code."""
    name = "addonx64.efi.stub" if addon else "linuxx64.efi.stub"
    root = assets.unpack(suite, "systemd-boot-efi")
    found = next(root.rglob(name), None)
    if not found:
        raise assets.AssetMissing(f"systemd-boot-efi of {suite} holds no {name}")
    return found


def _end(path):
    """The first free address behind a PE file's sections, its base included."""
    listing = subprocess.run(["objdump", "-h", str(path)], capture_output=True, text=True, check=True)
    rows = re.findall(r"^ *\d+ \S+ +([0-9a-f]+) +([0-9a-f]+) ", listing.stdout, re.M)
    return max(int(size, 16) + int(vma, 16) for size, vma in rows)


def _add(path, sections):
    """Add sections of different names, in this order."""
    at, arguments = _end(path), []
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, content) in enumerate(sections):
            at = -(-at // 4096) * 4096
            part = Path(folder) / str(number)
            part.write_bytes(content)
            arguments += ["--add-section", f"{name}={part}", "--change-section-vma", f"{name}={at:#x}"]
            at += len(content)
        subprocess.run(["objcopy", *arguments, str(path)], check=True, capture_output=True)


def _append(image, name, content):
    """Add one section as ukify(1) does it, since objcopy takes each name only once."""
    image = bytearray(image) + bytes(-len(image) % 512)
    header = struct.unpack_from("<I", image, 0x3C)[0]
    count, optional = struct.unpack_from("<H12xH", image, header + 6)
    table = header + 24 + optional
    sections = [struct.unpack_from("<8sIIII", image, table + 40 * i) for i in range(count)]
    assert table + 40 * (count + 1) <= min(s[4] for s in sections if s[4])
    address = max(-(-(s[1] + s[2]) // 4096) * 4096 for s in sections)
    struct.pack_into("<8sIIII12xI", image, table + 40 * count, name.encode(), len(content), address,
                     -(-len(content) // 512) * 512, len(image), 0x40000040)
    struct.pack_into("<H", image, header + 6, count + 1)
    return bytes(image + content + bytes(-len(content) % 512))


def build(stub_path, base, *profiles):
    """Bytes of an image: {section: content} of the base, and of each profile, beginning with .profile."""
    image = _build_base(stub_path, base)
    for sections in profiles:
        for name, content in sections.items():
            image = _append(image, name, content.encode())
    return image


def _build_base(stub_path, sections):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image"
        path.write_bytes(Path(stub_path).read_bytes())
        _add(path, [(name, data if isinstance(data, bytes) else data.encode())
                    for name, data in sections.items()])
        return path.read_bytes()
