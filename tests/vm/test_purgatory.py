# SPDX-License-Identifier: GPL-2.0-or-later
"""Purgatory on a (virtual) machine, between a stand-in for the old kernel and one for the new."""

import hashlib
import json
import os
import re
import shutil
import socket
import struct
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
BLOB = Path(os.environ.get("KEXEC_BUILD_DIR", HERE.parents[1] / "build")) / "purgatory/purgatory-x86_64.bin"
TIMEOUT = 30

# abi/handoff.h, spelled out once more so that a change of the ABI does not go unnoticed.
BLOB_HEADER = struct.Struct("<8sIIII")
HANDOFF = struct.Struct("<8sIIIIIIQQQQIBBHQ")
HANDOFF_SIZE, MAPS, REGIONS, UNHASHED = 1144, 32, 32, 40
NO_PORT_IO, NO_CPUID, VGA_TEXT, RESET_VGA, PROGRESS = (1 << n for n in range(5))
NONE, PORT, MMIO = range(3)

MIB, GIB = 1 << 20, 1 << 30
CONFIG = 0x300000
NEXT_KERNEL, BOOT_PARAMS, INITRD = 32 * MIB, 48 * MIB, 64 * MIB
VGA = 0xB8000
REACHED = 0x21
RESET = 0


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & (1 << 64) - 1
    return value


@dataclass
class Machine:
    """What is loaded where, and what purgatory is told about it."""

    next_kernel: bytes
    blob_at: int = 16 * MIB
    flags: int = 0
    console: tuple = (PORT, 0, 0, 0, 0x3F8)
    entry: int = NEXT_KERNEL
    enc_mask: int = 0
    maps: list = field(default_factory=list)
    more_regions: list = field(default_factory=list)
    act: int = 0
    initrd: bytes = b"initrd" * 100001
    initrd_at: int = INITRD
    la57: int = 0
    cr4: int = 0

    def __post_init__(self):
        blob = bytearray(BLOB.read_bytes())
        magic, version, self.handoff_at, bufsz, self.memsz = BLOB_HEADER.unpack_from(blob, 16)
        assert (magic, version, bufsz) == (b"KXPURGAT", 1, len(blob))
        assert self.memsz % 4096 == 0 and self.memsz > bufsz
        boot_params = b"bp-text\0" + struct.pack("<I", self.act) + bytes(4084)
        self.loaded = {
            self.blob_at: blob,
            NEXT_KERNEL: bytearray(self.next_kernel),
            BOOT_PARAMS: bytearray(boot_params),
            self.initrd_at: bytearray(self.initrd),
        }
        self.seal()

    def regions(self):
        gap = self.handoff_at + HANDOFF_SIZE - UNHASHED
        whole = [(at, len(data)) for at, data in self.loaded.items() if at != self.blob_at]
        parts = [(0, gap), (gap + UNHASHED, len(self.loaded[self.blob_at]) - gap - UNHASHED)]
        return [(self.blob_at + at, size) for at, size in parts] + whole + self.more_regions

    def read(self, start, size):
        for at, data in self.loaded.items():
            if at <= start and start + size <= at + len(data):
                return bytes(data[start - at : start - at + size])
        return bytes(size)

    def seal(self):
        """Fills in the hand-off block as libkexec does."""
        maps, regions = self.maps, self.regions()
        head = HANDOFF.pack(b"KXHANDOF", 1, HANDOFF_SIZE, self.flags, len(maps), len(regions), 0,
                            self.entry, BOOT_PARAMS, self.enc_mask, VGA, *self.console)
        lists = b"".join(
            b"".join(struct.pack("<QQ", *r) for r in ranges).ljust(16 * cap, b"\0")
            for ranges, cap in ((maps, MAPS), (regions, REGIONS)))
        self.put_handoff(head + lists)
        digest = hashlib.sha256()
        for start, size in regions:
            digest.update(self.read(start, size))
        self.put_handoff(head + lists + digest.digest())
        self.resum()

    def put_handoff(self, data):
        self.loaded[self.blob_at][self.handoff_at : self.handoff_at + len(data)] = data

    def resum(self):
        """Makes the block's own sum right again, so that what the test changed is found by other means."""
        blob = self.loaded[self.blob_at]
        end = self.handoff_at + HANDOFF_SIZE - 8
        blob[end : end + 8] = struct.pack("<Q", fnv1a(blob[self.handoff_at : end]))

    def flip(self, address):
        for at, data in self.loaded.items():
            if at <= address < at + len(data):
                data[address - at] ^= 0x10
                return
        raise ValueError(hex(address))


