# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel tells of EFI, made comparable between kernels of one boot of the firmware."""

import re


def with_physical_runtime(efi, runtime_map):
    """The fact "efi" with the runtime services' address as it was at first boot.

    Firmware is moved to virtual addresses once (UEFI specification, SetVirtualAddressMap); later
    kernels find it there, by the runtime map that they are handed.
    """
    address = int(re.search(r"runtime: (\S+)", efi).group(1), 16)
    for line in runtime_map.split("\n"):
        _, start, virtual, pages, _ = (int(word, 16) for word in line.split())
        if virtual <= address < virtual + (pages << 12):
            address += start - virtual
    return re.sub(r"(?<=runtime: )\S+", f"{address:#x}", efi)
