# SPDX-License-Identifier: GPL-2.0-or-later
"""A crash kernel that was written over between load and panic: purgatory says so, and resets."""

import json

import pytest

from lab import crash

SAYS = "kexec: purgatory: checksum mismatch: memory has "


def planned(guest):
    """The segments of the load, {name: (address, size)}; into memory set aside they go as planned."""
    release = guest.capture.release
    plan = json.loads(guest.ok(
        f"kexec plan --json -c -p /boot/vmlinuz-{release} --initrd=/boot/initrd.img-{release} "
        f"--reuse-cmdline --append='{crash.APPEND}'"))
    return {s["name"]: (int(s["dest"], 16), s["bufsz"]) for s in plan["segments"]}


@pytest.mark.parametrize("name, kernel, firmware", [
    ("kernel", "6.1", "ovmf"), ("initrd", "6.12", "seabios"), ("boot_params", "7.x", "seabios"),
    ("elfcorehdr", "6.1", "seabios")])
def test_changed_byte(name, kernel, firmware):
    with crash.boot(kernel, firmware=firmware, crashkernel="192M") as guest:
        crash.load(guest, "-c")
        own = [(start, size, 0) for start, size in crash.reserved(guest)]
        segments = planned(guest)
        address, size = segments[name]
        assert crash.uncovered([(address, size)], own) == []
        with guest.gdb() as gdb:
            gdb.physical()
            at = address + size // 2
            gdb.write(at, bytes([gdb.read(at, 1)[0] ^ 0x40]))
            gdb.resume()
            since = len(guest.text["console"])
            crash.sysrq(guest)
            guest.wait_reset()
            guest.wait_console(SAYS, since, timeout=10, may_end=True)
            said = guest.text["console"][since:]
            assert "Kernel panic - not syncing" in said and "Linux version" not in said