@dataclass
class Run:
    status: int
    serial: str
    log: str
    screen: str = ""


def assemble(source, directory, *link):
    obj, out = directory / (source.stem + ".o"), directory / source.stem
    bits = "32" if source.stem == "old" else "64"
    subprocess.run(["gcc", "-m" + bits, "-c", source, "-o", obj], check=True)
    emulation = "elf_i386" if bits == "32" else "elf_x86_64"
    subprocess.run(["ld", "-m", emulation, *link, obj, "-o", out], check=True)
    return out


@pytest.fixture(scope="session")
def kernels(tmp_path_factory):
    """(path of the old kernel's stand-in, bytes of the next one's)"""
    for tool in ("gcc", "ld", "qemu-system-x86_64"):
        assert shutil.which(tool), f"{tool} is needed"
    directory = tmp_path_factory.mktemp("purgatory")
    old = assemble(HERE / "purgatory/old.S", directory, "-Ttext=0x400000")
    new = assemble(HERE / "purgatory/next.S", directory, "--oformat=binary", "-Ttext=0")
    return old, new.read_bytes()


class Qmp:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile("rw")
        self.wait("QMP")
        self("qmp_capabilities")

    def wait(self, key, value=None):
        for line in self.lines:
            message = json.loads(line)
            if key in message and value in (None, message[key]):
                return message[key]
        raise EOFError(key)

    def __call__(self, command, **arguments):
        self.lines.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.lines.flush()
        return self.wait("return")


def qemu_command(machine, old, directory, model, cpu, memory):
    command = ["qemu-system-x86_64", "-accel", "tcg", "-M", model, "-cpu", cpu, "-m", str(memory), "-nodefaults",
               "-display", "none", "-serial", "stdio", "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4",
               "-kernel", old, "-d", "cpu_reset", "-D", directory / "log"]
    config = struct.pack("<IIQ", machine.la57, machine.cr4, machine.blob_at)
    for at, data in [*machine.loaded.items(), (CONFIG, config)]:
        path = directory / f"at-{at:x}"
        path.write_bytes(data)
        command += ["-device", f"loader,file={path},addr={at:#x},force-raw=on"]
    return command


@pytest.fixture
def run(kernels, tmp_path):
    def start(machine, model="pc", cpu="qemu64", memory=1024):
        command = qemu_command(machine, kernels[0], tmp_path, model, cpu, memory)
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT)
        assert not done.stderr, done.stderr
        return Run(done.returncode, done.stdout.decode("latin1"), (tmp_path / "log").read_text())

    return start


@pytest.fixture
def run_with_screen(kernels, tmp_path):
    """Stops at the reset and reads the text screen."""

    def start(machine):
        command = qemu_command(machine, kernels[0], tmp_path, "pc", "qemu64", 1024)
        control = tmp_path / "qmp"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(control))
        listener.close()
        control.unlink()
        command += ["-vga", "std", "-no-shutdown", "-qmp", f"unix:{control},server=on,wait=off"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
            try:
                qmp = connect(control, process)
                qmp.wait("event", "SHUTDOWN")
                qmp("pmemsave", val=VGA, size=4000, filename=str(tmp_path / "screen"))
                qmp("quit")
                serial = process.stdout.read().decode("latin1")
            finally:
                process.kill()
        screen = (tmp_path / "screen").read_bytes()[::2].decode("cp437")
        return Run(RESET, serial, "", screen)

    return start


@pytest.fixture
def machine(kernels):
    return lambda **facts: Machine(kernels[1], **facts)


def assert_reached(result, machine):
    assert result.status == REACHED, result
    line = re.search(r"reached (.*)", result.serial)[1].split()
    rsi, zeros, flags, cs, ds, es, ss, cr0, cr4 = (int(word, 16) for word in line[:9])
    assert rsi == BOOT_PARAMS
    assert zeros == 0
    assert flags & 0x700 == 0  # TF, IF, DF
    assert (cs, ds, es, ss) == (0x10, 0x18, 0x18, 0x18)
    assert cr0 == 0x80000011
    assert cr4 == 0x20 | machine.la57 << 12 | machine.cr4
    assert line[9] == "bp-text"


def assert_refused(result, *words):
    assert result.status == RESET, result
    assert "reached" not in result.serial
    assert "Triple fault" not in result.log
    for word in words:
        assert word in result.serial
    assert result.serial.endswith("; resetting the machine\r\n")


def test_starts_the_next_kernel(machine, run):
    m = machine()
    result = run(m)
    assert_reached(result, m)
    assert "purgatory" not in result.serial
