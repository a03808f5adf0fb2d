# SPDX-License-Identifier: GPL-2.0-or-later
"""Multiboot kernels, seen by what they print on the serial port."""

import functools
import gzip
import re
import subprocess
import tempfile
from pathlib import Path

import pytest

from lab import assets, jump, payload
from lab.initrd import Initrd


@functools.lru_cache(maxsize=None)
def packed(suite, package, pattern):
    """A kernel from a package, as it is there: gzipped."""
    found = next(assets.unpack(suite, package).rglob(pattern), None)
    if not found:
        raise assets.AssetMissing(f"{package} of {suite} holds no {pattern}")
    return found.read_bytes()


XEN = {
    "4.17": ("bookworm", "xen-hypervisor-4.17-amd64", "xen-4.17-amd64.gz"),
    "4.20": ("trixie", "xen-hypervisor-4.20-amd64", "xen-4.20-amd64.gz"),
}


@pytest.mark.parametrize("version, multiboot, plain, machine", [
    ("4.17", "multiboot2-x86", False, {}),
    ("4.17", "multiboot-x86", True, {}),
    ("4.20", "multiboot2-x86", True, {}),
    ("4.17", "multiboot-x86", False, {"firmware": "ovmf"}),
    ("4.20", "multiboot2-x86", True, {"firmware": "ovmf", "machine": "q35"})])
def test_xen_with_its_dom0(version, multiboot, plain, machine):
    """The hypervisor's banner, then dom0's init, with its initrd whole; both find ACPI."""
    kernel, second = assets.kernel("6.1-standard"), Initrd("second")
    image = packed(*XEN[version])
    files = {"/boot/xen": gzip.decompress(image) if plain else image, **jump.carried(kernel, second)}
    with jump.boot("6.1", files, memory="2G", **machine) as guest:
        guest.ok(
            f"kexec -l -t {multiboot} /boot/xen --append='com1=115200,8n1 console=com1 dom0_mem=512M' "
            f"--module='/boot/vmlinuz-{kernel.release} console=hvc0 lab.word=dom0' "
            f"--module=/boot/initrd.img-{kernel.release}")
        guest.start("kexec --exec")
        said = guest.wait_console(f"Xen version {version}")
        said = guest.wait_console("(XEN) ACPI: RSDP", said)
        said = guest.wait_console("lab.word=dom0", said)
        said = guest.wait_console("ACPI: RSDP", said)
        guest.wait_console("ACPI: Interpreter enabled", said)
        guest.wait_console("@@lab second is up on " + kernel.release)


@pytest.mark.parametrize("suite, package, pattern", [
    ("bookworm", "gnumach-image-1.8-486", "gnumach-1.8-486.gz"),
    ("trixie", "gnumach-image-1.8-amd64-up", "gnumach-1.8-amd64-up.gz")])
def test_gnu_mach(suite, package, pattern):
    """It has no console on the serial port unless told; with no bootstrap module it ends in its own words."""
    with jump.boot("6.1", {"/boot/mach": packed(suite, package, pattern)}) as guest:
        said = guest.ok("kexec plan /boot/mach --append=console=com0")
        assert "multiboot-x86 in compressed" in said
        guest.ok("kexec -l /boot/mach --append=console=com0")
        guest.start("kexec --exec")
        guest.wait_console("GNU Mach 1.8")


def test_memtest():
    """Version 5's multiboot variant: an ELF file that is loaded by its header's addresses."""
    image = payload.package_file("bullseye", "memtest86+", "memtest86+_multiboot.bin")
    with payload.start({"memtest": image}, "kexec -l -t multiboot-x86 /boot/memtest") as guest:
        payload.wait_screen(guest, "Memtest86+ 5.01")
        payload.wait_screen(guest, "Pass")


def grub_core(config):
    """GRUB's core image for BIOSes, which has a multiboot header with addresses, load_end_addr 0."""
    tool = payload.package_file("bookworm", "grub-common", "bin/grub-mkimage")
    modules = payload.package_file("bookworm", "grub-pc-bin", "i386-pc/kernel.img").parent
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "grub.cfg").write_text(config, encoding="ascii")
        subprocess.run([tool, "-O", "i386-pc", "-d", modules, "-p", "/", "-c", f"{folder}/grub.cfg",
                        "-o", f"{folder}/core.img", "echo", "serial", "terminal", "sleep"], check=True)
        return (Path(folder) / "core.img").read_bytes()


def test_grub_core_image():
    """It runs its configuration, and its clock, which is the BIOS's, goes on."""
    core = grub_core("serial --unit=0 --speed=115200\nterminal_output serial\n"
                     "echo core image runs\nsleep 1\necho and its clock ticks\n")
    with payload.start({"core.img": core}, "kexec -l /boot/core.img") as guest:
        guest.wait_console("core image runs", guest.said)
        guest.wait_console("and its clock ticks", guest.said)


def told(guest):
    """What payloads/multiboot2.S prints: the content of each tag by its type."""
    end = guest.wait_console("mb2 end", guest.said)
    lines = re.findall(r"mb2 (..) (\w+)", guest.text["console"][guest.said:end])
    return {int(kind, 16): bytes.fromhex(content) for kind, content in lines}


@pytest.mark.parametrize("firmware, machine, revision", [
    ("seabios", "pc", 0), ("ovmf", "pc", 2), ("seabios", "q35", 0), ("ovmf", "q35", 2)])
def test_multiboot2_information_that_firmware_has(firmware, machine, revision):
    """SMBIOS tables as Linux shows them; the RSDP where the kernel before found it; and a kernel that was moved."""
    with jump.boot("6.1", {"/boot/kernel": payload.program32("multiboot2")}, firmware=firmware,
                   machine=machine) as guest:
        tables = guest.ok("hexdump -v -e '1/1 \"%02x\"' /sys/firmware/dmi/tables/DMI")
        at, = re.findall(r"ACPI: RSDP 0x(\w+)", guest.text["console"])
        guest.ok("kexec -l /boot/kernel")
        guest.said = len(guest.text["console"])
        guest.start("kexec --exec")
        got = told(guest)
        guest.qmp("pmemsave", val=int(at, 16), size=36, filename=str(guest.folder / "rsdp"))
        rsdp = (guest.folder / "rsdp").read_bytes()
    assert rsdp.startswith(b"RSD PTR ") and rsdp[15] == revision
    assert got[14] == rsdp[:20]
    assert got.get(15) == (rsdp if revision else None)
    assert got[13][8:].hex() == tables
    assert got[13][0] in (2, 3)
    assert got[21] == (0x1FFF0000).to_bytes(4, "little")
