# SPDX-License-Identifier: GPL-2.0-or-later
"""After a boot by UEFI: what does without a BIOS runs, and what does not is refused by that reason."""

import pytest

from lab import assets, jump, payload, vmlinux
from lab.initrd import Initrd, archive, random_hash

MEMDISK = ("bookworm", "syslinux-common", "syslinux/memdisk")


@pytest.mark.parametrize("suite, name", [
    *((suite, f"boot/memtest86+{bits}.bin")
      for suite in ("bookworm", "trixie") for bits in ("ia32", "x64")),
    ("sid", "boot/mt86+ia32"), ("sid", "boot/mt86+x64"),
])
def test_memtest(suite, name):
    """On the serial port, since its screen is pixels here. ACPI's tables it finds by boot_params."""
    image = payload.package_file(suite, "memtest86+", name)
    with payload.start({"memtest": image}, "kexec -l /boot/memtest --append=console=ttyS0,115200",
                       firmware="ovmf", cpu=payload.SMALL_CACHE) as guest:
        at = guest.wait_console("Memtest86+ v", guest.said)
        guest.wait_console("[Address test", at)


def test_i386_kernel():
    image, _ = assets.debian_installer("i386")
    initrd = archive({"/init": payload.program32("init32")})
    with payload.start({"linux": image, "initrd": initrd},
                       "kexec -l /boot/linux --initrd=/boot/initrd --append=console=ttyS0",
                       firmware="ovmf") as guest:
        guest.wait_console("-686 (", guest.said)
        guest.wait_console("@@i386 init runs", guest.said)


@pytest.mark.parametrize("name", ["5.10", "6.1", "7.x"])
@pytest.mark.parametrize("way", ["--entry-32bit", "vmlinux"])
def test_linux_by_another_way(way, name):
    """It knows of EFI afterwards."""
    kernel, second = assets.kernel(name), Initrd("second")
    option, image = way, kernel.image.read_bytes()
    if way == "vmlinux":
        option, image = "", vmlinux.extract(image)
    files = {"/boot/linux": image, "/boot/initrd": second.build("gzip")}
    with jump.boot("6.1", files, firmware="ovmf") as guest:
        before = guest.facts("acpi", "efi_runtime_map")
        guest.ok(f"kexec {option} -l /boot/linux --initrd=/boot/initrd --append=console=ttyS0")
        guest.jump("second")
        assert guest.facts("release", "random", *before) == {
            "release": kernel.release, "random": random_hash(second.random), **before}


def test_u_boot():
    with payload.start({"u-boot": payload.u_boot()}, "kexec -l --args-none /boot/u-boot",
                       firmware="ovmf") as guest:
        guest.wait_console("U-Boot 20", guest.said)


def needing_a_bios():
    core = payload.package_file("bookworm", "grub-pc-bin", "i386-pc/lnxboot.img").read_bytes()
    return {
        "memdisk": payload.package_file(*MEMDISK),
        "grub.exe": payload.assemble("dos", 0),
        "ipxe.lkrn": payload.package_file("bookworm", "ipxe", "boot/ipxe.lkrn"),
        "core": core + payload.grub_core(["echo"], "echo core image runs\n"),
        "memtest": payload.package_file("bullseye", "memtest86+", "boot/memtest86+.bin"),
    }


def test_what_needs_a_bios_is_refused():
    """And --force-real-mode insists; a payload that calls no BIOS gets as far as it can."""
    kernel, files = assets.kernel("6.1"), needing_a_bios()
    carried = {f"/boot/{name}": data for name, data in files.items()}
    with jump.boot("6.1", {**jump.carried(kernel), **carried}, firmware="ovmf") as guest:
        for command in (*files, f"vmlinuz-{kernel.release} --real-mode"):
            refused = guest.run(f"kexec -l /boot/{command}")
            assert refused.status
            assert "needs a BIOS" in refused.err and "booted by UEFI" in refused.err
            assert guest.ok("cat /sys/kernel/kexec_loaded") == "0\n"
        for name in files:
            guest.ok(f"kexec --force-real-mode -l /boot/{name}")
            assert guest.ok("cat /sys/kernel/kexec_loaded") == "1\n"
            guest.ok("kexec -u")
        guest.ok("kexec --force-real-mode -l /boot/grub.exe")
        guest.start("kexec -e")
        guest.wait_console("real mode is the wrong entry")
