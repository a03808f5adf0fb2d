# SPDX-License-Identifier: GPL-2.0-or-later
"""The second and third kernel know of the machine what the first one knew from the firmware."""

import difflib
import re

import pytest

from lab import assets, jump, tool
from lab.initrd import Initrd

# Linux Documentation/arch/x86/zero-page.rst: offset and size of what describes the machine.
BOOT_PARAMS = {
    "screen_info": (0x000, 0x40),
    "apm_bios_info": (0x040, 0x14),
    "ist_info": (0x060, 0x10),
    "acpi_rsdp_addr": (0x070, 8),
    "olpc_ofw_header": (0x0B0, 0x10),
    "edid_info": (0x140, 0x80),
    "efi_info": (0x1C0, 0x20),
    "alt_mem_k": (0x1E0, 4),
    "e820_entries": (0x1E8, 1),
    "eddbuf_entries": (0x1E9, 1),
    "edd_mbr_sig_buf_entries": (0x1EA, 1),
    "kbd_status": (0x1EB, 1),
    "secure_boot": (0x1EC, 1),
    "sentinel": (0x1EF, 1),
    "edd_mbr_sig_buffer": (0x290, 0x40),
    "eddbuf": (0xD00, 0x1EC),
}
GATHERED = ("firmware_map", "iomem", "efi", "efi_runtime_map", "acpi", "boot_params", "nproc")

# (system call, fact): why it may differ from what it was at first boot. Nothing else may.
ALLOWED = {}


def machine_facts(guest):
    """Everything that the running kernel knows of the machine, one value for each name."""
    facts = guest.facts(*GATHERED)
    raw = bytes.fromhex(facts.pop("boot_params"))
    for name, (offset, size) in BOOT_PARAMS.items():
        facts[name] = raw[offset:offset + size].hex()
    # Where the kernel itself lies differs from boot to boot (KASLR).
    facts["iomem"] = re.sub(r"\n +\S+ : Kernel [a-z]+", "", facts["iomem"])
    return facts


def differences(call, first, later):
    """One line for each fact line that was lost (-) or added (+) and may not be."""
    lines = []
    for name in first:
        if first[name] != later[name] and (call, name) not in ALLOWED:
            compared = difflib.ndiff(first[name].split("\n"), later[name].split("\n"))
            lines += [f"{name}: {line}" for line in compared if line[0] in "+-"]
    return lines


VARIABLES = "/sys/firmware/efi/efivars/KexecLab{}-6b2d1b7e-3e70-4f2c-9d3b-0f6f0c7f5a11"


def write_variable(guest, name):
    """Write an EFI variable named after a guest."""
    # The first four bytes are the attributes: non-volatile, boot and runtime access.
    guest.ok(f"printf '\\007\\0\\0\\0by {name}' >{VARIABLES.format(name)}")


def read_variable(guest, name):
    return guest.ok(f"tail -c +5 {VARIABLES.format(name)}")


@pytest.mark.parametrize("calls", ["-c -s", "-s -c"])
@pytest.mark.parametrize("firmware", ["seabios", "ovmf"])
def test_machine_is_handed_on(firmware, calls):
    kernel = assets.kernel("6.1")
    modules = [kernel.module("efivarfs")] if firmware == "ovmf" else []
    third = Initrd("third", modules=modules)
    second = Initrd("second", {**tool.files(), **jump.carried(kernel, third)}, modules)
    names = ["efivarfs"] if modules else []
    seen = []
    with jump.boot("6.1", jump.carried(kernel, second), names, firmware=firmware) as guest:
        first, found = machine_facts(guest), []
        for call, name in zip(calls.split(), ("second", "third")):
            guest.ok(f"kexec {call} -l /boot/vmlinuz-{kernel.release} "
                     f"--initrd=/boot/initrd.img-{kernel.release} --reuse-cmdline")
            guest.jump(name)
            lines = differences(call, first, machine_facts(guest))
            found += [f"{name}, by {call}: {line}" for line in lines]
            if firmware == "ovmf":
                write_variable(guest, name)
                seen.append(name)
                for written in seen:
                    assert read_variable(guest, written) == f"by {written}"
    assert not found, "\n".join(found)
