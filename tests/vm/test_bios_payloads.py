# SPDX-License-Identifier: GPL-2.0-or-later
"""After a boot by a BIOS: loaders, images, memory tests, and Linux by its other entries."""

import itertools
import os
from pathlib import Path

import pytest

from lab import assets, jump, payload
from lab.initrd import Initrd, archive, random_hash

# As the user's document has it.
GRUB4DOS_COMMAND_LINE = ("--config-file=debug on; map --mem (rd)+1 (0xff); "
                         "map --hook; chainloader (0xff)")
GRUB4DOS_LOAD = f'kexec --load grub.exe --initrd=image.iso --command-line="{GRUB4DOS_COMMAND_LINE}"'


def iso():
    return payload.iso(payload.assemble("sector", 0x7C00, "ISO"))


# All of them, since each boot takes few seconds.
KERNELS, MACHINES, CPUS, MEMORY = ("6.1", "6.12", "7.x"), ("pc", "q35"), (1, 2), ("1G", "5G")
MATRIX = list(itertools.product(KERNELS, MACHINES, CPUS, MEMORY))


def start_grub4dos(grub, kernel, machine, cpus, memory):
    return payload.start({"grub.exe": grub, "image.iso": iso()}, f"cd /boot && {GRUB4DOS_LOAD}",
                         name=kernel, machine=machine, cpus=cpus, memory=memory)


@pytest.mark.parametrize("kernel, machine, cpus, memory", MATRIX)
def test_grub4dos_stand_in(kernel, machine, cpus, memory):
    with start_grub4dos(payload.assemble("dos", 0), kernel, machine, cpus, memory) as guest:
        start = guest.wait_console("stand-in for grub.exe: ", guest.said)
        end = guest.wait_console("boot sector runs, drive ff, clock ticks, reads nothing!", start)
        assert guest.text["console"][start:end].split("#")[0] == GRUB4DOS_COMMAND_LINE


GRUB4DOS = os.environ.get("KEXEC_TEST_GRUB4DOS")
NO_GRUB4DOS = pytest.param(*[None] * 4, id="anywhere", marks=pytest.mark.skip(
    reason="KEXEC_TEST_GRUB4DOS does not name a grub.exe"))


@pytest.mark.parametrize("kernel, machine, cpus, memory", MATRIX if GRUB4DOS else [NO_GRUB4DOS])
def test_grub4dos(kernel, machine, cpus, memory):
    with start_grub4dos(Path(GRUB4DOS), kernel, machine, cpus, memory) as guest:
        guest.wait_console("clock ticks, reads CD001!", guest.said)


def test_memdisk_iso():
    memdisk = payload.package_file("bookworm", "syslinux-common", "syslinux/memdisk")
    with payload.start({"memdisk": memdisk, "image.iso": iso()},
                       "kexec --load /boot/memdisk --initrd=/boot/image.iso --append=iso") as guest:
        guest.wait_console("clock ticks, reads CD001!", guest.said)


def test_memdisk_floppy():
    memdisk = payload.package_file("bookworm", "syslinux-common", "syslinux/memdisk")
    image = payload.floppy(payload.assemble("sector"))
    with payload.start({"memdisk": memdisk, "image": image},
                       "kexec --load /boot/memdisk --initrd=/boot/image --append=floppy") as guest:
        guest.wait_console("boot sector runs, drive 00, clock ticks, reads FLOPP!", guest.said)


@pytest.mark.parametrize("suite, path", [
    ("bookworm", "boot/ipxe.lkrn"), ("trixie", "ipxe.lkrn"), ("sid", "ipxe.lkrn")])
def test_ipxe(suite, path):
    """It runs the script that is its initrd."""
    script = b"#!ipxe\necho script says ${net0/mac:hexraw} and more\nshell\n"
    ipxe = payload.package_file(suite, "ipxe", path)
    with payload.start({"ipxe.lkrn": ipxe, "script": script},
                       "kexec --load /boot/ipxe.lkrn --initrd=/boot/script") as guest:
        payload.wait_screen(guest, "script says  and more")
        payload.wait_screen(guest, "iPXE>")


