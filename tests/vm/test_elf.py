# SPDX-License-Identifier: GPL-2.0-or-later
"""ELF files: Linux' own vmlinux, U-Boot, memtest86+."""

import pytest

from lab import assets, jump, payload, vmlinux
from lab.initrd import Initrd, random_hash


@pytest.mark.parametrize("name", ["6.1", "6.12"])
def test_vmlinux(name):
    kernel, second = assets.kernel(name), Initrd("second")
    files = {"/boot/vmlinux": vmlinux.extract(kernel.image.read_bytes()), "/boot/initrd": second.build("gzip")}
    with jump.boot("6.1", files, memory="2G") as guest:
        assert "elf-x86_64" in guest.ok("kexec plan /boot/vmlinux --initrd=/boot/initrd")
        guest.ok("kexec -l --args-linux /boot/vmlinux --initrd=/boot/initrd --append='console=ttyS0 lab.word=elf'")
        guest.jump("second", "kexec -e")
        assert guest.facts("release", "cmdline", "random") == {
            "release": kernel.release, "cmdline": "console=ttyS0 lab.word=elf",
            "random": random_hash(second.random)}


def test_u_boot():
    """The 64-bit build, linked to an address in RAM, to its banner."""
    files = {"u-boot": payload.u_boot()}
    with payload.start(files, "kexec -l --args-none /boot/u-boot") as guest:
        guest.wait_console("U-Boot 20", guest.said)


def test_u_boot_for_roms_is_refused():
    """Debian's 32-bit build is linked into a ROM at the end of 4 GiB, where no RAM can be."""
    image = payload.package_file("bookworm", "u-boot-qemu", "qemu-x86/uboot.elf")
    with jump.boot("6.1", {"/boot/u-boot": image}) as guest:
        said = guest.run("kexec -l /boot/u-boot")
        assert said.status != 0
        assert ("no room for kernel: the file says that it runs at 0xfff00000 to 0xfffbdfff, where this machine has "
                "no RAM; it is made for a ROM or another machine\n") in said.err


@pytest.mark.parametrize("kind", ["multiboot-x86", "elf-x86 --args-elf"])
def test_memtest(kind):
    """Version 5's ELF file, which also carries a multiboot header."""
    image = payload.package_file("bullseye", "memtest86+", "memtest86+/memtest86+.elf")
    with payload.start({"memtest": image}, f"kexec -l -t {kind} /boot/memtest") as guest:
        payload.wait_screen(guest, "Memtest86+ 5.01")
        payload.wait_screen(guest, "Pass")
