# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory that changes between load and jump: purgatory must see it, say so, and reset.

The change comes from outside, through QEMU's gdbstub, while the guest stands at purgatory's first
instruction: everything is in its place by then, and nothing has been checked.
"""

import json
import struct
import subprocess

import pytest

from lab import assets, jump
from lab.initrd import Initrd

PAGE = 4096
SAYS = "kexec: purgatory: "
CHANGED = SAYS + "its own code or data was changed"

# abi/handoff.h, spelled out again so that a change there does not go unnoticed.
BLOB_HEADER = struct.Struct("<8sIIII")
BLOB_HEADER_OFFSET = 16
HANDOFF_FIELDS = {"entry": 32, "first-region": 704, "digest": 1216, "sum": 1248}


class Loaded:
    """A guest that stands where purgatory begins, as often as one likes."""

    def __init__(self, guest, segments, digest):
        self.guest = guest
        self.mismatch = f"{SAYS}checksum mismatch: memory has {digest} "
        self.segments = segments
        self.running = False
        self.start = segments["purgatory"][0]
        self.gdb = guest.gdb()
        self.gdb.break_at(self.start)
        guest.start("kexec -e")
        self.gdb.resume()
        self.gdb.wait_for_stop()
        self.gdb.clear_break(self.start)
        self.gdb.physical()
        guest.hmp("savevm loaded")
        header = self.gdb.read(self.start + BLOB_HEADER_OFFSET, BLOB_HEADER.size)
        magic, _, self.handoff, bufsz, _ = BLOB_HEADER.unpack(header)
        assert magic == b"KXPURGAT"
        segments["purgatory"] = (self.start, bufsz)

    def again(self):
        """Back to purgatory's first instruction, whatever happened since."""
        if self.running:
            if not self.guest.ended():
                self.gdb.interrupt()
            self.gdb.wait_for_stop()
            self.running = False
        if self.guest.ended():
            self.guest.revive()
        self.guest.hmp("loadvm loaded")

    def run(self):
        """Let the guest go on; return where its console is now."""
        since = len(self.guest.text["console"])
        self.running = True
        self.gdb.resume()
        return since

    def flip(self, address):
        before = self.gdb.read(address, 1)
        self.gdb.write(address, bytes([before[0] ^ 0x40]))

    def expect_reset(self):
        """Let it run into a reset, without the next kernel; return where the console was."""
        since = self.run()
        self.guest.wait_reset()
        self.gdb.wait_for_stop()
        self.running = False
        assert "Linux version" not in self.guest.text["console"][since:]
        return since

    def expect_refusal(self, text):
        since = self.expect_reset()
        # The reset is told on another channel than the console, and may overtake it.
        self.guest.wait_console(text, since, timeout=10, may_end=True)


# Text, data, per-CPU data, init: the parts that a kernel has that is entered directly.
KERNEL = ["kernel", "kernel-2", "kernel-3", "kernel-4"]

# Firmware, processor, --check, and the digest that this comes to.
LOADS = {
    "seabios": ("seabios", "qemu64,-cx16,+ssse3,+sse4.1,+sse4.2,+popcnt", "fast", "crc32c"),
    "ovmf": ("ovmf", "qemu64,-cx16", "fast", "madd"),
    "sha256": ("seabios", "qemu64,-cx16", "sha256", "sha256"),
}


@pytest.fixture(scope="module", params=LOADS)
def loaded(request, tmp_path_factory):
    firmware, cpu, check, digest = LOADS[request.param]
    disk = tmp_path_factory.mktemp("snapshots") / "disk.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "1G"], check=True)
    kernel, second = assets.kernel("6.1"), Initrd("second")
    extra = ["-drive", f"if=none,id=snapshots,format=qcow2,file={disk}"]
    with jump.boot("6.1", jump.carried(kernel, second), firmware=firmware, cpu=cpu,
                   memory="512M", extra=extra) as guest:
        arguments = f"--check={check} /boot/vmlinuz-{kernel.release} " \
            f"--initrd=/boot/initrd.img-{kernel.release} --reuse-cmdline --append=nokaslr"
        # Without KASLR, a plan is where the load goes.
        plan = json.loads(guest.ok(f"kexec plan --json -c {arguments}"))
        guest.ok(f"kexec -c -l {arguments}")
        segments = {}
        for s in plan["segments"]:
            again = sum(name.startswith(s["name"]) for name in segments)
            segments[s["name"] + (f"-{again + 1}" if again else "")] = (int(s["dest"], 16), s["bufsz"])
        yield Loaded(guest, segments, digest)


def test_unchanged_memory_starts_the_kernel(loaded):
    """The control: standing at the breakpoint is no reason to refuse."""
    loaded.again()
    loaded.guest.wait_console("@@lab second is up", loaded.run())


@pytest.mark.parametrize("page", ["first", "middle", "last"])
@pytest.mark.parametrize("segment", KERNEL + ["initrd", "boot_params"])
def test_changed_page(loaded, segment, page):
    loaded.again()
    start, size = loaded.segments[segment]
    loaded.flip(start + {"first": 0, "middle": size // 2, "last": size - 1}[page])
    loaded.expect_refusal(loaded.mismatch)


@pytest.mark.parametrize("where", ["header", "last-byte"])
def test_changed_data_of_purgatory(loaded, where):
    loaded.again()
    offset = {"header": BLOB_HEADER_OFFSET, "last-byte": loaded.segments["purgatory"][1] - 1}[where]
    loaded.flip(loaded.start + offset)
    loaded.expect_refusal(SAYS)


def test_overwritten_page_of_purgatory(loaded):
    loaded.again()
    middle = loaded.segments["purgatory"][1] // 2 // PAGE * PAGE
    loaded.gdb.write(loaded.start + middle, b"\xff" * PAGE)
    loaded.expect_refusal(CHANGED)


@pytest.mark.parametrize("part", [1, 2, 3])
def test_changed_code_of_purgatory(loaded, part):
    loaded.again()
    loaded.flip(loaded.start + loaded.segments["purgatory"][1] * part // 4)
    loaded.expect_refusal(CHANGED)


@pytest.mark.parametrize("field", HANDOFF_FIELDS)
def test_changed_handoff(loaded, field):
    loaded.again()
    loaded.flip(loaded.start + loaded.handoff + HANDOFF_FIELDS[field])
    loaded.expect_refusal(CHANGED)


@pytest.mark.parametrize("loaded", ["seabios"], indirect=True)
def test_refusal_is_on_the_screen_of_a_bios_machine(loaded):
    loaded.again()
    loaded.flip(loaded.segments["initrd"][0])
    loaded.expect_refusal(loaded.mismatch)
    screen = loaded.gdb.read(0xB8000, 80 * 25 * 2)[::2].decode("cp437")
    assert "checksum mismatch" in screen, screen
