# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel itself is entered: decompressed, relocated and put somewhere before the jump."""

import bz2
import gzip
import json
import lzma
import re
import struct
import subprocess
from pathlib import Path

import pytest

from lab import assets, jump, tool, uki
from lab.initrd import Initrd, random_hash

JUMPS = 10
DIFFERENT = 8  # of so many places; two alike are no wonder among some 400
LINKED_VIRTUAL, LINKED_PHYSICAL = 0xFFFFFFFF81000000, 0x1000000

# Offset in struct boot_params, and the bit by which a kernel is told that it was hidden.
LOADFLAGS, KASLR_FLAG = 0x211, 0x02

PACK = "cd / && find . -xdev ! -path './tmp/*' | cpio -o -H newc >/tmp/next.img"


def places(guest):
    """(virtual, physical) address of the running kernel, and whether it was told to be hidden."""
    symbol = guest.ok("grep -m1 ' _text$' /proc/kallsyms").split()[0]
    code = re.search(r"([0-9a-f]+)-\S+ : Kernel code", guest.ok("cat /proc/iomem")).group(1)
    flags = bytes.fromhex(guest.facts("boot_params")["boot_params"])[LOADFLAGS]
    return int(symbol, 16), int(code, 16), bool(flags & KASLR_FLAG)


def load(guest, kernel, options="--reuse-cmdline", initrd=None):
    """Load, and return what is said about how and where."""
    initrd = initrd or f"/boot/initrd.img-{kernel.release}"
    said = guest.run(f"kexec -d -c -l /boot/vmlinuz-{kernel.release} --initrd={initrd} {options}")
    assert said.status == 0, said.err
    return re.sub(r"\s+", " ", said.err)


def planned_place(said):
    return int(re.search(r"(0x[0-9a-f]+) [0-9.]+ .iB kernel: [a-z ]+, part 1 of", said).group(1), 16)


# Codecs: lz4, lz4, xz, zstd, zstd; tables of relocations: three, three, three, three, two.
@pytest.mark.parametrize("firmware", ["seabios", "ovmf"])
@pytest.mark.parametrize("target", ["5.10", "6.1", "6.1-standard", "6.12", "7.x"])
def test_kernel_is_entered_directly(target, firmware):
    kernel, second = assets.kernel(target), Initrd("second")
    with jump.boot("6.1", jump.carried(kernel, second), firmware=firmware) as guest:
        said = load(guest, kernel)
        assert "of the kernel itself" in said
        guest.jump("second")
        found = guest.facts("release", "random")
        virtual, physical, hidden = places(guest)
    assert found == {"release": kernel.release, "random": random_hash(second.random)}
    assert physical == planned_place(said)
    assert hidden
    assert virtual % 0x200000 == physical % 0x200000 == 0


@pytest.mark.parametrize("firmware", ["seabios", "ovmf"])
def test_each_load_goes_somewhere_else(firmware):
    kernel = assets.kernel("6.1")
    virtual, physical = set(), set()
    with jump.boot("6.1", jump.carried(kernel), firmware=firmware, cmdline="console=ttyS0 no_timer_check") as guest:
        for _ in range(JUMPS):
            guest.ok(PACK)
            load(guest, kernel, initrd="/tmp/next.img")
            guest.jump("first")
            at = places(guest)
            virtual.add(at[0])
            physical.add(at[1])
    assert len(virtual) >= DIFFERENT and len(physical) >= DIFFERENT


def test_uki_is_entered_directly():
    """By the command line and with the initrd that it brings."""
    kernel, second = assets.kernel("6.1"), Initrd("second")
    image = uki.build(uki.stub("bookworm"), {
        ".uname": kernel.release, ".cmdline": "console=ttyS0 no_timer_check lab.word=uki\n",
        ".initrd": second.build("gzip"), ".linux": kernel.image.read_bytes()})
    with jump.boot("6.1", {"/boot/lab.efi": image}) as guest:
        loaded = guest.run("kexec -d -c -l /boot/lab.efi")
        assert loaded.status == 0, loaded.err
        said = re.sub(r"\s+", " ", loaded.err)
        assert "of the kernel itself" in said and "decompressed" in said
        guest.jump("second")
        found = guest.facts("release", "random", "cmdline")
        virtual, physical, hidden = places(guest)
    assert found == {"release": kernel.release, "random": random_hash(second.random),
                     "cmdline": "console=ttyS0 no_timer_check lab.word=uki"}
    assert physical == planned_place(said)
    assert (virtual, physical) != (LINKED_VIRTUAL, LINKED_PHYSICAL)
    assert hidden