def test_ipxe_iso_through_memdisk():
    memdisk = payload.package_file("bookworm", "syslinux-common", "syslinux/memdisk")
    ipxe = payload.package_file("bookworm", "ipxe", "ipxe/ipxe.iso")
    with payload.start({"memdisk": memdisk, "ipxe.iso": ipxe},
                       "kexec --load /boot/memdisk --initrd=/boot/ipxe.iso --append=iso") as guest:
        payload.wait_screen(guest, "iPXE initialising devices...")


@pytest.mark.parametrize("suite, name", [
    ("bullseye", "boot/memtest86+.bin"),
    *((suite, f"boot/memtest86+{bits}.bin")
      for suite in ("bookworm", "trixie") for bits in ("ia32", "x64")),
    ("sid", "boot/mt86+ia32"), ("sid", "boot/mt86+x64"),
])
def test_memtest(suite, name):
    image = payload.package_file(suite, "memtest86+", name)
    with payload.start({"memtest": image}, "kexec --load /boot/memtest",
                       cpu=payload.SMALL_CACHE) as guest:
        payload.wait_screen(guest, "Memtest86")
        payload.wait_screen(guest, "Pass")


def test_grub_core():
    """GRUB behind its Linux header. Its `sleep` counts by the TSC, not by the BIOS's clock."""
    head = payload.package_file("bookworm", "grub-pc-bin", "i386-pc/lnxboot.img").read_bytes()
    core = payload.grub_core(
        ["biosdisk", "echo", "ls", "sleep", "serial", "terminal"],
        "serial --unit=0\nterminal_output serial\nls\nsleep 1\necho core image runs\n")
    with payload.start({"core": head + core}, "kexec --load /boot/core") as guest:
        guest.wait_console("core image runs", guest.said)


@pytest.mark.parametrize("option", ["", "--entry-32bit", "--real-mode"])
def test_i386_kernel(option):
    image, _ = assets.debian_installer("i386")
    initrd = archive({"/init": payload.program32("init32")})
    with payload.start({"linux": image, "initrd": initrd},
                       f"kexec {option} --load /boot/linux --initrd=/boot/initrd "
                       "--command-line=console=ttyS0") as guest:
        guest.wait_console("-686 (", guest.said)
        guest.wait_console("@@i386 init runs", guest.said)


@pytest.mark.parametrize("name, machine, memory", [
    ("5.10", "pc", "1G"), ("6.1", "q35", "5G"), ("7.x", "pc", "1G")])
@pytest.mark.parametrize("option", ["--entry-32bit", "--real-mode"])
def test_64_bit_kernel_by_another_entry(name, option, machine, memory):
    kernel, second = assets.kernel(name), Initrd("second")
    with jump.boot("6.1", jump.carried(kernel, second), machine=machine, memory=memory) as guest:
        before = guest.facts("cmdline")
        guest.ok(f"kexec {option} --load /boot/vmlinuz-{kernel.release} --reuse-cmdline "
                 f"--initrd=/boot/initrd.img-{kernel.release}")
        guest.jump("second")
        after = guest.facts("release", "cmdline", "random")
    assert after["release"] == kernel.release
    assert after["cmdline"] == jump.reused(before["cmdline"])
    assert after["random"] == random_hash(second.random)


def test_text_mode_comes_back():
    """The display shows pixels while Linux runs; a floppy's boot sector prints by the BIOS."""
    memdisk = payload.package_file("bookworm", "syslinux-common", "syslinux/memdisk")
    image = payload.floppy(payload.assemble("sector"))
    with payload.start({"memdisk": memdisk, "image": image},
                       "grep VESA /proc/fb && "
                       "kexec --load /boot/memdisk --initrd=/boot/image --append=floppy",
                       name="6.1-standard", cmdline=f"{jump.CMDLINE} vga=0x317") as guest:
        guest.wait_console("reads FLOPP!", guest.said)
        assert payload.resolution(guest) == (720, 400)
        payload.wait_screen(guest, "reads FLOPP!")
