# SPDX-License-Identifier: GPL-2.0-or-later
"""The second and third kernel know of the machine what the first one knew from the firmware."""

import difflib
import re
import struct

import pytest

from lab import assets, jump, tool
from lab.efi import with_physical_runtime
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
    "eddbuf_entries": (0x1E9, 1),
    "edd_mbr_sig_buf_entries": (0x1EA, 1),
    "kbd_status": (0x1EB, 1),
    "secure_boot": (0x1EC, 1),
    "sentinel": (0x1EF, 1),
    "edd_mbr_sig_buffer": (0x290, 0x40),
    "eddbuf": (0xD00, 0x1EC),
}
GATHERED = ("firmware_map", "iomem", "efi", "efi_runtime_map", "acpi", "boot_params", "nproc")

# Differences from the first boot by name, as in docs/handoff.md: which facts, and after which system
# calls. What a file load drops stays dropped after later loads. Nothing else may differ.
ALLOWED = {
    "ist": ("ist_info", {"-s"}),
    "edid": ("edid_info", {"-s"}),
    "old-sizes": ("alt_mem_k", {"-c", "-s"}),
}


def joined(ranges):
    """Neighbours of one type made one: loaders split RAM where they put setup_data."""
    merged = []
    for start, end, name in ranges:
        if merged and merged[-1][2] == name and merged[-1][1] + 1 == start:
            start = merged.pop()[0]
        merged.append((start, end, name))
    return "\n".join(f"{start:x}-{end:x} {name}" for start, end, name in merged)


def firmware_map(text):
    fields = (line.split(None, 2) for line in text.split("\n"))
    return joined((int(start, 16), int(end, 16), name) for start, end, name in fields)


def iomem(text):
    """The top level of /proc/iomem; below it the kernel's own place differs by KASLR."""
    rows = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) : (.*)", text, re.M)
    return joined((int(start, 16), int(end, 16), name) for start, end, name in rows)


def machine_facts(guest):
    """Everything that the running kernel knows of the machine, one value for each name."""
    facts = guest.facts(*GATHERED)
    raw = bytes.fromhex(facts.pop("boot_params"))
    for name, (offset, size) in BOOT_PARAMS.items():
        facts[name] = raw[offset:offset + size].hex()
    facts["firmware_map"] = firmware_map(facts["firmware_map"])
    facts["iomem"] = iomem(facts["iomem"])
    # The legacy size of memory, which loaders fill in and EFI's stub does not.
    facts["screen_info"] = facts["screen_info"][:4] + "...." + facts["screen_info"][8:]
    if facts["efi"]:
        facts["efi"] = with_physical_runtime(facts["efi"], facts["efi_runtime_map"])
        # Where a kernel found its own copy of the memory map is its loader's affair.
        fields = struct.unpack("<4s7I", bytes.fromhex(facts["efi_info"]))
        facts["efi_info"] = f"{fields[0]} systab {fields[1]:#x} {fields[6]:#x}"
        # Without a loader that tells, a kernel finds the RSDP by EFI's own table.
        rsdp = re.search(r"ACPI20=(\S+)", facts["efi"]).group(1)
        told = int.from_bytes(bytes.fromhex(facts["acpi_rsdp_addr"]), "little")
        facts["acpi_rsdp_addr"] = f"{told or int(rsdp, 16):#x}"
    return facts


def differences(calls, first, later):
    """One line for each fact line that was lost (-) or added (+) and may not be."""
    allowed = {fact for fact, after in ALLOWED.values() if after & set(calls)}
    lines = []
    for name in first:
        if first[name] != later[name] and name not in allowed:
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
    used, names_written, found = [], [], []
    with jump.boot("6.1", jump.carried(kernel, second), names, firmware=firmware) as guest:
        first = machine_facts(guest)
        for call, name in zip(calls.split(), ("second", "third")):
            guest.ok(f"kexec {call} -l /boot/vmlinuz-{kernel.release} "
                     f"--initrd=/boot/initrd.img-{kernel.release} --reuse-cmdline")
            guest.jump(name)
            used.append(call)
            lines = differences(used, first, machine_facts(guest))
            found += [f"{name}, by {call}: {line}" for line in lines]
            if firmware == "ovmf":
                write_variable(guest, name)
                names_written.append(name)
                for written in names_written:
                    assert read_variable(guest, written) == f"by {written}"
    assert not found, "\n".join(found)


def test_without_runtime_services_the_rest_is_handed_on():
    """efi=noruntime leaves no runtime map: the next kernel gets ACPI's tables all the same, and no EFI."""
    kernel, second = assets.kernel("6.1"), Initrd("second")
    cmdline = "console=ttyS0 efi=noruntime"
    with jump.boot("6.1", jump.carried(kernel, second), cmdline=cmdline, firmware="ovmf") as guest:
        first = guest.facts("acpi", "nproc")
        result = guest.run(f"kexec -l /boot/vmlinuz-{kernel.release} "
                           f"--initrd=/boot/initrd.img-{kernel.release} --append=console=ttyS0")
        assert result.status == 0
        assert "EFI runtime services are not handed over" in result.err
        guest.jump("second")
        assert guest.facts("acpi", "nproc") == first
        assert guest.run("test -d /sys/firmware/efi").status == 1