def test_nokaslr_is_obeyed():
    kernel, second = assets.kernel("6.1"), Initrd("second")
    with jump.boot("6.1", jump.carried(kernel, second)) as guest:
        said = load(guest, kernel, "--reuse-cmdline --append=nokaslr")
        assert "of the kernel itself" in said
        guest.jump("second")
        assert places(guest) == (LINKED_VIRTUAL, LINKED_PHYSICAL, False)


def test_decompressor_does_it_when_asked():
    kernel, second = assets.kernel("6.1"), Initrd("second")
    with jump.boot("6.1", jump.carried(kernel, second)) as guest:
        said = load(guest, kernel, "--reuse-cmdline --fast=none")
        assert "of the kernel's own decompressor: asked for, by --fast=none" in said
        guest.jump("second")
        assert places(guest)[2]


def test_decompressor_does_it_where_it_switches_to_five_levels():
    kernel, second = assets.kernel("6.1"), Initrd("second")
    with jump.boot("6.1", jump.carried(kernel, second), cpu="qemu64,-cx16,+la57",
                   cmdline="console=ttyS0 no5lvl") as guest:
        guest.ok("! grep -q la57 /proc/cpuinfo")
        said = load(guest, kernel, "--append=console=ttyS0")
        assert "to switch between 4 and 5 levels" in said
        guest.jump("second")
        guest.ok("grep -q la57 /proc/cpuinfo")


# ---- payloads that were packed anew --------------------------------------------------------------


def piped(*command):
    return lambda data: subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


CODECS = {
    "gzip": lambda data: gzip.compress(data, 1),
    "bzip2": bz2.compress,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE, preset=0),
    "xz": lambda data: lzma.compress(data, check=lzma.CHECK_CRC32, preset=0),
    "zstd": piped("zstd", "-1", "-c"),
    "lz4": piped("lz4", "-l", "-1", "-c"),
    "lzo": piped("lzop", "-1", "-c"),
}


def repack(image, codec):
    """The kernel of a Debian bzImage with LZ4 in another codec. Its decompressor is still that of LZ4."""
    code = (image[0x1F1] + 1) * 512
    offset, length = struct.unpack_from("<II", image, 0x248)
    packed = image[code + offset : code + offset + length]
    vmlinux = subprocess.run(["lz4", "-dc"], input=packed[:-4], stdout=subprocess.PIPE,
                             check=True).stdout
    payload = CODECS[codec](vmlinux)
    if codec != "gzip":
        payload += packed[-4:]
    # What is behind it moves, and is told where; not up, as the PE header says how long all is. No sum, which is 0.
    room = max(length, len(payload) + (length - len(payload)) % 16)
    new = bytearray(image[: code + offset] + payload + bytes(room - len(payload)))
    new += image[code + offset + length :][:-4] + bytes(4)
    info, = struct.unpack_from("<I", image, 0x268)
    struct.pack_into("<I", new, 0x268, info + room - length)
    struct.pack_into("<I", new, 0x24C, len(payload))
    struct.pack_into("<I", new, 0x1F4, (len(new) - code) // 16)
    return bytes(new)


def plan_of(path):
    machine = Path(__file__).parent.parent / "data/machines/debian12-bios-q35"
    fake = tool.BUILD / "tests/cli/kexec-fake"  # which could not load anything if it wanted to
    out = subprocess.run([fake, "plan", "--json", f"--machine={machine}", path],
                         stdout=subprocess.PIPE, check=False).stdout
    return json.loads(out)


@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_of_the_kernels_build_is_unpacked(codec, tmp_path):
    """Only that it is: what it is unpacked to is the unit tests' matter, and the next test's."""
    image = assets.kernel("6.1").image
    (tmp_path / "vmlinuz").write_bytes(repack(image.read_bytes(), codec))
    plan, same = plan_of(tmp_path / "vmlinuz"), plan_of(image)
    assert plan["direct"] and plan["segments"] == same["segments"]


def test_repacked_kernels_boot(tmp_path):
    """Through one guest: each of them holds its kernel in a codec that its decompressor does not know."""
    kernel, files = assets.kernel("6.1"), {}
    for codec in ("gzip", "lzo"):
        files[f"/boot/{codec}"] = tmp_path / codec
        files[f"/boot/{codec}"].write_bytes(repack(kernel.image.read_bytes(), codec))
    with jump.boot("6.1", files, memory="2G", cmdline="console=ttyS0 no_timer_check") as guest:
        for codec in ("gzip", "lzo"):
            guest.ok(PACK)
            guest.ok(f"kexec -c -l /boot/{codec} --initrd=/tmp/next.img --reuse-cmdline")
            guest.jump("first")
            assert guest.facts("release")["release"] == kernel.release
