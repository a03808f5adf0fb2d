# SPDX-License-Identifier: GPL-2.0-or-later
"""Twenty jumps in one guest: whatever a hand-off loses or adds each time would pile up."""

import pytest

from lab import assets, jump
from lab.efi import with_physical_runtime

JUMPS = 20
KEPT = ("firmware_map", "cmdline", "random", "acpi", "efi", "efi_runtime_map", "nproc")

# Each kernel's initrd is packed by the one before it, from its own files, so that it can go on.
PACK = "cd / && find . -xdev ! -path './tmp/*' | cpio -o -H newc >/tmp/next.img"


def facts(guest):
    found = guest.facts(*KEPT)
    if found["efi"]:
        found["efi"] = with_physical_runtime(found["efi"], found["efi_runtime_map"])
    return found


@pytest.mark.parametrize("firmware", ["seabios", "ovmf"])
def test_chain(firmware):
    kernel = assets.kernel("6.1")
    with jump.boot("6.1", jump.carried(kernel), firmware=firmware, cmdline="console=ttyS0") as guest:
        began = facts(guest)
        for _ in range(JUMPS):
            guest.ok(PACK)
            guest.ok(f"kexec -l /boot/vmlinuz-{kernel.release} --initrd=/tmp/next.img "
                     "--reuse-cmdline")
            guest.jump("first")
        ended = facts(guest)
    assert ended == began
